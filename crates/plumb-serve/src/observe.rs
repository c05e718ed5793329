//! What the server tells about each batch that was answered.

use std::sync::Arc;

use plumb_data::{Predictions, Table};

use crate::Served;

/// In which role a model answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The client got this answer from the model in use.
    Champion,
    /// The client got this answer from the one that may take its place.
    Challenger,
    /// Nobody got this answer: it is for comparison.
    Shadow,
}

impl Role {
    /// The word, as it stands in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Challenger => "challenger",
            Self::Shadow => "shadow",
        }
    }
}

/// Rows that were answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The model that answered.
    pub model: Arc<dyn Served>,
    /// In which role.
    pub role: Role,
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: u64,
    /// The name of each row, by which a label may follow later: the request's, or `REQUEST-INDEX`.
    pub ids: Vec<String>,
    /// The rows, in the model's input columns.
    pub table: Table,
    /// The answers.
    pub predictions: Predictions,
}

/// Who is told. A call must return at once, whatever becomes of what it was told: it stands between a client and its answer.
pub trait Observer: Send + Sync {
    /// Takes note of rows, or drops them and counts that.
    fn answered(&self, answered: Answered);
    /// What it counts, for `/metrics`.
    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }
}

/// A number that an observer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its name, without `plumb_`; ends in `_total` where it only grows.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its value.
    pub value: u64,
}
