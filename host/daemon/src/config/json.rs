//! A policy's configuration, written in TOML, handed over as JSON.
//!
//! Dates become strings. Numbers keep their value; what JSON has no number for is refused.

use serde::ser::Error;
use serde::{Serialize, Serializer};
use toml::de::DeValue;

/// The same value in JSON.
pub fn from_toml(value: &DeValue<'_>) -> Result<String, String> {
    serde_json::to_string(&Json(value)).map_err(|error| error.to_string())
}

/// A value of TOML that is written as JSON.
struct Json<'v>(&'v DeValue<'v>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            DeValue::String(text) => serializer.serialize_str(text),
            DeValue::Boolean(boolean) => serializer.serialize_bool(*boolean),
            DeValue::Datetime(date) => serializer.collect_str(date),
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(number) => serializer.serialize_i128(number),
                Err(_) => Err(S::Error::custom(format!("{integer} is too large a number"))),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>().ok().filter(|number| number.is_finite()) {
                Some(number) => serializer.serialize_f64(number),
                None => Err(S::Error::custom(format!("{float} is no number in JSON; give a finite one"))),
            },
            DeValue::Array(array) => serializer.collect_seq(array.iter().map(|item| Json(item.get_ref()))),
            DeValue::Table(table) => {
                serializer.collect_map(table.iter().map(|(key, item)| (key.get_ref(), Json(item.get_ref()))))
            }
        }
    }
}
