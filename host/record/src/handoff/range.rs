//! Whether a number lies within bounds and is the claimed one.

use std::fmt;

use super::{Claim, Outcome};
use crate::{Json, Part};

/// How far a claimed number may lie from the stored one.
const TOLERANCE: f64 = 1e-9;

/// Holds the stored value against the bounds and the number of a claim. The error tells why that cannot be.
pub(super) fn range(claim: &Claim, found: Part<'_>) -> Result<(Outcome, String), String> {
    let stored = Number::read("the stored value", found)?;
    let read = |what, value: &Option<Json>| value.as_ref().map(|value| Number::read(what, value.part())).transpose();
    let (min, max) = (read("min", &claim.min)?, read("max", &claim.max)?);
    let claimed = read("the claimed value", &claim.claimed)?;
    if let (Some(min), Some(max)) = (min, max)
        && max.is_below(min)
    {
        return Err(format!("min {min} is above max {max}"));
    }
    let caught = |detail: String| Ok((Outcome::Caught, detail));
    match (min, max, claimed) {
        (Some(min), ..) if stored.is_below(min) => caught(format!("the stored {stored} is below {min}")),
        (_, Some(max), _) if max.is_below(stored) => caught(format!("the stored {stored} is above {max}")),
        (.., Some(claimed)) if !claimed.is_about(stored) => {
            caught(format!("the claimed {claimed} is not the stored {stored}"))
        }
        _ => Ok((Outcome::Pass, "within the bounds".to_owned())),
    }
}

/// A number of JSON. Whole ones are compared as such: a binary fraction does not tell two large ones apart.
#[derive(Clone, Copy)]
struct Number {
    whole: Option<i128>,
    fraction: f64,
}

impl Number {
    /// A boolean is no number, and neither is one that a binary fraction cannot hold.
    fn read(what: &str, value: Part<'_>) -> Result<Self, String> {
        let number = value.number().ok_or_else(|| format!("{what} is {}, not a number", value.kind()))?;
        let fraction = number.as_f64().filter(|fraction| fraction.is_finite());
        let fraction = fraction.ok_or_else(|| format!("{what} is a number beyond all bounds"))?;
        Ok(Self { whole: number.to_string().parse().ok(), fraction })
    }

    fn is_below(self, other: Self) -> bool {
        match (self.whole, other.whole) {
            (Some(one), Some(other)) => one < other,
            _ => self.fraction < other.fraction,
        }
    }

    fn is_about(self, other: Self) -> bool {
        match (self.whole, other.whole) {
            (Some(one), Some(other)) => one == other,
            _ => (self.fraction - other.fraction).abs() <= TOLERANCE,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole {
            Some(whole) => whole.fmt(f),
            None => self.fraction.fmt(f),
        }
    }
}
