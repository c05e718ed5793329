//! `predictions.parquet` read back: what was true and what was predicted for each row.

use std::collections::BTreeMap;
use std::path::Path;

use plumb_data::read::{ReadOptions, read, read_bytes};
use plumb_data::{Column, Kind, Table};
use plumb_ledger::Limits;

use crate::run::files;

/// Bytes of the table in memory. 2 GiB: fifty million rows of a regression, or a million of two hundred classes.
const TABLE_BYTES: usize = 2 << 30;

/// Why predictions are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// There are none.
    #[error("it has no predictions yet")]
    Missing,
    /// The file is not what it should be.
    #[error("its predictions cannot be read ({0})")]
    Broken(String),
    /// A column is missing.
    #[error("its predictions have no column `{0}`")]
    NoColumn(String),
}

/// What was predicted for the rows of a run, in the order of the file.
#[derive(Debug)]
pub(crate) struct Predicted {
    /// Row numbers.
    pub(crate) rows: Vec<u32>,
    /// `valid` or `test`.
    pub(crate) parts: Vec<&'static str>,
    /// The fold, 0 for the split itself.
    pub(crate) folds: Vec<u32>,
    /// True and predicted values.
    pub(crate) outcomes: Outcomes,
}

/// True and predicted values.
#[derive(Debug)]
pub(crate) enum Outcomes {
    /// Classes.
    Classes {
        /// Their names, in the order of the probabilities.
        names: Vec<String>,
        /// The true class of each row; none where the target is missing or no class of the model.
        truth: Vec<Option<u32>>,
        /// The predicted class.
        predicted: Vec<Option<u32>>,
        /// Row by row, one for each class.
        probabilities: Vec<f64>,
    },
    /// Numbers.
    Numbers {
        /// The true number of each row; NaN where it is missing.
        truth: Vec<f64>,
        /// The predicted number.
        predicted: Vec<f64>,
    },
}

/// The places of the rows that verdicts rest on: those of the test part, or of the valid part without a test part; folds left out.
pub(crate) fn part_rows(predicted: &Predicted) -> (&'static str, Vec<usize>) {
    let test = rows_of(predicted, "test");
    if test.is_empty() { ("valid", rows_of(predicted, "valid")) } else { ("test", test) }
}

/// The places of the valid rows, those of the split itself.
pub(crate) fn valid_rows(predicted: &Predicted) -> Vec<usize> {
    rows_of(predicted, "valid")
}

/// The places of the rows of a part; folds left out.
pub(crate) fn rows_of(predicted: &Predicted, part: &str) -> Vec<usize> {
    (0..predicted.rows.len()).filter(|&at| predicted.parts[at] == part && predicted.folds[at] == 0).collect()
}

impl Predicted {
    /// Reads the file of a run folder, under the limits of every table.
    pub(crate) fn read(folder: &Path) -> Result<Self, Unreadable> {
        if !folder.join(files::PREDICTIONS).is_file() {
            return Err(Unreadable::Missing);
        }
        let options =
            ReadOptions { files: vec![files::PREDICTIONS.to_owned()], base: folder.to_owned(), ..options() };
        let table = read(&options, &|_| {}).map_err(|e| Unreadable::Broken(e.to_string()))?.table;
        Self::of_table(&table)
    }

    /// The same of a file that is in memory.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let read = read_bytes(files::PREDICTIONS, bytes.to_vec(), &options());
        Self::of_table(&read.map_err(|e| Unreadable::Broken(e.to_string()))?.table)
    }

    fn of_table(table: &Table) -> Result<Self, Unreadable> {
        let column = |name: &str| table.column(name).ok_or_else(|| Unreadable::NoColumn(name.to_owned()));
        let part = column("part")?;
        let part = |row: usize| if part.display(row) == "test" { "test" } else { "valid" };
        let whole = |name: &str| -> Result<Vec<u32>, Unreadable> {
            let numbers = numbers(column(name)?)?;
            Ok(numbers.into_iter().map(|value| value.max(0.0) as u32).collect())
        };
        let names: Vec<&str> = table.columns().iter().filter_map(|c| c.name.strip_prefix("p_")).collect();
        let outcomes = if names.is_empty() {
            Outcomes::Numbers {
                truth: numbers(column("target")?)?,
                predicted: numbers(column("prediction")?)?,
            }
        } else {
            classes(table, &names, column("target")?, column("prediction")?)?
        };
        let rows = whole("row")?;
        Ok(Self { parts: (0..rows.len()).map(part).collect(), folds: whole("fold")?, rows, outcomes })
    }
}

fn options() -> ReadOptions {
    let kinds = [("row", Kind::Number), ("part", Kind::Category), ("fold", Kind::Number)];
    ReadOptions {
        kinds: kinds.map(|(name, kind)| (name.to_owned(), kind)).into(),
        limits: Limits { table_bytes: TABLE_BYTES, ..Limits::DEFAULT },
        ..ReadOptions::default()
    }
}

fn numbers(column: &Column) -> Result<Vec<f64>, Unreadable> {
    let numbers = column.numbers().ok_or_else(|| Unreadable::NoColumn(column.name.clone()))?;
    Ok(numbers.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

fn classes(
    table: &Table,
    names: &[&str],
    target: &Column,
    prediction: &Column,
) -> Result<Outcomes, Unreadable> {
    let codes: BTreeMap<&str, u32> = names.iter().zip(0..).map(|(name, code)| (*name, code)).collect();
    let code = |column: &Column, row: usize| {
        if column.is_missing(row) { None } else { codes.get(column.display(row).as_str()).copied() }
    };
    let rows = target.len();
    let mut probabilities = vec![0.0; rows * names.len()];
    for (class, name) in names.iter().enumerate() {
        let column =
            table.column(&format!("p_{name}")).ok_or_else(|| Unreadable::NoColumn(format!("p_{name}")))?;
        for (row, p) in numbers(column)?.into_iter().enumerate() {
            if let Some(place) = probabilities.get_mut(row * names.len() + class) {
                *place = p;
            }
        }
    }
    Ok(Outcomes::Classes {
        truth: (0..rows).map(|row| code(target, row)).collect(),
        predicted: (0..rows).map(|row| code(prediction, row)).collect(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        probabilities,
    })
}
