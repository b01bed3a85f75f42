//! The declared config schema and the operator's configuration against it.
//!
//! Nothing is fetched: a schema that refers to another document is refused.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Most violations that are listed.
const MAX_LISTED: usize = 20;

/// Whether the declared text is a JSON Schema.
pub fn check_schema(schema: Option<&str>) -> Result<(), String> {
    schema.map_or(Ok(()), |schema| compile(schema).map(drop))
}

/// Whether the configuration is JSON and fits the schema. All violations come together.
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

/// What is wrong with a configured value. Words that are not known are repeated, so that a slip is seen; any other value
/// may be a secret or the whole configuration, and its place is enough to find it.
fn reason(error: &ValidationError<'_>) -> String {
    const LONGEST: usize = 64;
    let is_word = matches!(error.kind(), ValidationErrorKind::Enum { .. } | ValidationErrorKind::Pattern { .. })
        && error.instance().as_str().is_some_and(|text| text.len() <= LONGEST);
    if is_word { error.to_string() } else { error.masked_with("the value").to_string() }
}

/// Where a value does not fit a JSON Schema, or why the schema is none. For claims of others, so both are hostile:
/// nothing is fetched, and only the first places are told.
pub fn violations(schema: &Value, value: &Value) -> Result<Vec<String>, String> {
    if !(schema.is_object() || schema.is_boolean()) {
        return Err("it must be an object or a boolean".to_owned());
    }
    let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string())?;
    Ok(validator
        .iter_errors(value)
        .take(MAX_LISTED)
        .map(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            path => format!("{path}: {error}"),
        })
        .collect())
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
        let json = |text| serde_json::from_str::<Value>(text).unwrap();
        let schema = json(r#"{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}"#);
        assert_eq!(violations(&schema, &json(r#"{"a":1}"#)), Ok(Vec::new()));
        assert!(violations(&schema, &json(r#"{"a":"x"}"#)).unwrap()[0].starts_with("/a: "));
        assert_eq!(violations(&json("false"), &json("1")).unwrap().len(), 1);
        for schema in ["7", "[]", "null", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(violations(&json(schema), &json("1")).is_err(), "{schema}");
        }
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for schema in ["not json", "[]", "7", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(check_schema(Some(schema)).is_err(), "{schema}");
        }
        assert!(check_schema(None).is_ok() && check_schema(Some("{}")).is_ok());
    }
}
