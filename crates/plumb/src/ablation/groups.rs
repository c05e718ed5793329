//! What leaving a practice out does to the differences between groups, on the valid rows.

use std::collections::BTreeMap;

use plumb_data::Table;
use plumb_data::read::read;
use plumb_evaluate::Grouping;
use serde::Serialize;

use crate::comparison::{Outcomes, Predicted, valid_rows};
use crate::fault::Fault;
use crate::job::JobFile;
use crate::run::read_options;

/// Rows of a rate below which a group is noise: as the `fairness.*` practices have it.
const LEAST_ROWS: usize = 30;

/// The largest differences between two groups of a column, by rate; none where no two groups have rows enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct GroupDifferences {
    /// The column.
    pub(crate) column: String,
    /// Of the shares that are called positive.
    pub(crate) selection_rates: Option<f64>,
    /// Of those among the positive rows.
    pub(crate) true_positive_rates: Option<f64>,
    /// Of those among the negative rows.
    pub(crate) false_positive_rates: Option<f64>,
}

/// The columns of `evaluate.groups`, read again for the rows that the runs have predicted.
#[derive(Debug)]
pub(super) struct GroupColumns {
    table: Table,
    names: Vec<String>,
}

impl GroupColumns {
    /// None where the job names no groups.
    pub(super) fn read(job: &JobFile) -> Result<Option<Self>, Fault> {
        let names = job.evaluate.groups.clone();
        if names.is_empty() {
            return Ok(None);
        }
        let options = read_options(job, job.data.files.clone());
        Ok(Some(Self { table: read(&options, &|_| {})?.table, names }))
    }

    /// The differences of each column; empty for targets of other than two classes.
    pub(super) fn differences(&self, predicted: &Predicted) -> Vec<GroupDifferences> {
        self.names.iter().filter_map(|name| self.of_column(name, predicted)).collect()
    }

    fn of_column(&self, name: &str, predicted: &Predicted) -> Option<GroupDifferences> {
        let Outcomes::Classes { names, truth, predicted: called, .. } = &predicted.outcomes else {
            return None;
        };
        let column = self.table.column(name).filter(|_| names.len() == 2)?;
        let places = valid_rows(predicted);
        let rows: Vec<u32> = places.iter().map(|&at| predicted.rows[at]).collect();
        let within = rows.iter().all(|&row| (row as usize) < self.table.rows());
        let grouping = Grouping::new(column, within.then_some(&rows)?);
        let group =
            |&at: &usize| grouping.label(predicted.rows[at]).map(|label| (label, truth[at], called[at]));
        let rows: Vec<(String, Option<u32>, Option<u32>)> = places.iter().filter_map(group).collect();
        let of_truth = |wanted: u32| spread(rows.iter().filter(|row| row.1 == Some(wanted)));
        Some(GroupDifferences {
            column: name.to_owned(),
            selection_rates: spread(rows.iter()),
            true_positive_rates: of_truth(1),
            false_positive_rates: of_truth(0),
        })
    }
}

fn spread<'a>(rows: impl Iterator<Item = &'a (String, Option<u32>, Option<u32>)>) -> Option<f64> {
    let mut groups = BTreeMap::<&str, (usize, usize)>::new();
    for (group, _, called) in rows {
        let (positive, all) = groups.entry(group).or_default();
        *positive += usize::from(*called == Some(1));
        *all += 1;
    }
    let enough = groups.values().filter(|(_, all)| *all >= LEAST_ROWS);
    let rates: Vec<f64> = enough.map(|(positive, all)| *positive as f64 / *all as f64).collect();
    let (low, high) =
        rates.iter().fold((1.0f64, 0.0f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
    (rates.len() > 1).then_some(high - low)
}
