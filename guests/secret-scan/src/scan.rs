//! From a payload to findings.

use weir_detect::{Allow, Detectors, Format};
use weir_sdk::walk::{Item, Kind, Malformed, Walk};
use weir_sdk::{Finding, Severity, outcome, pointer};

use crate::settings::Settings;

/// Maximum findings; more help nobody, and the payload is invalid anyway.
const MOST_FINDINGS: usize = 100;

/// The configured policy.
#[derive(Debug)]
pub struct Scanner {
    detectors: Detectors,
    allow: Allow,
    exclude: Vec<String>,
    severity: Severity,
}

impl Scanner {
    /// Validates a configuration.
    ///
    /// # Errors
    /// An excluded path is not a pointer.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let Settings { formats, high_entropy, allow, exclude, severity } = settings;
        for place in &exclude {
            pointer::check(place).map_err(|error| format!("exclude: {error}"))?;
        }
        Ok(Self { detectors: Detectors::new(&formats, high_entropy), allow, exclude, severity: severity.into() })
    }

    /// One finding per secret in a payload.
    ///
    /// # Errors
    /// The payload is not JSON.
    pub fn scan(&self, json: &str) -> Result<Vec<Finding>, Malformed> {
        let mut findings = Vec::new();
        let mut walk = Walk::new(json);
        while let Some(item) = walk.advance()? {
            let text = item.text();
            self.detectors.find_named(item.key().as_deref(), &text, |found| {
                if findings.len() < MOST_FINDINGS && !self.allow.covers(&text[found.range]) && !self.is_excluded(&item)
                {
                    findings.push(self.finding(&item, found.format));
                }
            });
            if findings.len() >= MOST_FINDINGS {
                break;
            }
        }
        Ok(findings)
    }

    fn is_excluded(&self, item: &Item<'_, '_>) -> bool {
        !self.exclude.is_empty() && {
            let path = item.pointer();
            self.exclude.iter().any(|place| pointer::is_within(&path, place))
        }
    }

    fn finding(&self, item: &Item<'_, '_>, format: Format) -> Finding {
        let path = item.pointer_until(|key| self.detectors.any(key));
        let place = if item.kind() == Kind::Key { "the name of a member" } else { "the text" };
        let message = format!("{place} contains a secret of the format {}", format.name());
        outcome::finding(Some(path), message, self.severity)
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::config;

    use super::*;

    const TOKEN: &str = concat!("gh", "p_0123456789abcdefghijABCDEFGHIJ012345");

    fn scan(settings: &str, json: &str) -> Vec<(String, String)> {
        let scanner = Scanner::new(config::parse(settings).unwrap()).unwrap();
        let findings = scanner.scan(&json.replace("TOKEN", TOKEN)).unwrap();
        findings.into_iter().map(|finding| (finding.path.unwrap(), finding.message)).collect()
    }

    #[test]
    fn every_match_is_a_finding() {
        let found =
            scan("{}", r#"{"a":["TOKEN and TOKEN"],"b":{"c/d":"\u0067hp_0123456789abcdefghijABCDEFGHIJ012345"}}"#);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/a/0", "/a/0", "/b/c~1d"]);
        assert!(found.iter().all(|(_, message)| message.ends_with("github_pat")));
    }

    #[test]
    fn nothing_repeats_the_secret() {
        let found = scan("{}", r#"{"a":{"TOKEN":{"b":"TOKEN"}}}"#);
        assert_eq!(found.len(), 2);
        for (path, message) in found {
            assert_eq!(path, "/a");
            assert!(!message.contains("0123"), "{message}");
        }
    }

    #[test]
    fn findings_are_capped() {
        assert_eq!(scan("{}", &format!("[\"{}\"]", "TOKEN ".repeat(1000))).len(), MOST_FINDINGS);
    }

    #[test]
    fn settings_are_heeded() {
        assert_eq!(scan(r#"{"formats":["stripe_key"]}"#, r#"["TOKEN"]"#), []);
        assert_eq!(scan(&format!(r#"{{"allow":["{TOKEN}"]}}"#), r#"["TOKEN"]"#), []);
        assert_eq!(scan(r#"{"exclude":["/headers"]}"#, r#"{"headers":{"a":"TOKEN"},"headers2":"TOKEN"}"#).len(), 1);
        assert!(Scanner::new(config::parse(r#"{"exclude":["headers"]}"#).unwrap()).is_err());
        assert!(config::parse::<Settings>(r#"{"format":[]}"#).is_err());
    }
}
