//! The tables, with one migration per version, for either database.

use super::Dialect;

/// A released migration never changes.
const STEPS: &[&str] = &[include_str!("schema_1.sql")];

/// The latest known version.
pub(crate) const KNOWN: i64 = STEPS.len() as i64;

impl Dialect {
    /// The migrations from a version to the latest, each with its resulting version.
    pub(crate) fn steps_from(self, version: i64) -> impl Iterator<Item = (i64, String)> {
        let all = (1..).zip(STEPS).skip(usize::try_from(version).unwrap_or_default());
        all.map(move |(version, step)| {
            let step =
                step.replace("{number}", self.number).replace("{place}", self.place).replace("{time}", self.time);
            (version, step)
        })
    }
}
