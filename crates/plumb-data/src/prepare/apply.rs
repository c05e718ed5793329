//! Applying: rows of any table to the model's inputs, by the fitted constants alone.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use plumb_ledger::nearest::did_you_mean;

use crate::augment::VIEWS;
use crate::{Column, Labels, Table, Target, Values};

use super::fit::kind_of_values;
use super::{Encoding, Preparation, PrepareError, Prepared, PreparedColumn, PreparedImages, PreparedLabels};

/// One column's share of the inputs, column after column; transposed at the end.
#[derive(Default)]
struct Encoded {
    numbers: Vec<Vec<f32>>,
    flags: Vec<Vec<f32>>,
    codes: Option<Vec<u32>>,
    images: Option<PreparedImages>,
}

impl Preparation {
    /// Prepares `rows` of a table, in their order; with `target`, their labels too.
    ///
    /// Columns are matched by name and may stand in any order; others are not looked at. Each column is encoded
    /// in one pass (in parallel), then everything is transposed once. The result does not depend on which other
    /// rows are asked for.
    pub fn apply(
        &self,
        table: &Table,
        rows: &[u32],
        target: Option<&Target>,
    ) -> Result<Prepared, PrepareError> {
        let known = target.map_or(table.rows(), |target| table.rows().min(target.len()));
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= known) {
            return Err(PrepareError::NoSuchRow { row, rows: known });
        }
        let by_name = table.columns().iter().map(|column| (column.name.as_str(), column)).collect();
        let columns =
            self.columns.iter().map(|column| find(table, &by_name, column)).collect::<Result<Vec<_>, _>>()?;
        let of_texts = self.columns.iter().zip(&columns).filter(|(of, _)| of.encoding == Encoding::Text);
        let of_texts: Vec<&Column> = of_texts.map(|(_, column)| *column).collect();
        let texts = self.texts.as_ref().map(|encoding| encoding.apply(&of_texts, rows)).transpose()?;
        let encoded: Vec<Encoded> = self
            .columns
            .par_iter()
            .zip(columns)
            .map(|(prepared, column)| encode(&prepared.encoding, column, rows))
            .collect();
        let labels = target.map_or(Ok(PreparedLabels::Absent), |target| self.labels(target, rows))?;
        let (mut numbers, mut flags, mut codes, mut images) = (Vec::new(), Vec::new(), Vec::new(), None);
        for column in encoded {
            numbers.extend(column.numbers);
            flags.extend(column.flags);
            codes.extend(column.codes);
            images = images.or(column.images);
        }
        Ok(Prepared {
            rows: rows.len(),
            numbers_width: numbers.len(),
            numbers: transposed(&numbers, rows.len()),
            flags_width: flags.len(),
            flags: transposed(&flags, rows.len()),
            codes_width: codes.len(),
            codes: transposed(&codes, rows.len()),
            images,
            texts,
            labels,
        })
    }

    /// The labels as the loss takes them; classes are matched by name.
    fn labels(&self, target: &Target, rows: &[u32]) -> Result<PreparedLabels, PrepareError> {
        let wrong_task =
            PrepareError::TaskChanged { found: target.task.as_str(), expected: self.task.as_str() };
        match (&target.labels, &self.label_scale) {
            (Labels::Classes(codes), None) => {
                let own = |class: &String| self.classes.iter().position(|own| own == class);
                let translated: Vec<Option<usize>> = target.classes.iter().map(own).collect();
                let label = |&row: &u32| {
                    let code = codes[row as usize].ok_or(PrepareError::Unlabelled { row })?;
                    let own = translated.get(code as usize).copied().flatten();
                    own.map(|own| own as u32).ok_or_else(|| PrepareError::UnknownClass {
                        class: target.classes.get(code as usize).cloned().unwrap_or_default(),
                    })
                };
                Ok(PreparedLabels::Classes(rows.iter().map(label).collect::<Result<_, _>>()?))
            }
            (Labels::Numbers(numbers), Some(scale)) => {
                let label = |&row: &u32| {
                    let number = numbers[row as usize].ok_or(PrepareError::Unlabelled { row })?;
                    Ok(scale.standardise(number) as f32)
                };
                Ok(PreparedLabels::Numbers(rows.iter().map(label).collect::<Result<_, PrepareError>>()?))
            }
            _ => Err(wrong_task),
        }
    }
}

