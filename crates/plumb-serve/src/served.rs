//! What answers: a loaded model, whichever runtime it needs.

use plumb_data::{Predictions, Table};

use crate::Signature;

/// Why rows got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// What the client sent goes with no input; one lower-case sentence that names what and where.
    #[error("{0}")]
    Asked(String),
    /// The model failed on sound input.
    #[error("{0}")]
    Failed(String),
}

/// A loaded model. Rows of several clients may be asked about at once; the answer to a row never depends on its neighbours.
pub trait Served: std::fmt::Debug + Send + Sync {
    /// What it takes in and gives back.
    fn signature(&self) -> &Signature;
    /// The predictions for all rows of a table of its input columns, in their order.
    fn predict(&self, table: &Table) -> Result<Predictions, ServeError>;
    /// What its last layer shows of the rows, row by row, and how many numbers a row has; none of a model that shows nothing.
    fn embed(&self, _table: &Table) -> Option<Result<(Vec<f32>, usize), ServeError>> {
        None
    }
}
