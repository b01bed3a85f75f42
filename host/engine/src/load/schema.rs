//! The declared config schema and the operator's configuration against it.
//!
//! Nothing is fetched: a schema that refers to another document is refused.

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
        .map(|error| match error.instance_path().as_str() {
            "" => format!("config: {error}"),
            path => format!("config{path}: {error}"),
        })
        .collect();
    if causes.is_empty() { Ok(()) } else { Err(causes) }
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
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for schema in ["not json", "[]", "7", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(check_schema(Some(schema)).is_err(), "{schema}");
        }
        assert!(check_schema(None).is_ok() && check_schema(Some("{}")).is_ok());
    }
}
