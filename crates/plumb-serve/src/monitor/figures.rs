//! `monitor.json`: what was found in each window of a log.

use serde::{Deserialize, Serialize};

/// The version of the format.
pub const SCHEMA: u32 = 1;
/// Windows that are kept: the newest.
pub const MOST_WINDOWS: usize = 400;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The version of the format.
    pub schema: u32,
    /// What the model is called.
    pub model: String,
    /// The digest of its bundle.
    pub bundle_sha256: String,
    /// The digest of its reference sample.
    pub reference_sha256: String,
    /// Rows of the reference sample.
    pub reference_rows: usize,
    /// When the log was last looked at, in milliseconds since 1970.
    pub unix_ms: u64,
    /// How rows are put into windows.
    pub mode: String,
    /// The chance of any false alarm over all looks, of drift and of quality each.
    pub level: f64,
    /// The metric that the model is judged by.
    pub metric: String,
    /// The log.
    pub log: LogFigures,
    /// The windows, the oldest first.
    pub windows: Vec<Window>,
    /// Whether the newest window was prepared as training was.
    pub skew: Option<Skew>,
    /// The labels that came; none where none were named.
    pub labels: Option<LabelCounts>,
}

/// What a log holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogFigures {
    /// Its segments.
    pub segments: usize,
    /// Those that could not be read, each with why.
    pub damaged: Vec<String>,
    /// Rows of this model.
    pub rows: usize,
    /// The served rows for which they stand.
    pub served: f64,
    /// Rows of other models and versions.
    pub others: u64,
    /// Rows that are older than what is looked at.
    pub older: u64,
}

/// Some rows, judged together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What it is called.
    pub name: String,
    /// The place of its first row in the log.
    pub first: u64,
    /// The place of its last row.
    pub last: u64,
    /// When the first was answered, in milliseconds since 1970.
    pub from_ms: i64,
    /// When the last was.
    pub to_ms: i64,
    /// Its rows.
    pub rows: usize,
    /// Which look it was, from 1.
    pub look: u64,
    /// The level of this look.
    pub level: f64,
    /// Why it was not judged; none where it was.
    pub skipped: Option<String>,
    /// Each series beside the reference sample.
    pub drift: Vec<Series>,
    /// What quality is expected before labels come; none for numbers.
    pub estimate: Option<Estimate>,
    /// The quality of rows whose labels came.
    pub quality: Option<Quality>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// The values of an input.
    Values,
    /// Whether an input has a value.
    Missing,
    /// What the model says.
    Prediction,
    /// What the model's last layer shows of pictures and texts.
    Embedding,
}

/// One comparison of a window with the reference sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The column, or what of the prediction.
    pub name: String,
    /// What of it.
    pub of: Of,
    /// The test.
    pub test: String,
    /// Its p-value.
    pub p: f64,
    /// The same, corrected by Holm over all series of the window.
    pub adjusted: f64,
    /// How the size of the difference is measured.
    pub effect: String,
    /// The size.
    pub size: f64,
    /// The size from which a difference counts.
    pub threshold: f64,
    /// Whether it is sure and large.
    pub drifted: bool,
}

/// A metric that is expected from the probabilities alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The metric of the window.
    pub value: f64,
    /// The lower end of what drawn labels give in 95 % of draws.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The same expectation for the reference sample.
    pub reference: f64,
    /// What was measured there.
    pub measured: f64,
    /// How much worse the window is, as a share of the reference; below 0 where it is better.
    pub worse_by: f64,
    /// Whether expectation and measurement agree on the reference sample, which calibrated probabilities make them do.
    pub trusted: bool,
}

/// A metric of labelled rows beside the recorded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Rows of the window whose label is known.
    pub labelled: usize,
    /// The metric.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The metric on the part that the model was judged on.
    pub reference: f64,
    /// The two-sided p-value of no difference.
    pub p: f64,
    /// How much worse it is, as a share of the reference; below 0 where it is better.
    pub worse_by: f64,
    /// Whether it is surely and much worse.
    pub worse: bool,
    /// How often labels of the window changed, from 1.
    pub look: u64,
    /// The level of this look.
    pub level: f64,
    /// The digest of the labels that it was measured with.
    pub labels: String,
}

/// What became of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelCounts {
    /// Rows with a name and a label.
    pub rows: usize,
    /// Those whose name came again later: the last one counts.
    pub repeated: usize,
    /// Labels that are no class of the model, or no number.
    pub unusable: usize,
    /// Names that are not in the log, or no more.
    pub unmatched: usize,
    /// Logged rows that have a label.
    pub labelled: usize,
}

/// Whether rows are served as rows were trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// The window that was looked at.
    pub window: String,
    /// Its rows.
    pub rows: usize,
    /// The level of the look.
    pub level: f64,
    /// What differs.
    pub findings: Vec<Finding>,
    /// Logged rows asked again of the bundle's model.
    pub replayed: Option<Replayed>,
}

/// A column in which rows are served that training did not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The column.
    pub column: String,
    /// What: `unseen categories`, `missing values`, `values beyond the extremes`.
    pub what: String,
    /// Rows of the window that have it.
    pub rows: usize,
    /// Their share.
    pub share: f64,
    /// The p-value of so many, corrected by Holm.
    pub p: f64,
    /// Some of the values.
    pub examples: Vec<String>,
    /// Whether it is sure and frequent.
    pub counts: bool,
}

/// What the bundle's model says of logged rows, beside what was served.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replayed {
    /// Rows that were asked again.
    pub rows: usize,
    /// The largest difference of a probability; of numbers, beside their range; none where the answers cannot be compared.
    pub difference: Option<f64>,
    /// Up to where both are called the same.
    pub tolerance: f64,
}
