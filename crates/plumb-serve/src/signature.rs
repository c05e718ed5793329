//! What a model takes in and gives back, as clients are told.

use plumb_data::Kind;
use plumb_stats::Task;

/// What a model takes in and gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What it is called: of `[A-Za-z0-9._-]`, not starting with a dot.
    pub name: String,
    /// Its version: the first twelve hex digits of its bundle's SHA-256, or its number in a registry.
    pub version: String,
    /// What it predicts.
    pub task: Task,
    /// The column that it predicts.
    pub target: String,
    /// The classes in the order of its probabilities; empty for regression.
    pub classes: Vec<String>,
    /// The columns that it reads, in the order in which they are listed to clients.
    pub inputs: Vec<Input>,
}

/// A column that a model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
}
