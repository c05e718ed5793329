//! Everything between a raw row and the model's input, fitted on train rows only.

/// Prepared rows: what a model for tables takes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// How many rows there are.
    pub rows: usize,
    /// Scaled numbers, row-major: `rows x numbers_width`. These get numeric embeddings.
    pub numbers: Vec<f32>,
    /// How many scaled numbers a row has.
    pub numbers_width: usize,
    /// Indicators and one-hot codes, row-major: `rows x flags_width`. These enter the model as they are.
    pub flags: Vec<f32>,
    /// How many indicators a row has.
    pub flags_width: usize,
    /// Codes of embedded categories, row-major: `rows x codes_width`; 0 is unknown or missing.
    pub codes: Vec<u32>,
    /// How many embedded categories a row has.
    pub codes_width: usize,
    /// The labels; empty when the rows are only to be predicted.
    pub labels: PreparedLabels,
}

/// Labels as the loss takes them.
#[derive(Debug, Clone, PartialEq)]
pub enum PreparedLabels {
    /// None.
    Absent,
    /// Class codes.
    Classes(Vec<u32>),
    /// Standardised numbers.
    Numbers(Vec<f32>),
}
