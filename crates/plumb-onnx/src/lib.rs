//! ONNX models: those of others, tensors in, tensors out, no C and no code from the file; and the writing of files ([`GraphWriter`]).
//!
//! Runtimes behind one door ([`OnnxModel`]): networks whose operators are known run on [`engine`], in 8 bits where the file is, others on `rten`;
//! what scikit-learn, LightGBM and XGBoost export uses the operators of the domain `ai.onnx.ml` (trees, linear models, scalers, encoders) and
//! runs on [`classic`]. The feature `onnxruntime` adds ONNX Runtime, for models that none of these can run.

#![forbid(unsafe_code)]

mod classic;
mod engine;
mod error;
mod front;
mod graph;
mod model;
mod network;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod proto;
mod quantize;
mod tensor;
mod write;

pub use classic::{Cut, Encoded, Owned, Tell};
pub use error::OnnxError;
pub use graph::{Element, Port};
pub use model::{Embedded, OnnxModel};
pub use quantize::{Calibration, Codes, Layer, Original, Range, Watch, WeightForm, through_codes};
pub use tensor::{Tensor, Values};
pub use write::{ElementType, Extent, GraphWriter, Name, Setting};
