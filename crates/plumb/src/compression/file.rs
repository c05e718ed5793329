//! `compress.json`: every variant with what was measured of it.

use plumb_evaluate::compress::{CompressContext, Kept, Latency, LayerCost};
use serde::Serialize;

use super::variant::Variant;

/// The file.
#[derive(Debug, Serialize)]
pub(super) struct CompressionFile {
    /// The version of this format: 1.
    schema: u32,
    /// The metric that decides.
    pub(super) metric: String,
    /// The models, that of the run first, the one that is kept last.
    pub(super) variants: Vec<Row>,
    /// What each layer costs.
    pub(super) layers: Vec<LayerCost>,
}

/// A model.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    /// How it was made.
    pub(super) made: String,
    /// Its file in `model/`.
    pub(super) file: &'static str,
    pub(super) bytes: usize,
    pub(super) parameters: usize,
    pub(super) latency: Vec<Latency>,
    /// What the judged rows say of it beside the first.
    pub(super) kept: Option<Kept>,
}

impl CompressionFile {
    pub(super) fn new(variants: &[Variant], metric: &str, context: &CompressContext) -> Self {
        let row = |of: &Variant| Row {
            name: of.name.clone(),
            made: of.made.clone(),
            file: of.stored.unwrap_or(crate::run::files::ONNX),
            bytes: of.bytes(),
            parameters: of.parameters,
            latency: of.latency.clone(),
            kept: of.kept.clone(),
        };
        Self {
            schema: 1,
            metric: metric.to_owned(),
            variants: variants.iter().map(row).collect(),
            layers: context.layers.clone(),
        }
    }
}
