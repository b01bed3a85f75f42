//! The operator's configuration as written.

use serde::Deserialize;
use weir_sdk::pointer;

/// The configuration; every key may be absent.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Pointers to values that are logged.
    pub fields: Vec<String>,
    /// How many characters of a value are logged.
    pub max_length: usize,
    /// Up to which size of the payload its field names are logged.
    pub field_names_up_to: u32,
    /// The level of the lines.
    pub level: Verbosity,
}

/// A log level as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verbosity {
    /// Of interest to somebody who debugs.
    Debug,
    /// Of interest to somebody who watches.
    #[default]
    Info,
    /// Something to look at.
    Warn,
}

impl Settings {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// What would have been right.
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
        // Reading field names copies the payload into the policy, so it stops where that costs more than it tells.
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
