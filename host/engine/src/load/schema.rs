//! Validates the declared config schema, and the operator's configuration against it.
//!
//! Nothing is fetched: a schema that refers to another document is refused.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Maximum number of violations listed.
const MAX_LISTED: usize = 20;

/// Maximum characters of one violation in a claim, since it repeats the value.
const MAX_TOLD: usize = 500;

/// Maximum parts of a schema in a claim, and maximum depth.
const MAX_PARTS: usize = 5_000;
const MAX_DEPTH: usize = 200;

/// Limit on schema parts times value parts, which bounds the cost of a check: a few seconds at most.
const MAX_WORK: usize = 20_000_000;

/// Maximum size of a compiled pattern in a claim, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// Whether the declared text is a valid JSON Schema.
pub fn check_schema(schema: Option<&str>) -> Result<(), String> {
    schema.map_or(Ok(()), |schema| compile(schema).map(drop))
}

/// Whether the configuration is JSON and matches the schema. Reports all violations at once.
pub fn check(schema: Option<&str>, config: &str) -> Result<(), Vec<String>> {
    let config: Value = serde_json::from_str(config).map_err(|error| vec![format!("config is not JSON: {error}")])?;
    let Some(schema) = schema else { return Ok(()) };
    let validator = compile(schema).map_err(|cause| vec![cause])?;
    let causes: Vec<String> = validator
        .iter_errors(&config)
        .take(MAX_LISTED)
        .map(|error| format!("config{}: {}", error.instance_path().as_str(), reason(&error)))
        .collect();
    if causes.is_empty() { Ok(()) } else { Err(causes) }
}

/// What is wrong with a configured value. Only unknown key names are repeated, to show typos. Other values may be
/// secret or very long, and the path is enough to find them.
fn reason(error: &ValidationError<'_>) -> String {
    const LONGEST: usize = 64;
    let is_word = matches!(error.kind(), ValidationErrorKind::Enum { .. } | ValidationErrorKind::Pattern { .. })
        && error.instance().as_str().is_some_and(|text| text.len() <= LONGEST);
    if is_word { error.to_string() } else { error.masked_with("the value").to_string() }
}

/// Where a value does not fit a JSON Schema, or why the schema is none. For claims of others, so both are hostile:
/// nothing is fetched, only the first places are told, and what the work could grow to is known before it begins.
pub fn violations(schema: &str, value: &str) -> Result<Vec<String>, String> {
    let parsed = |text| serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"));
    let (schema, value): (Value, Value) = (parsed(schema)?, parsed(value)?);
    if !(schema.is_object() || schema.is_boolean()) {
        return Err("it must be an object or a boolean".to_owned());
    }
    let mut parts = 0;
    unfold(&schema, &schema, 0, &mut parts)?;
    if parts.saturating_mul(size(&value)) > MAX_WORK {
        return Err("it is too large for the value that it is about".to_owned());
    }
    // Matching time is linear in the text.
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex().size_limit(MAX_REGEX));
    let validator = options.build(&schema).map_err(|error| error.to_string())?;
    Ok(validator
        .iter_errors(&value)
        .take(MAX_LISTED)
        .map(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            path => format!("{path}: {error}"),
        })
        .map(|text| if text.len() > MAX_TOLD { text.chars().take(MAX_TOLD).chain(['…']).collect() } else { text })
        .collect())
}

/// Counts the parts of a schema with every reference expanded. Otherwise recursive or nested references could make a
/// short schema very expensive or endless.
fn unfold(root: &Value, part: &Value, depth: usize, parts: &mut usize) -> Result<(), String> {
    *parts += 1;
    if *parts > MAX_PARTS || depth > MAX_DEPTH {
        return Err(format!("it has more than {MAX_PARTS} parts with its references written out, or refers to itself"));
    }
    if let Some(items) = part.as_array() {
        return items.iter().try_for_each(|item| unfold(root, item, depth + 1, parts));
    }
    for (name, member) in part.as_object().into_iter().flatten() {
        match (name.as_str(), member.as_str()) {
            ("$ref", Some(target)) => {
                let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                let target = target.ok_or("its $ref must be a pointer into itself, such as #/$defs/name")?;
                unfold(root, target, depth + 1, parts)?;
            }
            ("$dynamicRef" | "$recursiveRef", _) => return Err(format!("{name} is not used here; use $ref")),
            // Below it, references would count from there.
            ("$id" | "id", Some(_)) if depth > 0 && (name == "$id" || root.get("$schema").is_some()) => {
                return Err(format!("{name} is not used here but at the top"));
            }
            _ => unfold(root, member, depth + 1, parts)?,
        }
    }
    Ok(())
}

