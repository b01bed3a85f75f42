//! Parsing the operator's configuration.
//!
//! Derive `Deserialize` with `#[serde(default, deny_unknown_fields, rename_all = "snake_case")]` on the configuration,
//! so that a typo is an error that lists the valid names.

use serde::de::DeserializeOwned;

/// Parses the configuration; an empty one counts as `{}`.
///
/// # Errors
/// What is invalid and where, for the operator.
pub fn parse<T: DeserializeOwned>(config: &str) -> Result<T, String> {
    let text = if config.trim().is_empty() { "{}" } else { config };
    serde_json::from_str(text).map_err(|error| format!("invalid configuration: {error}"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Sample {
        limit: u32,
    }

    #[test]
    fn empty_is_the_default_and_slips_are_named() {
        assert_eq!(parse::<Sample>(" "), Ok(Sample::default()));
        assert_eq!(parse::<Sample>(r#"{"limit":3}"#), Ok(Sample { limit: 3 }));
        let error = parse::<Sample>(r#"{"limits":3}"#).unwrap_err();
        assert!(error.contains("unknown field `limits`, expected `limit`"), "{error}");
    }
}
