//! What is to be predicted.

use serde::{Deserialize, Serialize};

/// The three tasks on tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of two classes; class 1 is the positive one.
    Binary,
    /// One of three or more classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Task {
    /// The word, as it stands in `metrics.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }

    /// Whether the target is a class.
    pub fn is_classification(self) -> bool {
        self != Self::Regression
    }
}