/// The number of values inside a value, and the amount of text.
fn size(value: &Value) -> usize {
    let text = |text: &str| text.len() / 64;
    let members = value.as_object().into_iter().flatten().map(|(name, member)| text(name) + size(member));
    let items = value.as_array().into_iter().flatten().map(size);
    1 + value.as_str().map_or(0, text) + members.chain(items).sum::<usize>()
}

fn compile(schema: &str) -> Result<jsonschema::Validator, String> {
    let schema: Value =
        serde_json::from_str(schema).map_err(|error| format!("its configSchema is not JSON: {error}"))?;
    if !(schema.is_object() || schema.is_boolean()) {
        return Err("its configSchema is not a JSON Schema: it must be an object or a boolean".into());
    }
    jsonschema::validator_for(&schema).map_err(|error| format!("its configSchema is not a JSON Schema: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_come_together_with_their_paths() {
        let schema = r#"{"type":"object","properties":{"n":{"type":"integer"},"m":{"enum":["a"]}},"additionalProperties":false}"#;
        assert_eq!(check(Some(schema), r#"{"n":1}"#), Ok(()));
        let causes = check(Some(schema), r#"{"n":"x","m":"b","z":1}"#).unwrap_err();
        assert_eq!(causes.len(), 3, "{causes:?}");
        assert!(causes.iter().any(|cause| cause.starts_with("config/n: ")), "{causes:?}");
        assert!(check(None, "{").is_err());
        for (config, cause) in [
            (r#"{"n":"hunter2"}"#, r#"config/n: the value is not of type "integer""#),
            (r#"{"m":"b"}"#, r#"config/m: "b" is not one of "a""#),
            (r#"{"m":["hunter2"]}"#, r#"config/m: the value is not one of "a""#),
            (r#"["hunter2"]"#, r#"config: the value is not of type "object""#),
        ] {
            assert_eq!(check(Some(schema), config), Err(vec![cause.to_owned()]));
        }
    }

    #[test]
    fn claims_are_held_against_their_schema() {
        let schema = r#"{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}"#;
        assert_eq!(violations(schema, r#"{"a":1}"#), Ok(Vec::new()));
        assert!(violations(schema, r#"{"a":"x"}"#).unwrap()[0].starts_with("/a: "));
        assert_eq!(violations("false", "1").unwrap().len(), 1);
        for schema in ["7", "[]", "null", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(violations(schema, "1").is_err(), "{schema}");
        }
    }

    #[test]
    fn a_hostile_schema_is_refused_before_it_works() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let mut doubling = json(r##"{"$ref":"#/$defs/d0","$defs":{"d40":{"type":"string"}}}"##);
        for level in 0..40 {
            let next = format!("#/$defs/d{}", level + 1);
            doubling["$defs"][format!("d{level}")] = serde_json::json!({"allOf": [{"$ref": next}, {"$ref": next}]});
        }
        let nested = (0..90).fold(json("[]"), |inner, _| Value::Array(vec![inner]));
        for (schema, value) in [
            (json(r##"{"$ref":"#"}"##), json("1")),
            (json(r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##), json("1")),
            (json(r##"{"items":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}"##), nested),
            (json(r##"{"$dynamicRef":"#x"}"##), json("1")),
            (json(r#"{"pattern":"(?=a)(a+)+$"}"#), json(r#""a""#)),
            (json(r#"{"pattern":"((a{1000}){1000}){1000}"}"#), json(r#""a""#)),
            (doubling, json("1")),
            (serde_json::json!({"items": {"enum": vec![1; 4000]}}), serde_json::json!(vec![2; 10_000])),
        ] {
            let schema = schema.to_string();
            assert!(violations(&schema, &value.to_string()).is_err(), "{schema:.200}");
        }
        // What is said does not repeat the whole of a value.
        let long = format!("\"{}\"", "a".repeat(100_000));
        assert!(violations(r#"{"pattern":"^(a+)+b$"}"#, &long).unwrap()[0].len() < 2500);
        let usual =
            r##"{"$defs":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/n"},"b":{"$ref":"#/$defs/n"}}}"##;
        assert_eq!(violations(usual, r#"{"a":1,"b":2}"#), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for schema in ["not json", "[]", "7", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(check_schema(Some(schema)).is_err(), "{schema}");
        }
        assert!(check_schema(None).is_ok() && check_schema(Some("{}")).is_ok());
    }
}
