//! ONNX models: those of others, tensors in, tensors out, no C and no code from the file; and the writing of files ([`GraphWriter`]).
//!
//! Two runtimes behind one door ([`OnnxModel`]): networks run on `rten`; what scikit-learn, LightGBM and XGBoost export uses the
//! operators of the domain `ai.onnx.ml` (trees, linear models, scalers, encoders), which `rten` lacks, and runs on [`classic`]. The feature
//! `onnxruntime` adds a third, ONNX Runtime, for models that neither can run.

#![forbid(unsafe_code)]

mod classic;
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
pub use model::OnnxModel;
pub use quantize::{Calibration, Layer, Original, Range, Watch, WeightForm};
pub use tensor::{Tensor, Values};
pub use write::{ElementType, Extent, GraphWriter, Name, Setting};
