//! What the report shows of the data: one entry a column.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::AuditContext;
use super::association::{Binned, Labelled};
use super::column_facts::{ColumnFacts, LEVELS, NumberFacts};
use crate::{Column, Kind};

/// Levels listed a column.
const LEVELS_LISTED: usize = 20;

/// The table as a person looks at it first; stored as `data.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of the format.
    pub schema: u32,
    /// Rows of the table.
    pub rows: usize,
    /// The name of the target, when one is named.
    pub target: Option<String>,
    /// What [`ColumnProfile::relation`] measures: `auroc` or `explained-rank-variance`; absent without a target.
    pub relation_measure: Option<String>,
    /// The columns, in the order of the table.
    pub columns: Vec<ColumnProfile>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What it is to the job.
    pub kind: Kind,
    /// Rows without a value.
    pub missing: usize,
    /// Different values.
    pub distinct: usize,
    /// How well the column alone predicts the target on held-out rows; absent for the target itself.
    pub relation: Option<f64>,
    /// For numbers and times (in milliseconds since 1970) with a finite value.
    pub numbers: Option<NumberProfile>,
    /// The most frequent levels of a category, at most 20, most frequent first.
    pub levels: Vec<LevelProfile>,
}

/// The finite values of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberProfile {
    /// Infinite values, counted in nothing else here.
    pub infinite: usize,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub deviation: f64,
    /// (level, value): minimum, 1 %, 5 %, quartiles, 95 %, 99 %, maximum.
    pub quantiles: Vec<(f64, f64)>,
    /// Counts in equal steps from `histogram_low` to `histogram_high`; the outer bars hold the tails.
    pub histogram: Vec<u32>,
    /// The 1 % quantile.
    pub histogram_low: f64,
    /// The 99 % quantile.
    pub histogram_high: f64,
}

/// One level of a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelProfile {
    /// Its text.
    pub level: String,
    /// Its rows.
    pub rows: u32,
}

/// Profiles the table. The facts of the audit are used again; the relations cost one pass over the data.
pub fn profile(context: &AuditContext) -> Profile {
    let labelled = context.labelled().ok().map(|(target, rows)| Labelled::new(target, rows, context.seed));
    let measure = context.target.as_ref().map(|target| {
        if target.task.is_classification() { "auroc" } else { "explained-rank-variance" }.to_owned()
    });
    let columns: Vec<(&Column, &ColumnFacts)> = context.columns().collect();
    let entry = |(column, facts): &(&Column, &ColumnFacts)| {
        let labelled = labelled.as_ref().filter(|_| !context.is_target(column));
        let relation = labelled.and_then(|l| l.score(&Binned::of(column, facts, l.classes())));
        column_profile(column, facts, relation)
    };
    Profile {
        schema: 1,
        rows: context.table.rows(),
        target: context.target.as_ref().map(|target| target.name.clone()),
        relation_measure: measure,
        columns: columns.par_iter().map(entry).collect(),
    }
}

fn column_profile(column: &Column, facts: &ColumnFacts, relation: Option<f64>) -> ColumnProfile {
    ColumnProfile {
        name: column.name.clone(),
        kind: column.kind,
        missing: facts.missing,
        distinct: facts.distinct,
        relation,
        numbers: facts.number.as_ref().map(number_profile),
        levels: levels(column, facts),
    }
}

fn number_profile(facts: &NumberFacts) -> NumberProfile {
    NumberProfile {
        infinite: facts.infinite,
        mean: facts.mean,
        deviation: facts.deviation,
        quantiles: LEVELS.into_iter().zip(facts.quantiles).collect(),
        histogram: facts.histogram.clone(),
        histogram_low: facts.quantiles[1],
        histogram_high: facts.quantiles[7],
    }
}

fn levels(column: &Column, facts: &ColumnFacts) -> Vec<LevelProfile> {
    let Some(categories) = column.categories() else { return Vec::new() };
    let mut codes: Vec<u32> =
        (0..facts.levels.len() as u32).filter(|&c| facts.levels[c as usize] > 0).collect();
    codes.sort_by_key(|&code| (std::cmp::Reverse(facts.levels[code as usize]), code));
    let level = |&code: &u32| LevelProfile {
        level: categories.level(code).to_owned(),
        rows: facts.levels[code as usize],
    };
    codes.iter().take(LEVELS_LISTED).map(level).collect()
}
