//! ONNX models that others have trained: tensors in, tensors out, no C and no code from the file.
//!
//! Two runtimes behind one door ([`OnnxModel`]): networks run on `rten`; what scikit-learn, LightGBM and XGBoost export uses the
//! operators of the domain `ai.onnx.ml` (trees, linear models, scalers, encoders), which `rten` lacks, and runs on [`classic`].

#![forbid(unsafe_code)]

mod classic;
mod error;
mod graph;
mod model;
mod network;
mod proto;
mod tensor;

pub use error::OnnxError;
pub use graph::{Element, Port};
pub use model::OnnxModel;
pub use tensor::{Tensor, Values};
