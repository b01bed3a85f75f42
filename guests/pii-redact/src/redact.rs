//! From a payload to its redacted form.

use weir_sdk::json::Object;
use weir_sdk::rewrite::rewrite;
use weir_sdk::walk::{Item, Malformed, Walk};
use weir_sdk::{Change, pointer};

use crate::find::find_named;
use crate::kind::{Kind, Kinds};
use crate::replacement::Replacement;
use crate::settings::Settings;

/// The configured policy.
#[derive(Debug)]
pub struct Redactor {
    kinds: Kinds,
    replacement: Replacement,
    exclude: Vec<String>,
    numbers: bool,
}

/// How often each kind was redacted.
#[derive(Debug, Default)]
struct Counts([i64; Kind::ALL.len()]);

impl Redactor {
    /// Validates a configuration.
    ///
    /// # Errors
    /// An excluded path is not a pointer, or the mode and the key do not go together.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let Settings { kinds, mode, hash_key, exclude, numbers } = settings;
        for place in &exclude {
            pointer::check(place).map_err(|error| format!("exclude: {error}"))?;
        }
        let replacement = Replacement::new(mode, hash_key.as_deref())?;
        Ok(Self { kinds: kinds.into_iter().collect(), replacement, exclude, numbers })
    }

    /// The change to a payload, and facts for the record if something was redacted.
    ///
    /// # Errors
    /// The payload is not JSON.
    pub fn redact(&self, json: &str) -> Result<(Change, Option<String>), Malformed> {
        let mut counts = Counts::default();
        let walk = if self.numbers { Walk::with_numbers(json) } else { Walk::new(json) };
        let change = rewrite(walk, |item| self.redacted(item, &mut counts))?;
        Ok((change, counts.info()))
    }

    fn redacted(&self, item: &Item<'_, '_>, counts: &mut Counts) -> Option<String> {
        let text = item.text();
        let mut output = String::new();
        let mut written_to = 0;
        find_named(item.key().as_deref(), &text, self.kinds, |found| {
            if !self.is_excluded(item) {
                output.push_str(&text[written_to..found.range.start]);
                output.push_str(&self.replacement.write(found.kind, &text[found.range.clone()]));
                written_to = found.range.end;
                counts.0[found.kind as usize] += 1;
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
    fn info(&self) -> Option<String> {
        let found = Kind::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0);
        let counts = found.fold(Object::new(), |object, (kind, count)| object.number(kind.name(), count)).finish();
        self.0.iter().any(|count| *count > 0).then(|| Object::new().raw("redacted", &counts).finish())
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::config;

    use super::*;

    fn redact(settings: &str, json: &str) -> (Change, Option<String>) {
        Redactor::new(config::parse(settings).unwrap()).unwrap().redact(json).unwrap()
    }

    fn first(settings: &str, json: &str) -> String {
        match redact(settings, json).0 {
            Change::Edits(edits) => edits[0].value.clone().unwrap(),
            Change::Replace(json) => json,
            Change::Unmodified => "unmodified".to_owned(),
        }
    }

    #[test]
    fn modes() {
        let json = r#"{"a":"to jane@example.com"}"#;
        assert_eq!(first("{}", json), r#""to [REDACTED:email]""#);
        assert_eq!(first(r#"{"mode":"mask"}"#, json), r#""to j***@example.com""#);
        let hashed = first(r#"{"mode":"hash","hash_key":"0123456789abcdef"}"#, json);
        assert!(hashed.starts_with(r#""to [email:"#), "{hashed}");
        assert_eq!(first(r#"{"mode":"mask"}"#, r#"{"a":"to j***@example.com"}"#), "unmodified");
    }

    #[test]
    fn places() {
        assert_eq!(first("{}", r#"{"jane@example.com":{"n":1.0}}"#), r#"{"[REDACTED:email]":{"n":1.0}}"#);
        assert_eq!(first(r#"{"exclude":["/a"]}"#, r#"{"a":{"b":"jane@example.com"}}"#), "unmodified");
        assert_eq!(first("{}", r#"{"a":4111111111111111}"#), "unmodified");
        assert_eq!(first(r#"{"numbers":true}"#, r#"{"a":4111111111111111}"#), r#""[REDACTED:card]""#);
        assert_eq!(first("{}", r#"{"phone":"4155552671"}"#), r#""[REDACTED:phone]""#);
    }

    #[test]
    fn counts_are_recorded() {
        let (_, info) = redact("{}", r#"["jane@example.com, joe@example.com", "4111111111111111"]"#);
        assert_eq!(info.as_deref(), Some(r#"{"redacted":{"email":2,"card":1}}"#));
    }
}
