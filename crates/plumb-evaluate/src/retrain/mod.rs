//! A retrained model beside the one in use: whether it takes its place.
//!
//! Both are asked about the same rows, which neither has been trained on; who has the models finds the rows. [`Compared`] is what these rows
//! say, [`Rule`] what is asked of them, and [`RetrainContext::decision`] the answer, which `operate.retrained` judges.

mod compared;
mod retrained;
#[cfg(test)]
mod tests;

use plumb_ledger::Practice;
use serde::{Deserialize, Serialize};

pub use compared::{Compared, GroupCompared};

/// When the challenger takes the champion's place. Figures are of the metric that decides, more is better for the challenger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it must gain at least, beside an interval of the gain above 0.
    pub least: f64,
    /// Where this is given, it is enough that the whole interval of the gain lies above minus this margin (non-inferiority).
    pub not_worse: Option<f64>,
}

impl Rule {
    /// The rule in words.
    pub fn words(&self) -> String {
        match self.not_worse {
            Some(margin) => {
                format!("not worse by {margin} or more: the interval of the gain lies above -{margin}")
            }
            None if self.least > 0.0 => {
                format!("better by {} at least, and the interval of the gain lies above 0", self.least)
            }
            None => "better: the interval of the gain lies above 0".to_owned(),
        }
    }

    /// Whether it is met.
    pub fn holds(&self, of: &Compared) -> bool {
        match self.not_worse {
            Some(margin) => of.low > -margin,
            None => of.low > 0.0 && of.gain >= self.least,
        }
    }
}

/// How rows that the champion was trained on were found among the judged ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// By the digest of each row.
    Rows,
    /// By the digests of the files that they stand in.
    Files,
    /// Not at all: the champion's data is other data, and that is all that is known.
    No,
}

/// The rows on which both are judged: of the challenger's test part those that the champion was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untouched {
    /// Rows of the challenger's test part.
    pub test: usize,
    /// Those that were left out, because the champion has been trained on them or chosen by them.
    pub left_out: usize,
    /// How that is known.
    pub known: Known,
}

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrainContext {
    /// What both say of the same rows, or why nothing can be said.
    pub compared: Result<Compared, String>,
    /// The rows; none where nothing was compared.
    pub untouched: Option<Untouched>,
    /// What is asked.
    pub rule: Rule,
    /// Gates that the challenger fails and the champion does not.
    pub lost_gates: Vec<String>,
    /// Other practices that the challenger's run fails and the champion's does not: they are told.
    pub new_fails: Vec<String>,
    /// Why the champion's place could not be taken in the end; another took it meanwhile.
    pub taken: Option<String>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The challenger takes the champion's place.
    Promote,
    /// The champion stays.
    Refuse,
}

impl RetrainContext {
    /// What follows, with the figures that decided.
    pub fn decision(&self) -> (Decision, String) {
        let compared = match &self.compared {
            Ok(compared) => compared,
            Err(why) => return (Decision::Refuse, format!("nothing can be compared: {why}")),
        };
        let figures = compared.words();
        if !self.rule.holds(compared) {
            return (Decision::Refuse, format!("{figures}; asked is: {}", self.rule.words()));
        }
        if let [_, ..] = self.lost_gates.as_slice() {
            let gates = self.lost_gates.join(", ");
            return (
                Decision::Refuse,
                format!("{figures}; but it fails {gates}, which the champion does not"),
            );
        }
        match &self.taken {
            Some(why) => (Decision::Refuse, format!("{figures}; but {why}")),
            None => (Decision::Promote, figures),
        }
    }
}

/// The practice of retraining.
pub static PRACTICES: &[Practice<RetrainContext>] =
    &[Practice { page: retrained::PAGE, judge: retrained::judge }];