fn find<'a>(
    table: &'a Table,
    by_name: &HashMap<&str, &'a Column>,
    wanted: &PreparedColumn,
) -> Result<&'a Column, PrepareError> {
    let column = by_name.get(wanted.name.as_str()).ok_or_else(|| PrepareError::MissingColumn {
        name: wanted.name.clone(),
        near: did_you_mean(&wanted.name, table.names()),
    })?;
    let found = kind_of_values(column);
    if found == wanted.kind {
        return Ok(column);
    }
    let (found, expected) = (found.as_str(), wanted.kind.as_str());
    Err(PrepareError::KindChanged { name: wanted.name.clone(), found, expected })
}

fn encode(encoding: &Encoding, column: &Column, rows: &[u32]) -> Encoded {
    let missing = |wanted: bool| {
        let flag = |&row: &u32| f32::from(column.is_missing(row as usize));
        wanted.then(|| rows.iter().map(flag).collect()).into_iter().collect()
    };
    let at = |row: u32| (!column.is_missing(row as usize)).then_some(row as usize);
    match (encoding, &column.values) {
        (Encoding::Number { scale, indicator }, Values::Number(array)) => {
            let numbers = rows.iter().map(|&row| scale.apply(at(row).map(|row| array.value(row))));
            Encoded { numbers: vec![numbers.collect()], flags: missing(*indicator), ..Encoded::default() }
        }
        (Encoding::Time { parts, indicator }, Values::Time(array)) => {
            let numbers = parts.iter().map(|part| {
                let value = |&row: &u32| at(row).and_then(|row| part.part.of(array.value(row)));
                rows.iter().map(|row| part.scale.apply(value(row))).collect()
            });
            Encoded { numbers: numbers.collect(), flags: missing(*indicator), ..Encoded::default() }
        }
        (Encoding::OneHot(one_hot), _) => {
            Encoded { flags: one_hot.flags(column, rows), ..Encoded::default() }
        }
        (Encoding::Embedding(levels), _) => {
            Encoded { codes: Some(levels.codes(column, rows)), ..Encoded::default() }
        }
        (Encoding::Image(encoding), Values::Image(images)) => {
            let images = PreparedImages {
                set: Arc::clone(&images.set),
                rows: rows.to_vec(),
                encoding: encoding.clone(),
                view: VIEWS[0],
            };
            Encoded { images: Some(images), ..Encoded::default() }
        }
        (Encoding::Text, _) => Encoded::default(),
        // `find` has held the kinds equal; a stored preparation whose kind and encoding disagree ends here.
        (Encoding::Number { .. } | Encoding::Time { .. } | Encoding::Image(_), _) => Encoded {
            numbers: vec![vec![0.0; rows.len()]; encoding.widths().0],
            flags: vec![vec![0.0; rows.len()]; encoding.widths().1],
            ..Encoded::default()
        },
    }
}

/// Columns to rows.
fn transposed<T: Copy + Default + Send + Sync>(columns: &[Vec<T>], rows: usize) -> Vec<T> {
    let width = columns.len();
    let mut all = vec![T::default(); rows * width];
    if width > 0 {
        all.par_chunks_mut(width * 1024).enumerate().for_each(|(block, chunk)| {
            for (place, row) in chunk.chunks_exact_mut(width).enumerate() {
                for (cell, column) in row.iter_mut().zip(columns) {
                    *cell = column[block * 1024 + place];
                }
            }
        });
    }
    all
}
