//! Rows that a model was asked about, with what it said: of a log, or of a reference sample.

use plumb_data::{Column, Kind, Predictions, Table};

/// What a last layer shows of rows, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// The numbers, `rows x width`.
    pub values: Vec<f32>,
    /// Numbers of a row.
    pub width: usize,
}

/// Rows and answers, in one order.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The inputs that are kept as they came. Without columns for a model that reads pictures or texts alone.
    pub table: Table,
    /// The answers.
    pub predictions: Predictions,
    /// What stands for pictures and texts.
    pub embeddings: Option<Embeddings>,
}

impl Embeddings {
    fn keep(&self, rows: &[usize]) -> Self {
        let row = |row: &usize| self.values.iter().skip(row * self.width).take(self.width).copied();
        Self { values: rows.iter().flat_map(row).collect(), width: self.width }
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.predictions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of them, in this order; numbers past the end are left out.
    #[must_use]
    pub fn keep(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|&row| row < self.len()).collect();
        Self {
            table: self.table.keep(&rows),
            predictions: predictions_of(&self.predictions, &rows),
            embeddings: self.embeddings.as_ref().map(|of| of.keep(&rows)),
        }
    }

    /// All rows of several, one after the other; all must have the columns of the first. `None` where they have not, or of nothing.
    pub fn joined(pieces: &[&Self]) -> Option<Self> {
        let first = pieces.first()?;
        let columns = first.table.columns().iter().map(|column| {
            let all: Option<Vec<&Column>> =
                pieces.iter().map(|piece| piece.table.column(&column.name)).collect();
            Some(joined_column(column, &all?))
        });
        let table = Table::new(columns.collect::<Option<_>>()?).ok()?;
        let all = || pieces.iter().map(|piece| &piece.predictions);
        let predictions = match &first.predictions {
            Predictions::Numbers(_) => Predictions::Numbers(all().flat_map(values).copied().collect()),
            Predictions::Probabilities { classes, .. } => Predictions::Probabilities {
                values: all().flat_map(values).copied().collect(),
                classes: *classes,
            },
        };
        let embeddings = first.embeddings.as_ref().and_then(|first| {
            let same =
                |piece: &&Self| piece.embeddings.as_ref().filter(|of| of.width == first.width).cloned();
            let all: Option<Vec<Embeddings>> = pieces.iter().map(same).collect();
            let values = all?.into_iter().flat_map(|of| of.values).collect();
            Some(Embeddings { values, width: first.width })
        });
        Some(Self { table, predictions, embeddings })
    }
}

fn values(of: &Predictions) -> &[f64] {
    match of {
        Predictions::Probabilities { values, .. } | Predictions::Numbers(values) => values,
    }
}

/// The answers for some rows.
fn predictions_of(predictions: &Predictions, rows: &[usize]) -> Predictions {
    match predictions {
        Predictions::Numbers(numbers) => {
            Predictions::Numbers(rows.iter().filter_map(|&row| numbers.get(row).copied()).collect())
        }
        Predictions::Probabilities { values, classes } => {
            let of_row = |row: &usize| values.iter().skip(row * classes).take(*classes).copied();
            Predictions::Probabilities { values: rows.iter().flat_map(of_row).collect(), classes: *classes }
        }
    }
}

fn joined_column(first: &Column, all: &[&Column]) -> Column {
    let (name, kind) = (first.name.as_str(), first.kind);
    match kind {
        Kind::Number => {
            Column::number(name, kind, all.iter().filter_map(|column| column.numbers()).flatten())
        }
        Kind::Time => Column::time(name, kind, all.iter().filter_map(|column| column.times()).flatten()),
        _ => {
            let texts = all.iter().flat_map(|column| (0..column.len()).map(move |row| column.text_at(row)));
            Column::category(name, kind, texts)
        }
    }
}
