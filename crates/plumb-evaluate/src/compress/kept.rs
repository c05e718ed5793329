//! What the same rows say of both models.

use plumb_data::Table;
use plumb_stats::calibration::ece;
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::{McNemarVariant, mcnemar, paired_bootstrap};
use plumb_stats::{Bootstrap, Metric, Task};
use serde::Serialize;

use crate::practices::LEAST_ROWS;
use crate::scored::{Scored, Truth};
use crate::slices::by_column;

/// The metric that decides, of both on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kept {
    /// The metric.
    pub metric: &'static str,
    /// Of the model that was compressed.
    pub before: f64,
    /// Of what became of it.
    pub after: f64,
    /// What was lost: the difference, more is worse.
    pub loss: f64,
    /// The lower end of its interval (paired bootstrap).
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether it can be told from chance: McNemar's exact test for classes, the bootstrap for numbers.
    pub p: f64,
    /// Rows that only the first, and that only the second has right; of classes.
    pub only_right: Option<[u64; 2]>,
    /// The rows.
    pub rows: usize,
    /// What may be lost.
    pub allowed: f64,
    /// The calibration error of both; of classes.
    pub ece: Option<[f64; 2]>,
    /// Each group.
    pub groups: Vec<GroupKept>,
}

/// A group of rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupKept {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// The rows.
    pub rows: usize,
    /// The share that the first model has right.
    pub before: f64,
    /// The share that the second has right.
    pub after: f64,
    /// McNemar's exact test, corrected for the number of groups (Holm).
    pub p_adjusted: f64,
}

/// A share of losses is beside the first model's value where the metric has no end.
fn allowed(metric: &Metric, before: f64, budget: f64) -> f64 {
    let has_no_end = metric.tasks.contains(&Task::Regression) || metric.name == "log_loss";
    if has_no_end { budget * before.abs() } else { budget }
}

impl Kept {
    /// Both models on the same rows in the same order; none where the metric is not defined there.
    pub fn new(
        (before, after): (&Scored, &Scored),
        metric: &'static Metric,
        budget: f64,
        bootstrap: &Bootstrap,
        (table, columns): (&Table, &[String]),
    ) -> Option<Self> {
        if before.rows != after.rows || before.truth != after.truth {
            return None;
        }
        let values = [before, after].map(|of| (metric.compute)(&of.outcome()));
        let (of_before, of_after) = (values[0]?, values[1]?);
        let found = paired_bootstrap(&before.outcome(), &after.outcome(), metric, bootstrap)?;
        let is_up = metric.gain(1.0, 0.0) > 0.0;
        let [low, high] = if is_up { [found.low, found.high] } else { [-found.high, -found.low] };
        let right = right(before).zip(right(after));
        let only_right = right.as_ref().map(|(a, b)| only_right(a, b, 0..a.len()));
        let p = only_right.map_or(found.p, |[a, b]| mcnemar(a, b, McNemarVariant::Exact).p);
        let groups = right.map(|(a, b)| groups(before, table, columns, (&a, &b))).unwrap_or_default();
        Some(Self {
            metric: metric.name,
            before: of_before,
            after: of_after,
            loss: if is_up { found.difference } else { -found.difference },
            low,
            high,
            p,
            only_right,
            rows: before.len(),
            allowed: allowed(metric, of_before, budget),
            ece: ece(&before.outcome()).zip(ece(&after.outcome())).map(|(a, b)| [a, b]),
            groups,
        })
    }
}

/// Whether each row's class was told right; none for numbers.
fn right(scored: &Scored) -> Option<Vec<bool>> {
    let Truth::Classes(truth) = &scored.truth else { return None };
    Some(truth.iter().zip(scored.outcome().predicted_classes()).map(|(a, b)| *a == b).collect())
}

fn only_right(a: &[bool], b: &[bool], places: impl Iterator<Item = usize>) -> [u64; 2] {
    places.fold([0, 0], |[only_a, only_b], at| {
        [only_a + u64::from(a[at] && !b[at]), only_b + u64::from(b[at] && !a[at])]
    })
}

fn groups(scored: &Scored, table: &Table, columns: &[String], (a, b): (&[bool], &[bool])) -> Vec<GroupKept> {
    let known = columns.iter().filter_map(|name| table.column(name));
    let slices = known.flat_map(|column| by_column(column, &scored.rows));
    let mut groups: Vec<GroupKept> = slices
        .filter(|slice| slice.places.len() >= LEAST_ROWS)
        .map(|slice| {
            let places = || slice.places.iter().map(|&place| place as usize);
            let share =
                |of: &[bool]| places().filter(|&at| of[at]).count() as f64 / slice.places.len() as f64;
            let [only_a, only_b] = only_right(a, b, places());
            GroupKept {
                before: share(a),
                after: share(b),
                rows: slice.places.len(),
                p_adjusted: mcnemar(only_a, only_b, McNemarVariant::Exact).p,
                column: slice.column,
                value: slice.value,
            }
        })
        .collect();
    let p: Vec<f64> = groups.iter().map(|group| group.p_adjusted).collect();
    for (group, p) in groups.iter_mut().zip(holm(&p)) {
        group.p_adjusted = p;
    }
    groups
}
