//! A policy's configuration, written in TOML, handed over as JSON.
//!
//! Dates become strings. Numbers keep their value; what JSON has no number for is refused.

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

/// The same value in JSON.
pub fn from_toml(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Integer(integer) => {
            let number = i128::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .and_then(Number::from_i128)
                .ok_or_else(|| format!("{integer} is too large a number"))?;
            Value::Number(number)
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse::<f64>().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(|| format!("{float} is no number in JSON; give a finite one"))?)
        }
        DeValue::Array(array) => {
            Value::Array(array.iter().map(|item| from_toml(item.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let members = table.iter().map(|(key, item)| Ok((key.get_ref().to_string(), from_toml(item.get_ref())?)));
            Value::Object(members.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    #[test]
    fn every_type_has_its_json() {
        let text = "a = 1979-05-27T07:32:00Z\nb = 0x10\nc = 1.5\nd = [true, \"x\"]\ne.f = -3\n";
        let document = DeTable::parse(text).unwrap();
        let values: Vec<String> =
            document.get_ref().values().map(|value| super::from_toml(value.get_ref()).unwrap().to_string()).collect();
        assert_eq!(values, ["\"1979-05-27T07:32:00Z\"", "16", "1.5", "[true,\"x\"]", "{\"f\":-3}"]);
        let infinite = DeTable::parse("x = inf").unwrap();
        assert!(super::from_toml(infinite.get_ref()["x"].get_ref()).unwrap_err().contains("finite"));
    }
}
