//! Why a model cannot be read or run.

/// A model that was not read or not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// The bytes are no ONNX model.
    #[error("no ONNX model ({0})")]
    Damaged(String),
    /// Weights stand in another file.
    #[error("the weights of `{0}` stand in another file, which is not read")]
    External(String),
    /// An operator that neither runtime has.
    #[error("operator `{0}` is not supported")]
    Operator(String),
    /// An attribute or an input of an operator is not what it should be.
    #[error("operator `{operator}`: {what}")]
    Node {
        /// The operator.
        operator: String,
        /// What is wrong.
        what: String,
    },
    /// A name that is no input or output.
    #[error("the model has no `{0}`")]
    NoName(String),
    /// The network's runtime refuses.
    #[error("the network cannot be run ({0})")]
    Network(String),
    /// ONNX Runtime refuses.
    #[cfg(feature = "onnxruntime")]
    #[error("ONNX Runtime: {0}")]
    Runtime(String),
    /// ONNX Runtime is not there, or is too old.
    #[cfg(feature = "onnxruntime")]
    #[error("ONNX Runtime cannot be loaded ({0})")]
    Library(String),
    /// A result that is too large.
    #[error("a tensor of the shape {0:?} is beyond the limit")]
    TooLarge(Vec<usize>),
}

/// An error of an operator.
pub(crate) fn wrong(operator: &str, what: impl Into<String>) -> OnnxError {
    OnnxError::Node { operator: operator.to_owned(), what: what.into() }
}
