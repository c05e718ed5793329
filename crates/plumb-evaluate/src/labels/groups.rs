//! Is each label told as well for each group of people?

use plumb_data::Table;
use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::{Metric, bootstrap};
use serde::Serialize;
use serde_json::json;

use super::LabelsReport;
use crate::practices::{LEAST_ROWS, SIGNIFICANCE};
use crate::slices::{Comparison, by_groups, compare};
use crate::{EvaluateConfig, Evaluation, PartEvaluation};

const RATIO: f64 = 1.25;
const SHOWN: usize = 50;

/// A label in the rows of a group, beside all others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelGroup {
    /// The label.
    pub label: String,
    /// The column of the group, or columns joined by ` x `.
    pub column: String,
    /// The group.
    pub value: String,
    /// Its rows.
    pub rows: usize,
    /// The share of them for which the label is told wrong.
    pub error: f64,
    /// The same of all other rows.
    pub error_of_the_rest: f64,
    /// The p-value of equal shares, corrected for the number of groups and labels.
    pub p_adjusted: f64,
    /// The primary metric of the label.
    pub metric: &'static str,
    /// Its value in the group; none where it is undefined.
    pub metric_value: Option<f64>,
    /// The lower end of its interval.
    pub metric_low: Option<f64>,
    /// The upper end.
    pub metric_high: Option<f64>,
}

pub(super) const PAGE: Page = Page {
    id: "fairness.label-groups",
    question: "Is each of several labels told as well for each named group, and for each combination of groups, as for everyone else?",
    why: "A model can tell a label well on average and badly for those who are few in the data, and be good at the other labels.",
    evidence: "Of each label and group the share of rows for which the label is told wrong beside that of all other rows, with p-values \
               corrected for the number of groups (Holm) and of labels, and the primary metric of the label with its interval.",
    thresholds: &[
        Threshold { name: "error over that of everyone else", value: RATIO, reason: "a quarter more errors" },
        Threshold {
            name: "corrected p-value",
            value: SIGNIFICANCE,
            reason: "one false alarm in a hundred tables",
        },
        Threshold {
            name: "rows of a group",
            value: LEAST_ROWS as f64,
            reason: "a rate of one half is then known to within 18 points",
        },
    ],
    false_alarms: "A label that is more frequent in a group is told wrong there more often. A difference is a fact to explain, not a \
                   judgement about people.",
    remedy: "collect rows of the group with the label, weight them, or give the group its own threshold; say it in the model card",
    sources: &[Source::BestPractices, Source::TestScore],
};

/// A label in each group of `evaluate.groups` that is large enough, the p-values corrected for the number of groups alone.
pub fn by_group(
    label: &str,
    evaluation: &Evaluation,
    table: &Table,
    config: &EvaluateConfig,
) -> Vec<LabelGroup> {
    let Some(part) = evaluation.judged() else { return Vec::new() };
    let slices = by_groups(table, &config.groups, &part.scored.rows);
    let metric = evaluation.primary.metric;
    let compared = compare(&part.scored.errors(), &slices, LEAST_ROWS);
    compared.iter().map(|of| one(label, of, part, metric, config)).collect()
}

fn one(
    label: &str,
    of: &Comparison<'_>,
    part: &PartEvaluation,
    metric: &'static Metric,
    config: &EvaluateConfig,
) -> LabelGroup {
    let own = part.scored.at(&of.slice.places);
    let interval = bootstrap(&own.outcome(), metric, &config.bootstrap());
    LabelGroup {
        label: label.to_owned(),
        column: of.slice.column.clone(),
        value: of.slice.value.clone(),
        rows: of.slice.places.len(),
        error: of.error,
        error_of_the_rest: of.rest,
        p_adjusted: of.p,
        metric: metric.name,
        metric_value: interval.map(|interval| interval.value),
        metric_low: interval.map(|interval| interval.low),
        metric_high: interval.map(|interval| interval.high),
    }
}

/// The groups of all labels, corrected for the number of labels too (Bonferroni), the worst first.
pub(super) fn of_all_labels(groups: impl Iterator<Item = LabelGroup>, labels: usize) -> Vec<LabelGroup> {
    let corrected =
        |of: LabelGroup| LabelGroup { p_adjusted: (of.p_adjusted * labels as f64).min(1.0), ..of };
    let mut all: Vec<LabelGroup> = groups.map(corrected).collect();
    all.sort_by(|a, b| (b.error - b.error_of_the_rest).total_cmp(&(a.error - a.error_of_the_rest)));
    all
}

pub(super) fn judge(report: &LabelsReport) -> Judgement {
    let Some(groups) = &report.groups else {
        return Judgement::skipped("no column is named in `evaluate.groups`");
    };
    if groups.is_empty() {
        return Judgement::skipped(format!(
            "no group has {LEAST_ROWS} rows and as many others to compare with"
        ));
    }
    let is_worse = |of: &&LabelGroup| of.p_adjusted < SIGNIFICANCE && of.error > RATIO * of.error_of_the_rest;
    let worse: Vec<&LabelGroup> = groups.iter().filter(is_worse).collect();
    let judgement = match worse.first() {
        None => Judgement::pass(format!(
            "no label fares worse in a group than for everyone else, of {} that were compared",
            groups.len()
        )),
        Some(worst) => Judgement::warn(format!(
            "{} of {} labels in groups fare worse, most of all `{}` where `{}` = `{}` (error {:.3} against {:.3})",
            worse.len(),
            groups.len(),
            worst.label,
            worst.column,
            worst.value,
            worst.error,
            worst.error_of_the_rest
        )),
    };
    let values: Vec<serde_json::Value> = groups.iter().take(SHOWN).map(|of| json!(of)).collect();
    judgement.with("compared", groups.len()).with("worse", worse.len()).with("values", values)
}
