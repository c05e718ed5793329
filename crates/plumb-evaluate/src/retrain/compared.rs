//! What the same rows say of champion and challenger.

use plumb_data::Table;
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::{McNemarVariant, PairedDifference, mcnemar, paired_bootstrap};
use plumb_stats::{Bootstrap, Metric};
use serde::{Deserialize, Serialize};

use crate::practices::LEAST_ROWS;
use crate::scored::{Scored, Truth};
use crate::slices::by_column;

/// The metric that decides, of both on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The metric.
    pub metric: String,
    /// Of the champion.
    pub champion: f64,
    /// Of the challenger.
    pub challenger: f64,
    /// What the challenger gains: the difference, turned so that more is better.
    pub gain: f64,
    /// The lower end of its interval (paired bootstrap).
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How sure the interval is, a share.
    pub level: f64,
    /// The two-sided p-value of no difference.
    pub p: f64,
    /// Of classes: rows that only the champion, and that only the challenger has right.
    pub only_right: Option<[u64; 2]>,
    /// McNemar's exact test of these two numbers.
    pub mcnemar_p: Option<f64>,
    /// The rows.
    pub rows: usize,
    /// Each group of the job.
    pub groups: Vec<GroupCompared>,
}

/// A group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupCompared {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// The rows.
    pub rows: usize,
    /// The metric of the champion.
    pub champion: f64,
    /// The metric of the challenger.
    pub challenger: f64,
    /// What the challenger gains.
    pub gain: f64,
    /// The p-value of no difference, corrected for the number of groups (Holm).
    pub p_adjusted: f64,
}

impl Compared {
    /// Both models on the same rows in the same order; none where the metric is not defined there.
    pub fn new(
        (champion, challenger): (&Scored, &Scored),
        metric: &'static Metric,
        bootstrap: &Bootstrap,
        (table, columns): (&Table, &[String]),
    ) -> Option<Self> {
        if champion.rows != challenger.rows || champion.truth != challenger.truth {
            return None;
        }
        let (values, found) = measured((champion, challenger), metric, bootstrap)?;
        let only_right = only_right(champion, challenger);
        Some(Self {
            metric: metric.name.to_owned(),
            champion: values[0],
            challenger: values[1],
            gain: found.difference,
            low: found.low,
            high: found.high,
            level: bootstrap.level,
            p: found.p,
            only_right,
            mcnemar_p: only_right.map(|[a, b]| mcnemar(a, b, McNemarVariant::Exact).p),
            rows: champion.len(),
            groups: groups((champion, challenger), metric, bootstrap, (table, columns)),
        })
    }

    /// `accuracy 0.8612 instead of 0.8423, a gain of +0.0189 (+0.0102 to +0.0276) on 3021 rows that neither has seen`.
    pub fn words(&self) -> String {
        format!(
            "{} {:.4} instead of {:.4}, a gain of {:+.4} ({:+.4} to {:+.4}) on {} rows that neither was trained on",
            self.metric, self.challenger, self.champion, self.gain, self.low, self.high, self.rows
        )
    }
}

/// The metric of both, and what the second gains.
fn measured(
    (champion, challenger): (&Scored, &Scored),
    metric: &'static Metric,
    bootstrap: &Bootstrap,
) -> Option<([f64; 2], PairedDifference)> {
    let value = |of: &Scored| (metric.compute)(&of.outcome());
    let values = [value(champion)?, value(challenger)?];
    // For a metric of which less is better, the champion stands first: the difference is a gain in any case.
    let is_up = metric.gain(1.0, 0.0) > 0.0;
    let (first, second) = if is_up { (challenger, champion) } else { (champion, challenger) };
    let found = paired_bootstrap(&first.outcome(), &second.outcome(), metric, bootstrap)?;
    Some((values, found))
}

/// Rows that only the first, and that only the second has right; none for numbers.
fn only_right(champion: &Scored, challenger: &Scored) -> Option<[u64; 2]> {
    let Truth::Classes(truth) = &champion.truth else { return None };
    let told = [champion, challenger].map(|of| of.outcome().predicted_classes());
    let [a, b] = &told;
    let rows = truth.iter().zip(a.iter().zip(b));
    Some(rows.fold([0, 0], |[only_a, only_b], (class, (a, b))| {
        let (a, b) = (a == class, b == class);
        [only_a + u64::from(a && !b), only_b + u64::from(b && !a)]
    }))
}

fn groups(
    (champion, challenger): (&Scored, &Scored),
    metric: &'static Metric,
    bootstrap: &Bootstrap,
    (table, columns): (&Table, &[String]),
) -> Vec<GroupCompared> {
    let known = columns.iter().filter_map(|name| table.column(name));
    let slices = known.flat_map(|column| by_column(column, &champion.rows));
    let mut groups: Vec<GroupCompared> = slices
        .filter(|slice| slice.places.len() >= LEAST_ROWS)
        .filter_map(|slice| {
            let both = (&champion.at(&slice.places), &challenger.at(&slice.places));
            let (values, found) = measured(both, metric, bootstrap)?;
            Some(GroupCompared {
                rows: slice.places.len(),
                champion: values[0],
                challenger: values[1],
                gain: found.difference,
                p_adjusted: found.p,
                column: slice.column,
                value: slice.value,
            })
        })
        .collect();
    let p: Vec<f64> = groups.iter().map(|group| group.p_adjusted).collect();
    for (group, p) in groups.iter_mut().zip(holm(&p)) {
        group.p_adjusted = p;
    }
    groups
}
