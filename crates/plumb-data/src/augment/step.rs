//! One row of a list of operations.

use std::str::FromStr;

use plumb_ledger::nearest::did_you_mean;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::AugmentError;
use super::operations::{Magnitude, OPERATIONS, Operation, Text, operation};

/// An operation that is done with some probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// The operation, by its name.
    #[serde(rename = "name", serialize_with = "name", deserialize_with = "by_name")]
    pub operation: &'static Operation,
    /// How likely it is done; always if absent.
    #[serde(default = "always")]
    pub probability: f64,
    /// The magnitude is drawn uniformly between these two; absent for operations that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitude: Option<[f64; 2]>,
}

fn always() -> f64 {
    1.0
}

fn name<S: Serializer>(operation: &Operation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(operation.name)
}

fn by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Operation, D::Error> {
    let name = String::deserialize(deserializer)?;
    operation(&name).ok_or_else(|| {
        let near = did_you_mean(&name, OPERATIONS.iter().map(|operation| operation.name));
        serde::de::Error::custom(format!("unknown operation `{name}`; {near}"))
    })
}

/// `NAME`, `NAME=MAGNITUDE` or `NAME=LEAST..GREATEST`, each with `@PROBABILITY` behind it or not.
impl FromStr for Step {
    type Err = AugmentError;

    fn from_str(text: &str) -> Result<Self, AugmentError> {
        let wrong = || AugmentError::Form(text.to_owned());
        let number = |text: &str| text.trim().parse::<f64>().ok().ok_or_else(wrong);
        let (what, probability) = match text.split_once('@') {
            Some((what, probability)) => (what, number(probability)?),
            None => (text, always()),
        };
        let (name, magnitude) = match what.split_once('=') {
            None => (what, None),
            Some((name, ends)) => match ends.split_once("..") {
                Some((least, greatest)) => (name, Some([number(least)?, number(greatest)?])),
                None => (name, Some([number(ends)?; 2])),
            },
        };
        let operation =
            operation(name.trim()).ok_or_else(|| AugmentError::Unknown(name.trim().to_owned()))?;
        let step = Self { operation, probability, magnitude };
        step.check().map(|()| step)
    }
}

impl Step {
    /// The magnitude at this point of the range, 0 to 1; 0 for an operation without.
    pub(super) fn magnitude_at(&self, share: f64) -> f64 {
        self.magnitude.map_or(0.0, |[first, last]| first + share * (last - first))
    }

    /// Whether probability and magnitudes are in their ranges.
    pub(super) fn check(&self) -> Result<(), AugmentError> {
        let name = self.operation.name;
        AugmentError::probability(name, self.probability)?;
        match (self.operation.magnitude, self.magnitude) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(AugmentError::NoMagnitude { operation: name }),
            (Some(Magnitude { least, greatest, unit, .. }), given) => {
                let inside = |ends: [f64; 2]| ends.into_iter().all(|end| (least..=greatest).contains(&end));
                let fault = AugmentError::Magnitude { operation: name, least, greatest, unit };
                given.is_some_and(inside).then_some(()).ok_or(fault)
            }
        }
    }

    /// This step as far as it keeps text; none if it cannot.
    pub(super) fn for_text(self) -> Option<Self> {
        match self.operation.keeps.text {
            Text::Kept => Some(self),
            Text::Changed => None,
            Text::Within(limit) => {
                let magnitude = self.magnitude.map(|ends| ends.map(|end| end.clamp(-limit, limit)));
                Some(Self { magnitude, ..self })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_written_in_one_word() {
        let step: Step = "rotate=-10..10@0.5".parse().unwrap();
        assert_eq!((step.operation.name, step.magnitude), ("rotate", Some([-10.0, 10.0])));
        assert!((step.probability - 0.5).abs() < 1e-12);
        let step: Step = "flip-vertical".parse().unwrap();
        assert_eq!((step.operation.name, step.magnitude), ("flip-vertical", None));
        let told = |text: &str| text.parse::<Step>().unwrap_err().to_string();
        assert_eq!(told("spin=3"), "unknown operation `spin`");
        assert_eq!(told("rotate=fast"), "`rotate=fast` is no step of an augmentation");
        assert_eq!(told("flip-vertical=1"), "`flip-vertical` has no magnitude");
        assert!(told("rotate").starts_with("`rotate` needs two magnitudes between"), "{}", told("rotate"));
        assert!(told("invert@2").contains("not between 0 and 1"), "{}", told("invert@2"));
    }
}
