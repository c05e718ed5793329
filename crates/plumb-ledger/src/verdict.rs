//! What a practice answers: a verdict, one sentence, and the evidence it rests on.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The four possible answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The practice was broken in a way that makes results wrong or misleading.
    Fail,
    /// Something a person should look at.
    Warn,
    /// The question has no meaning here, or what it needs is missing; the reason says which.
    Skipped,
    /// The practice holds.
    Pass,
}

impl Verdict {
    /// The word, as it stands in `ledger.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Skipped => "skipped",
            Self::Pass => "pass",
        }
    }
}

/// Named facts behind a verdict: numbers, column names, row numbers. Plain JSON in insertion order.
pub type Evidence = serde_json::Map<String, Value>;

/// One practice's answer about one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// One sentence for a person, with the figure that decided.
    pub summary: String,
    /// The facts. Lists of rows are cut by whoever fills them in; the full count always stands beside.
    pub evidence: Evidence,
    /// What to change, when it differs from the practice's general remedy.
    pub remedy: Option<String>,
    /// Why the practice was skipped.
    pub reason: Option<String>,
}

impl Judgement {
    /// The practice holds.
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, summary.into())
    }

    /// A person should look.
    pub fn warn(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, summary.into())
    }

    /// The practice is broken.
    pub fn fail(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, summary.into())
    }

    /// The question cannot be answered here, for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { reason: Some(reason.clone()), ..Self::new(Verdict::Skipped, reason) }
    }

    fn new(verdict: Verdict, summary: String) -> Self {
        Self { verdict, summary, evidence: Evidence::new(), remedy: None, reason: None }
    }

    /// Adds a fact. A number that JSON cannot hold (NaN, infinity) is stored as its text.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Fact>) -> Self {
        self.evidence.insert(name.to_owned(), fact.into().0);
        self
    }

    /// Replaces the practice's general remedy by one for this case.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// A value that can stand as evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact(Value);

impl From<f64> for Fact {
    fn from(number: f64) -> Self {
        Self(
            serde_json::Number::from_f64(number)
                .map_or_else(|| Value::String(number.to_string()), Value::Number),
        )
    }
}

macro_rules! fact_from {
    ($($from:ty),*) => {$(
        impl From<$from> for Fact {
            fn from(value: $from) -> Self {
                Self(Value::from(value))
            }
        }
    )*};
}
fact_from!(bool, u32, u64, usize, i64, &str, String, Value, Evidence);

impl<T: Into<Fact>> From<Vec<T>> for Fact {
    fn from(values: Vec<T>) -> Self {
        Self(Value::Array(values.into_iter().map(|value| value.into().0).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_keeps_its_order_and_its_non_finite_numbers() {
        let judged = Judgement::warn("x").with("z", 1.5).with("a", f64::NAN).with("rows", vec![3usize, 4]);
        let text = serde_json::to_string(&judged.evidence).unwrap();
        assert_eq!(text, r#"{"z":1.5,"a":"NaN","rows":[3,4]}"#);
    }

    #[test]
    fn worse_verdicts_sort_first() {
        let mut all = [Verdict::Pass, Verdict::Skipped, Verdict::Fail, Verdict::Warn];
        all.sort();
        assert_eq!(all, [Verdict::Fail, Verdict::Warn, Verdict::Skipped, Verdict::Pass]);
    }
}
