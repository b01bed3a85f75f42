//! The operator's configuration as written.

use serde::Deserialize;
use weir_sdk::pointer;

/// The configuration; every key is optional.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Pointers to the values to log.
    pub fields: Vec<String>,
    /// Maximum characters of a logged value.
    pub max_length: usize,
    /// Maximum payload size for which field names are logged.
    pub field_names_up_to: u32,
    /// The level of the lines.
    pub level: Verbosity,
}

/// A log level as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verbosity {
    /// For debugging.
    Debug,
    /// For monitoring.
    #[default]
    Info,
    /// Needs attention.
    Warn,
}

impl Settings {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// What would be valid.
    pub fn check(&self) -> Result<(), String> {
        for field in &self.fields {
            pointer::check(field).map_err(|error| format!("fields: {error}"))?;
            if field.is_empty() {
                return Err(
                    "fields: the empty pointer is the whole payload, which is never logged; name fields".to_owned()
                );
            }
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Self {
        // Reading field names copies the payload into the policy, so it is skipped where that costs too much.
        Self { fields: Vec::new(), max_length: 120, field_names_up_to: 16 * 1024, level: Verbosity::default() }
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::config;

    use super::*;

    #[test]
    fn settings_are_checked() {
        let check = |text: &str| config::parse::<Settings>(text).and_then(|settings| settings.check());
        assert_eq!(check(r#"{"fields":["/arguments/path"],"max_length":10,"level":"debug"}"#), Ok(()));
        assert!(check(r#"{"fields":[""]}"#).unwrap_err().contains("whole payload"));
        assert!(check(r#"{"fields":["path"]}"#).unwrap_err().contains("start with `/`"));
        assert!(check(r#"{"field":[]}"#).unwrap_err().contains("unknown field"));
    }
}
