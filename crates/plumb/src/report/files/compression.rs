//! `compress.json`: what a smaller model was made from, what it saves and what it costs.

use serde::Deserialize;

use super::lenient::Number;

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Compression {
    /// The metric that decides.
    pub(crate) metric: String,
    /// The models, that of the run first.
    pub(crate) variants: Vec<Variant>,
    /// What each layer costs, the most costly first.
    pub(crate) layers: Vec<Layer>,
}

/// A model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Variant {
    /// What it is.
    pub(crate) name: String,
    /// How it was made.
    pub(crate) made: String,
    /// Bytes of its file.
    pub(crate) bytes: usize,
    /// Numbers that were learned.
    pub(crate) parameters: usize,
    /// How long requests take.
    pub(crate) latency: Vec<Latency>,
    /// What it says beside the first.
    pub(crate) kept: Option<Kept>,
}

/// The time of requests of a size.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Latency {
    /// Rows.
    pub(crate) batch: usize,
    /// Half of them take at most so many milliseconds.
    pub(crate) median_ms: Number,
    /// 99 of 100 do.
    pub(crate) p99_ms: Number,
}

/// What the same rows say of a model and the first one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// The metric.
    pub(crate) after: Number,
    /// What was lost; more is worse.
    pub(crate) loss: Number,
    /// The ends of its interval.
    pub(crate) low: Number,
    /// The upper one.
    pub(crate) high: Number,
    /// Whether chance can do it.
    pub(crate) p: Number,
    /// The calibration error of both.
    pub(crate) ece: Option<[Number; 2]>,
    /// Each group.
    pub(crate) groups: Vec<Group>,
}

/// A group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    /// The column.
    pub(crate) column: String,
    /// The value.
    pub(crate) value: String,
    /// The rows.
    pub(crate) rows: usize,
    /// The share that the first model has right.
    pub(crate) before: Number,
    /// The share that this one has right.
    pub(crate) after: Number,
    /// Whether chance can do it.
    pub(crate) p_adjusted: Number,
}

/// A layer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Layer {
    /// Its name.
    #[serde(rename = "layer")]
    pub(crate) name: String,
    /// Its weights.
    pub(crate) weights: usize,
    /// How far the answers move.
    pub(crate) cost: Number,
    /// Whether it was left.
    pub(crate) left: bool,
}
