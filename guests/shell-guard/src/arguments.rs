//! Splits a command's arguments into options and operands.

use crate::value::Field;

/// A command's arguments, split the way most commands do.
pub struct Arguments<'a> {
    /// Short options as one letter, long ones without dashes, with their values.
    options: Vec<(&'a str, Option<&'a str>)>,
    /// Everything else.
    pub operands: Vec<&'a Field>,
}

impl<'a> Arguments<'a> {
    /// Splits arguments; `valued` lists the short and long options that take a value.
    pub fn new(fields: &'a [Field], valued: &[&str]) -> Self {
        let mut arguments = Self { options: Vec::new(), operands: Vec::new() };
        let mut fields = fields.iter();
        while let Some(field) = fields.next() {
            let text = field.text.as_str();
            if text == "--" {
                arguments.operands.extend(fields.by_ref());
            } else if let Some(long) = text.strip_prefix("--") {
                match long.split_once('=') {
                    Some((name, value)) => arguments.options.push((name, Some(value))),
                    None => {
                        let value = valued.contains(&long).then(|| fields.next()).flatten();
                        arguments.options.push((long, value.map(|field| field.text.as_str())));
                    }
                }
            } else if text.len() > 1 && text.starts_with('-') {
                let mut letters = text.char_indices().skip(1);
                for (index, letter) in letters.by_ref() {
                    let end = index + letter.len_utf8();
                    let name = &text[index..end];
                    if valued.contains(&name) {
                        let attached = Some(&text[end..]).filter(|rest| !rest.is_empty());
                        let value = attached.or_else(|| fields.next().map(|field| field.text.as_str()));
                        arguments.options.push((name, value));
                        break;
                    }
                    arguments.options.push((name, None));
                }
            } else {
                arguments.operands.push(field);
            }
        }
        arguments
    }

    /// Whether any of the options is present.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(name))
    }

    /// The values of one option under all its names.
    pub fn values(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(name, _)| names.contains(name)).filter_map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_operands_are_told_apart() {
        let fields: Vec<_> =
            ["-rf", "a", "-ovalue", "-o", "other", "--long=x", "--name", "y", "-", "--", "-z"].map(Field::plain).into();
        let arguments = Arguments::new(&fields, &["o", "name"]);
        assert!(arguments.has(&["r"]) && arguments.has(&["f"]) && !arguments.has(&["z"]));
        assert_eq!(arguments.values(&["o"]).collect::<Vec<_>>(), ["value", "other"]);
        assert_eq!(arguments.values(&["long", "name"]).collect::<Vec<_>>(), ["x", "y"]);
        let operands: Vec<_> = arguments.operands.iter().map(|field| field.text.as_str()).collect();
        assert_eq!(operands, ["a", "-", "-z"]);
    }
}
