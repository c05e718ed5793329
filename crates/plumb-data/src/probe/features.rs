//! The inputs of a probe: numbers with gaps and codes of categories, the same at fit and at prediction.

use rayon::prelude::*;

use plumb_ledger::nearest::did_you_mean;

use crate::pictures::THUMBNAIL;
use crate::prepare::{CalendarPart, Levels};
use crate::{Column, PredictError, Table, Target, Values};

/// Levels of a category that keep a code of their own; with code 0 for the others, codes fit a byte.
pub(super) const LEVELS: usize = 254;

/// Where the inputs come from.
#[derive(Debug, Clone)]
pub(super) struct Features(Vec<Feature>);

#[derive(Debug, Clone)]
struct Feature {
    column: String,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Number,
    Calendar(CalendarPart),
    Category(Levels),
    /// A field of a picture's thumbnail.
    Field(usize),
}

/// The values of one input for some rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FeatureValues {
    /// Numbers, finite; NaN is missing.
    Numbers(Vec<f64>),
    /// Codes; 0 is missing, unknown or beyond the most frequent levels.
    Codes {
        /// One for each row.
        codes: Vec<u32>,
        /// How many codes there are, 0 included.
        count: usize,
    },
}

/// Numbers are held within this, so that sums of their squares stay finite.
const LARGEST: f64 = 1e100;

impl Features {
    /// The input columns of a table; levels are those of `rows`.
    pub(super) fn fit(table: &Table, target: &Target, rows: &[u32]) -> Self {
        let of_column = |column: &Column| -> Vec<Feature> {
            let sources = match column.values {
                Values::Number(_) => vec![Source::Number],
                Values::Time(_) => CalendarPart::ALL.map(Source::Calendar).to_vec(),
                Values::Category(_) => {
                    vec![Source::Category(Levels::most_frequent(column, rows, LEVELS))]
                }
                Values::Image(_) => (0..THUMBNAIL * THUMBNAIL).map(Source::Field).collect(),
                Values::Text(_) => Vec::new(),
            };
            let feature = |source| Feature { column: column.name.clone(), source };
            sources.into_iter().map(feature).collect()
        };
        Self(table.inputs(Some(&target.name)).flat_map(of_column).collect())
    }

    /// The values of each input for `rows`; columns are matched by name.
    pub(super) fn values(&self, table: &Table, rows: &[u32]) -> Result<Vec<FeatureValues>, PredictError> {
        if let Some(row) = rows.iter().find(|&&row| row as usize >= table.rows()) {
            let message = format!("row {row} is beyond the table's {} rows", table.rows());
            return Err(PredictError { message });
        }
        self.0.par_iter().map(|feature| feature.values(table, rows)).collect()
    }
}

impl Feature {
    fn values(&self, table: &Table, rows: &[u32]) -> Result<FeatureValues, PredictError> {
        let column = table.column(&self.column).ok_or_else(|| PredictError {
            message: format!(
                "column `{}` is missing; {}",
                self.column,
                did_you_mean(&self.column, table.names())
            ),
        })?;
        let numbers = |number: &dyn Fn(usize) -> Option<f64>| {
            let present = |row: usize| if column.is_missing(row) { None } else { number(row) };
            let value = |&row: &u32| present(row as usize).map_or(f64::NAN, |x| x.clamp(-LARGEST, LARGEST));
            FeatureValues::Numbers(rows.iter().map(value).collect())
        };
        match (&self.source, &column.values) {
            (Source::Number, Values::Number(array)) => Ok(numbers(&|row| Some(array.value(row)))),
            (Source::Field(field), Values::Image(images)) => {
                Ok(numbers(&|row| images.set.thumbnail(row).map(|fields| f64::from(fields[*field]))))
            }
            (Source::Calendar(part), Values::Time(array)) => Ok(numbers(&|row| part.of(array.value(row)))),
            (Source::Category(levels), Values::Category(_)) => {
                Ok(FeatureValues::Codes { codes: levels.codes(column, rows), count: levels.known.len() + 1 })
            }
            _ => Err(PredictError {
                message: format!("column `{}` is of another kind than at the fit", self.column),
            }),
        }
    }
}
