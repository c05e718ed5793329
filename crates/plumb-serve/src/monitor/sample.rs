//! `reference.parquet`: rows that a model was judged on, as a log would have them, with what was true of each.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, LargeStringArray};
use plumb_data::Kind;

use super::layout::{self, Layout, TARGET, numbers};
use super::rows::Rows;

/// What was true of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// The class of each row, by its place in the list of classes; none where it is not known.
    Classes(Vec<Option<u32>>),
    /// The number of each row; NaN where it is not known.
    Numbers(Vec<f64>),
}

/// Rows with what was true of them.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The rows.
    pub rows: Rows,
    /// What was true.
    pub truth: Truth,
}

impl Sample {
    /// The file. The same rows give the same bytes.
    pub fn file(&self, layout: &Layout) -> Result<Vec<u8>, String> {
        let target: ArrayRef = match &self.truth {
            Truth::Numbers(numbers) => {
                Arc::new(numbers.iter().map(|x| Some(*x).filter(|x| x.is_finite())).collect::<Float64Array>())
            }
            Truth::Classes(codes) => {
                let name = |code: &Option<u32>| layout.classes.get((*code)? as usize).map(String::as_str);
                Arc::new(codes.iter().map(name).collect::<LargeStringArray>())
            }
        };
        layout::encode(vec![(TARGET.to_owned(), target)], &self.rows, layout)
    }

    /// Reads the file, under limits.
    pub fn read(name: &str, bytes: &[u8], layout: &Layout) -> Result<Self, String> {
        let is_number = layout.classes.is_empty();
        let kind = if is_number { Kind::Number } else { Kind::Category };
        let table = layout::table_of(name, bytes.to_vec(), &[(TARGET, kind)], Some(layout))?;
        let target = table.column(TARGET).ok_or_else(|| format!("it has no column `{TARGET}`"))?;
        let code = |row: usize| {
            let text = target.text_at(row)?;
            layout.classes.iter().position(|class| class == text).map(|place| place as u32)
        };
        let truth = if is_number {
            Truth::Numbers(numbers(target)?)
        } else {
            Truth::Classes((0..table.rows()).map(code).collect())
        };
        Ok(Self { rows: layout::decode(&table, layout)?, truth })
    }
}

#[cfg(test)]
mod tests {
    use plumb_data::{Column, Predictions, Table};

    use super::*;
    use crate::monitor::Embeddings;
    use crate::signature::Input;

    #[test]
    fn a_sample_comes_back_as_it_was() {
        let input = |name: &str, kind| Input { name: name.to_owned(), kind };
        let inputs = [
            input("weight", Kind::Number),
            input("site", Kind::Category),
            input("at", Kind::Time),
            input("photo", Kind::Image),
        ];
        let layout = Layout::new(&inputs, &["a".to_owned(), "b".to_owned()]);
        let table = Table::new(vec![
            Column::number("weight", Kind::Number, [Some(1.5), None, Some(f64::INFINITY)]),
            Column::category("site", Kind::Category, [Some("x"), Some(""), None]),
            Column::time("at", Kind::Time, [Some(5), Some(-1), None]),
        ]);
        let rows = Rows {
            table: table.unwrap(),
            predictions: Predictions::Probabilities {
                values: vec![0.1, 0.9, 0.5, 0.5, 1.0, 0.0],
                classes: 2,
            },
            embeddings: Some(Embeddings { values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], width: 2 }),
        };
        let sample = Sample { rows, truth: Truth::Classes(vec![Some(1), None, Some(0)]) };
        let file = sample.file(&layout).unwrap();
        assert_eq!(file, sample.file(&layout).unwrap());
        let read = Sample::read("reference.parquet", &file, &layout).unwrap();
        assert_eq!(read.truth, sample.truth);
        assert_eq!(read.rows.predictions, sample.rows.predictions);
        assert_eq!(read.rows.embeddings, sample.rows.embeddings);
        let texts = |rows: &Rows| -> Vec<String> {
            let columns = rows.table.columns().iter();
            columns
                .flat_map(|c| (0..3).map(|row| format!("{} {}", c.is_missing(row), c.display(row))))
                .collect()
        };
        assert_eq!(texts(&read.rows)[..3], texts(&sample.rows)[..3]);
        assert_eq!(texts(&read.rows)[6..], texts(&sample.rows)[6..]);
        for at in [0, 4, file.len() / 2, file.len() - 9] {
            let mut damaged = file.clone();
            damaged.truncate(at);
            assert!(Sample::read("reference.parquet", &damaged, &layout).is_err(), "{at}");
        }
    }
}
