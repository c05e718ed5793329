//! A smaller model beside the one that it was made from: what it saves and what it costs.
//!
//! Sizes and times are measured by who has the models; here they are plain numbers, and [`Kept`] is what the same rows say of both.

mod accuracy_kept;
mod faster;
mod kept;
mod smaller;
#[cfg(test)]
mod tests;

use plumb_ledger::Practice;
use serde::Serialize;

pub use kept::{GroupKept, Kept};

/// How long answers take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Rows of a request.
    pub batch: usize,
    /// Half of the requests take at most so many milliseconds.
    pub median_ms: f64,
    /// 99 of 100 do.
    pub p99_ms: f64,
}

/// What a model takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Footprint {
    /// Bytes of its file.
    pub bytes: usize,
    /// Numbers in it that were learned.
    pub parameters: usize,
    /// By size of the request.
    pub latency: Vec<Latency>,
}

impl Footprint {
    fn median(&self, batch: usize) -> Option<f64> {
        self.latency.iter().find(|of| of.batch == batch).map(|of| of.median_ms)
    }
}

/// What a layer costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerCost {
    /// The layer.
    pub layer: String,
    /// Its weights.
    pub weights: usize,
    /// How far the answers move when this layer alone is in 8 bits: the mean Kullback-Leibler divergence of probabilities, or the mean square
    /// of the difference beside the variance of the numbers.
    pub cost: f64,
    /// Whether it was left as it was.
    pub left: bool,
}

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct CompressContext {
    /// The model that was compressed.
    pub before: Footprint,
    /// What became of it.
    pub after: Footprint,
    /// Why it need not be faster, where only its file was to be smaller.
    pub same_arithmetic: Option<String>,
    /// What the judged rows say; none where there are none.
    pub kept: Option<Kept>,
    /// Layer by layer, the most costly first; empty where layers were not changed one by one.
    pub layers: Vec<LayerCost>,
}

/// The practices of compression.
pub static PRACTICES: &[Practice<CompressContext>] = &[
    Practice { page: accuracy_kept::PAGE, judge: accuracy_kept::judge },
    Practice { page: faster::PAGE, judge: faster::judge },
    Practice { page: smaller::PAGE, judge: smaller::judge },
];
