//! `[data]`: which files, what to learn from them.

use std::collections::BTreeMap;

use plumb_data::Kind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Auto;

/// What stands between the fields of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Delimiter {
    /// Found out.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// A comma.
    #[serde(rename = ",")]
    Comma,
    /// A semicolon.
    #[serde(rename = ";")]
    Semicolon,
    /// A tab.
    #[serde(rename = "\t")]
    Tab,
    /// A vertical bar.
    #[serde(rename = "|")]
    Bar,
}

impl Delimiter {
    /// The character as a byte; none for one to be found out.
    pub(crate) fn byte(self) -> Option<u8> {
        match self {
            Self::Auto => None,
            Self::Comma => Some(b','),
            Self::Semicolon => Some(b';'),
            Self::Tab => Some(b'\t'),
            Self::Bar => Some(b'|'),
        }
    }
}

/// The data to learn from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DataSection {
    /// The files to read: CSV, TSV, JSON Lines, Parquet or Arrow, also as `.gz` and `.zst`; or one folder of pictures.
    ///
    /// Paths, folders or globs, relative to the job file. Several files are read as one table and must have
    /// the same columns. A folder of class folders with pictures, or of IDX files, has the columns `image` and `label`, and
    /// `part` where the outermost folders are called train, valid or test.
    pub(crate) files: Vec<String>,
    /// The column to predict.
    ///
    /// Texts and whole numbers with few values are classes, other numbers a regression; `data.kinds` overrides
    /// that: `kinds = { grade = "category" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// What each column is to the job, where the inferred kind is wrong.
    ///
    /// `plumb init` writes down the inferred kinds with their reasons. Columns of kind `group`, `id`, `text`
    /// and `ignore` are never an input of a model for tables.
    #[schemars(schema_with = "kinds_schema")]
    pub(crate) kinds: BTreeMap<String, Kind>,
    /// What stands between the fields of a text file.
    ///
    /// `auto` finds it out from the first lines.
    pub(crate) delimiter: Delimiter,
    /// Whether text files begin with the names of their columns.
    ///
    /// `auto` finds it out from the first lines.
    pub(crate) header: Auto<bool>,
    /// Data that the training data should be like: recent, or from production.
    ///
    /// `data.representative` compares each column by effect size and corrected p. Without it the practice is
    /// skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

fn kinds_schema(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    json_schema!({ "type": "object", "additionalProperties": { "enum": words } })
}
