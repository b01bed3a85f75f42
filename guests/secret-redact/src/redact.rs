//! From a payload to its redacted form.

use weir_detect::{Allow, Detectors, Format};
use weir_sdk::json::Object;
use weir_sdk::rewrite::rewrite;
use weir_sdk::walk::{Item, Malformed, Walk};
use weir_sdk::{Change, pointer};

use crate::settings::Settings;

/// The configured policy.
#[derive(Debug)]
pub struct Redactor {
    detectors: Detectors,
    allow: Allow,
    exclude: Vec<String>,
    placeholder: String,
}

/// How many secrets of each format were redacted, in order of first appearance.
#[derive(Debug, Default)]
struct Counts(Vec<(Format, i64)>);

impl Redactor {
    /// Validates a configuration.
    ///
    /// # Errors
    /// An excluded path is not a pointer, or the placeholder would itself be redacted.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let Settings { formats, high_entropy, allow, exclude, placeholder } = settings;
        for place in &exclude {
            pointer::check(place).map_err(|error| format!("exclude: {error}"))?;
        }
        let detectors = Detectors::new(&formats, high_entropy);
        for format in Format::ALL.into_iter().chain([Format::HighEntropy]) {
            let placeholder = written(&placeholder, format);
            if detectors.any(&placeholder) {
                return Err(format!("placeholder: `{placeholder}` looks like a secret itself; choose plainer words"));
            }
        }
        Ok(Self { detectors, allow, exclude, placeholder })
    }

    /// The change to a payload, and facts for the record if something was redacted.
    ///
    /// # Errors
    /// The payload is not JSON.
    pub fn redact(&self, json: &str) -> Result<(Change, Option<String>), Malformed> {
        let mut counts = Counts::default();
        let change = rewrite(Walk::new(json), |item| self.redacted(item, &mut counts))?;
        Ok((change, counts.info()))
    }

    fn redacted(&self, item: &Item<'_, '_>, counts: &mut Counts) -> Option<String> {
        let text = item.text();
        let mut output = String::new();
        let mut written_to = 0;
        self.detectors.find_named(item.key().as_deref(), &text, |found| {
            if !self.allow.covers(&text[found.range.clone()]) && !self.is_excluded(item) {
                output.push_str(&text[written_to..found.range.start]);
                output.push_str(&written(&self.placeholder, found.format));
                written_to = found.range.end;
                counts.add(found.format);
            }
        });
        (written_to > 0).then(|| output + &text[written_to..])
    }

    fn is_excluded(&self, item: &Item<'_, '_>) -> bool {
        !self.exclude.is_empty() && {
            let path = item.pointer();
            self.exclude.iter().any(|place| pointer::is_within(&path, place))
        }
    }
}

impl Counts {
    fn add(&mut self, format: Format) {
        match self.0.iter_mut().find(|(known, _)| *known == format) {
            Some((_, count)) => *count += 1,
            None => self.0.push((format, 1)),
        }
    }

    fn info(&self) -> Option<String> {
        let add = |object: Object, (format, count): &(Format, i64)| object.number(format.name(), *count);
        let counts = || self.0.iter().fold(Object::new(), add).finish();
        (!self.0.is_empty()).then(|| Object::new().raw("redacted", &counts()).finish())
    }
}

fn written(placeholder: &str, format: Format) -> String {
    placeholder.replace("{format}", format.name())
}

#[cfg(test)]
mod tests {
    use weir_sdk::config;

    use super::*;

    const TOKEN: &str = concat!("gh", "p_0123456789abcdefghijABCDEFGHIJ012345");

    fn redact(settings: &str, json: &str) -> (Change, Option<String>) {
        let redactor = Redactor::new(config::parse(settings).unwrap()).unwrap();
        redactor.redact(&json.replace("TOKEN", TOKEN)).unwrap()
    }

    #[test]
    fn matches_become_placeholders() {
        let (change, info) = redact("{}", r#"{"a":"x TOKEN y TOKEN","b":["AKIAABCDEFGHIJKLMNOP"],"c":1}"#);
        let Change::Edits(edits) = change else { panic!("edits") };
        assert_eq!(edits[0].value.as_deref(), Some(r#""x [REDACTED:github_pat] y [REDACTED:github_pat]""#));
        assert_eq!((edits[1].pointer.as_str(), edits.len()), ("/b/0", 2));
        assert_eq!(info.as_deref(), Some(r#"{"redacted":{"github_pat":2,"aws_access_key":1}}"#));
    }

    #[test]
    fn nothing_found_is_unmodified() {
        let (change, info) = redact("{}", r#"{"a":"x","b":["ghp_"]}"#);
        assert!(matches!(change, Change::Unmodified) && info.is_none());
    }

    #[test]
    fn members_are_renamed() {
        let (Change::Replace(json), _) = redact("{}", r#"{"TOKEN":{"a":"TOKEN"},"TOKEN!":1}"#) else {
            panic!("a replacement")
        };
        assert_eq!(json, r#"{"[REDACTED:github_pat]":{"a":"[REDACTED:github_pat]"},"[REDACTED:github_pat]!":1}"#);
        assert!(matches!(redact("{}", &json).0, Change::Unmodified));
    }

    #[test]
    fn settings_are_heeded() {
        let (Change::Edits(edits), _) = redact(r#"{"placeholder":"<{format}>"}"#, r#"["TOKEN"]"#) else {
            panic!("edits")
        };
        assert_eq!(edits[0].value.as_deref(), Some(r#""<github_pat>""#));
        let unmodified = |settings: &str| matches!(redact(settings, r#"{"a":"TOKEN"}"#).0, Change::Unmodified);
        assert!(
            unmodified(r#"{"formats":["jwt"]}"#)
                && unmodified(r#"{"exclude":["/a"]}"#)
                && unmodified(r#"{"exclude":[""]}"#)
        );
        assert!(unmodified(&format!(r#"{{"allow":["{}*"]}}"#, &TOKEN[..8])));
        let bad = format!(r#"{{"placeholder":"{TOKEN}"}}"#);
        assert!(Redactor::new(config::parse(&bad).unwrap()).unwrap_err().contains("looks like a secret"));
    }
}
