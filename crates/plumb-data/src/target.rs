//! The column to be predicted, as the task sees it.

use plumb_stats::Task;

/// The labels of all rows of a table; a row without one is unlabelled.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Class codes into [`Target::classes`].
    Classes(Vec<Option<u32>>),
    /// Numbers, finite.
    Numbers(Vec<Option<f64>>),
}

/// The target of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The column's name.
    pub name: String,
    /// What is to be predicted.
    pub task: Task,
    /// The names of the classes, sorted (numbers by value, else by code point); empty for regression.
    /// Codes of [`Labels::Classes`] index into it.
    pub classes: Vec<String>,
    /// One entry for each row of the table.
    pub labels: Labels,
}

impl Target {
    /// The rows that have a label, ascending.
    pub fn labelled_rows(&self) -> Vec<u32> {
        let rows = 0..self.len() as u32;
        match &self.labels {
            Labels::Classes(codes) => rows.filter(|&row| codes[row as usize].is_some()).collect(),
            Labels::Numbers(numbers) => rows.filter(|&row| numbers[row as usize].is_some()).collect(),
        }
    }

    /// How many rows it covers, labelled or not.
    pub fn len(&self) -> usize {
        match &self.labels {
            Labels::Classes(codes) => codes.len(),
            Labels::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether it covers no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class codes of labelled rows, in the order of `rows`; empty for regression.
    pub fn codes_of(&self, rows: &[u32]) -> Vec<u32> {
        match &self.labels {
            Labels::Classes(codes) => rows.iter().filter_map(|&row| codes[row as usize]).collect(),
            Labels::Numbers(_) => Vec::new(),
        }
    }

    /// The numbers of labelled rows, in the order of `rows`; empty for classification.
    pub fn numbers_of(&self, rows: &[u32]) -> Vec<f64> {
        match &self.labels {
            Labels::Numbers(numbers) => rows.iter().filter_map(|&row| numbers[row as usize]).collect(),
            Labels::Classes(_) => Vec::new(),
        }
    }
}
