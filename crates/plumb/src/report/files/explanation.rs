//! `explanation.json`: why a model says what it says.

use serde::Deserialize;

use super::lenient::Number;

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Explanation {
    /// How single rows are explained.
    pub(crate) method: String,
    /// What is explained: classes, or the target.
    pub(crate) outputs: Vec<String>,
    /// How many background rows stand for a column that is left out.
    pub(crate) background: usize,
    /// The metric by which columns are worth something.
    pub(crate) metric: String,
    /// The mean answer over the background, by output.
    pub(crate) base: Option<Vec<Number>>,
    /// The columns, in the order of the table.
    pub(crate) importance: Vec<Worth>,
    /// The columns that matter most.
    pub(crate) dependence: Vec<Curve>,
    /// Single rows.
    pub(crate) rows: Vec<ExplainedRow>,
    /// What answers rest on.
    pub(crate) influence: Vec<RestsOn>,
    /// Rows that stand for classes.
    pub(crate) prototypes: Vec<StandsFor>,
    /// Texts by their words.
    pub(crate) texts: Vec<ExplainedText>,
    /// Pictures by their parts.
    pub(crate) pictures: Vec<ExplainedPicture>,
    /// The fewest changes that turn a row.
    pub(crate) counterfactuals: Vec<Turned>,
}

/// What a column is worth.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Worth {
    /// The column.
    pub(crate) column: String,
    /// By how much the metric is worse without it.
    pub(crate) loss: Number,
    /// Over repeats.
    pub(crate) deviation: Number,
    /// The mean size of what it adds.
    pub(crate) size: Number,
}

/// How the answers depend on a column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Curve {
    /// The column.
    pub(crate) column: String,
    /// Rows over which the answers are averaged.
    pub(crate) rows: usize,
    /// Its values as text.
    pub(crate) labels: Vec<String>,
    /// Its values; empty for categories.
    pub(crate) values: Vec<Number>,
    /// The mean answer for each, by output.
    pub(crate) mean: Vec<Vec<Number>>,
}

/// A row and what its columns add.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExplainedRow {
    /// Its number in the table.
    pub(crate) row: u32,
    /// What the model says.
    pub(crate) output: String,
    /// How sure it is, or the number.
    pub(crate) answer: Number,
    /// The columns, the largest first.
    pub(crate) columns: Vec<Added>,
}

/// What a column adds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Added {
    /// The column.
    pub(crate) column: String,
    /// Its value in the row.
    pub(crate) cell: String,
    /// What it adds.
    pub(crate) adds: Number,
    /// The standard error of that; none where nothing tells it.
    pub(crate) error: Option<Number>,
}

/// The train rows that an answer rests on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RestsOn {
    /// Its row.
    pub(crate) row: u32,
    /// What the model says.
    pub(crate) output: String,
    /// What speaks for it.
    #[serde(rename = "for")]
    pub(crate) speak_for: Vec<TrainRow>,
    /// What speaks against it.
    pub(crate) against: Vec<TrainRow>,
    /// What is most alike.
    pub(crate) alike: Vec<TrainRow>,
}

/// A train row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TrainRow {
    /// Its number.
    pub(crate) row: u32,
    /// Its label.
    pub(crate) label: String,
}

/// Rows that stand for a class.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StandsFor {
    /// The class.
    pub(crate) class: String,
    /// The rows.
    pub(crate) rows: Vec<u32>,
}

/// A text and what its words add.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExplainedText {
    /// Its row.
    pub(crate) row: u32,
    /// What the model says.
    pub(crate) output: String,
    /// How sure it is, or the number.
    pub(crate) answer: Number,
    /// Its pieces.
    pub(crate) pieces: Vec<TextPiece>,
}

/// A piece of a text: a word and the blanks before it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TextPiece {
    /// What stands there.
    pub(crate) text: String,
    /// How much less the answer is without the word.
    pub(crate) occlusion: Option<Number>,
}

/// A picture and its parts, which are drawn among the pictures.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExplainedPicture {
    /// How much of what the model does is linear in the segments.
    pub(crate) r2: Number,
}

/// The fewest changes that were found with which the model says something else.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Turned {
    /// The row.
    pub(crate) row: u32,
    /// What the model says of it.
    pub(crate) before: String,
    /// What it would say.
    pub(crate) after: String,
    /// How sure it would be.
    pub(crate) probability: Number,
    /// The changes.
    pub(crate) changes: Vec<Change>,
}

/// A change of a cell.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    /// The column.
    pub(crate) column: String,
    /// Its value in the row.
    pub(crate) from: String,
    /// The other value.
    pub(crate) to: String,
}
