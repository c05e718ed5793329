//! The report's charts: one file a chart, all drawn by the small writer in `svg.rs`, coloured by the page's CSS.
//!
//! Every chart is a function from plain numbers to a [`Figure`], or to nothing when there is nothing to draw:
//! no point, or no finite one.

pub(crate) mod attention;
pub(crate) mod bars;
pub(crate) mod calibration;
pub(crate) mod confusion;
pub(crate) mod forest;
pub(crate) mod layers;
pub(crate) mod lines;
pub(crate) mod log_curves;
pub(crate) mod pictures;
pub(crate) mod plane;
pub(crate) mod plot;
pub(crate) mod precision_recall;
pub(crate) mod predicted_actual;
pub(crate) mod rate_finder;
pub(crate) mod residuals;
pub(crate) mod roc;
pub(crate) mod scale;
pub(crate) mod shares;
pub(crate) mod spark;
pub(crate) mod svg;
pub(crate) mod thin;
pub(crate) mod tradeoff;

use serde::Serialize;

pub(crate) use svg::Markup;

/// A drawing with its heading and what it says in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// The heading.
    pub(crate) title: String,
    /// One or two sentences: how to read it, what it shows.
    pub(crate) caption: String,
    /// The drawing.
    pub(crate) drawing: Markup,
}

impl Figure {
    /// A figure.
    pub(crate) fn new(title: impl Into<String>, caption: impl Into<String>, drawing: Markup) -> Self {
        Self { title: title.into(), caption: caption.into(), drawing }
    }
}

/// The CSS class of a series: its colour and its dash pattern. There are eight; a ninth series repeats the first.
pub(crate) fn series(index: usize) -> String {
    format!("s{}", index % 8 + 1)
}

/// A number as the charts' tips say it.
pub(crate) fn format(value: f64) -> String {
    super::format::number(value)
}
