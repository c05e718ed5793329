//! Everything between a raw row and the model's input, fitted on train rows only.
//!
//! [`Preparation::fit`] reads the train rows and keeps plain constants; [`Preparation::apply`] is the one code
//! path for training, evaluation and serving. The defaults are RealMLP's (Holzmüller et al. 2024).

mod apply;
mod calendar;
mod category;
mod config;
mod error;
mod fit;
mod image;
mod number;
mod text;

use plumb_ledger::Sha256;
use plumb_stats::Task;
use serde::{Deserialize, Serialize};

pub use calendar::CalendarPart;
pub use category::{Levels, OneHot};
pub use config::{ImageMoments, PrepareConfig, Scaling};
pub use error::PrepareError;
pub use image::{ImageEncoding, PreparedImages, SMALL_PICTURE, usual_side};
pub use number::Scale;
pub(crate) use number::mean_and_deviation;
pub use text::{PreparedTexts, TextConfig, TextEncoding, TokenCount};

use crate::Kind;

/// The version of `preparation.json`.
pub const SCHEMA: u32 = 1;

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
    /// The pictures, one a row; none when the model takes none.
    pub images: Option<PreparedImages>,
    /// The tokens of the texts; none when the model takes none.
    pub texts: Option<PreparedTexts>,
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

/// How raw rows become inputs, fitted on train rows: plain data, stored as `preparation.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// The version of the format.
    pub schema: u32,
    /// The choices that it was fitted under.
    pub config: PrepareConfig,
    /// What is to be predicted.
    pub task: Task,
    /// The name of the target column; never an input.
    pub target: String,
    /// The classes in the order of the model's outputs; empty for regression.
    pub classes: Vec<String>,
    /// How regression labels are standardised: mean and population deviation of the train labels.
    pub label_scale: Option<LabelScale>,
    /// How many rows it was fitted on.
    pub train_rows: usize,
    /// The digest of their numbers ([`crate::split::digest_of_rows`]): what the fit has seen.
    pub train_digest: Sha256,
    /// The input columns, in the order of the table.
    pub columns: Vec<PreparedColumn>,
    /// How the columns of texts become tokens, all of them together; none when the model takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<TextEncoding>,
}

/// An input column and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparedColumn {
    /// Its name; columns are matched by name, not by place.
    pub name: String,
    /// Its kind; another kind at application is an error.
    pub kind: Kind,
    /// What becomes of it.
    pub encoding: Encoding,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Encoding {
    /// One scaled number, and a flag for a missing value when train had one.
    Number {
        /// Its scale.
        scale: Scale,
        /// Whether a flag tells missing values.
        indicator: bool,
    },
    /// Calendar numbers, each scaled, those that vary in train; and a flag as for numbers.
    Time {
        /// The calendar numbers.
        parts: Vec<TimePart>,
        /// Whether a flag tells missing values.
        indicator: bool,
    },
    /// Flags.
    OneHot(OneHot),
    /// One code into a learned embedding.
    Embedding(Levels),
    /// A picture of fixed extents.
    Image(ImageEncoding),
    /// Tokens, by the preparation's tokenizer.
    Text,
}

/// Which column each part of a prepared row comes from, as places in [`Preparation::columns`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    /// Of each scaled number.
    pub numbers: Vec<usize>,
    /// Of each flag.
    pub flags: Vec<usize>,
    /// Of each code.
    pub codes: Vec<usize>,
}

/// One calendar number of a time column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimePart {
    /// Which one.
    pub part: CalendarPart,
    /// Its scale.
    pub scale: Scale,
}

/// Mean and deviation of the train labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelScale {
    /// The mean.
    pub mean: f64,
    /// The population deviation; 1 when the labels are constant.
    pub deviation: f64,
    /// The smallest train label.
    pub low: f64,
    /// The largest train label.
    pub high: f64,
}

impl LabelScale {
    /// A label as the loss takes it.
    pub fn standardise(&self, label: f64) -> f64 {
        (label - self.mean) / self.deviation
    }

    /// A model's output as a label, held within the range of the train labels (RealMLP).
    pub fn restore(&self, output: f64) -> f64 {
        // Not `clamp`, which panics on bounds that a damaged file has in the wrong order.
        (output * self.deviation + self.mean).max(self.low).min(self.high)
    }
}

impl Preparation {
    /// How many scaled numbers a row has.
    pub fn numbers_width(&self) -> usize {
        self.columns.iter().map(|column| column.encoding.widths().0).sum()
    }

    /// How many flags a row has.
    pub fn flags_width(&self) -> usize {
        self.columns.iter().map(|column| column.encoding.widths().1).sum()
    }

    /// The place among the columns of what each scaled number, flag and code comes from.
    pub fn owners(&self) -> Owners {
        let mut owners = Owners::default();
        for (place, column) in self.columns.iter().enumerate() {
            let (numbers, flags, codes) = column.encoding.widths();
            owners.numbers.extend(vec![place; numbers]);
            owners.flags.extend(vec![place; flags]);
            owners.codes.extend(vec![place; codes]);
        }
        owners
    }

    /// What becomes of the pictures; none when the model takes none.
    pub fn image(&self) -> Option<&ImageEncoding> {
        self.columns.iter().find_map(|column| match &column.encoding {
            Encoding::Image(encoding) => Some(encoding),
            _ => None,
        })
    }

    /// How many codes each embedded category has, code 0 (missing, unknown or rare) included.
    pub fn cardinalities(&self) -> Vec<usize> {
        let levels = |column: &PreparedColumn| match &column.encoding {
            Encoding::Embedding(levels) => Some(levels.known.len() + 1),
            _ => None,
        };
        self.columns.iter().filter_map(levels).collect()
    }

    /// The preparation as it is stored.
    pub fn to_json(&self) -> Result<String, PrepareError> {
        serde_json::to_string_pretty(self).map_err(|source| PrepareError::Damaged(source.to_string()))
    }

    /// Reads a stored preparation, each value held to its bounds.
    pub fn from_json(text: &str) -> Result<Self, PrepareError> {
        let read: Self =
            serde_json::from_str(text).map_err(|source| PrepareError::Damaged(source.to_string()))?;
        if read.schema == SCHEMA { Ok(read) } else { Err(PrepareError::Schema(read.schema)) }
    }
}

impl Encoding {
    /// How many numbers, flags and codes a row gets.
    fn widths(&self) -> (usize, usize, usize) {
        match self {
            Self::Number { indicator, .. } => (1, usize::from(*indicator), 0),
            Self::Time { parts, indicator } => (parts.len(), usize::from(*indicator), 0),
            Self::OneHot(one_hot) => (0, one_hot.width(), 0),
            Self::Embedding(_) => (0, 0, 1),
            Self::Image(_) | Self::Text => (0, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests;
