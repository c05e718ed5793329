//! Is there a slice of the data where the model is much worse?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::{LEAST_ROWS, NOTHING_JUDGED, SIGNIFICANCE};
use crate::slices::{Comparison, Pair, Slice, by_column, compare, crossed};
use crate::{EvaluateContext, PartEvaluation};

const RATIO: f64 = 2.0;
const POINTS: f64 = 0.05;
const OF_ONE: f64 = 1.5;
const SHOWN: usize = 10;

pub(super) const PAGE: Page = Page {
    id: "evaluate.systematic-errors",
    question: "Is there a value of a column, a pair of values, or a pair of classes, where errors pile up beyond chance?",
    why: "An average hides the sensor, the region or the product for which the model does not work, and those are the cheapest errors to fix.",
    evidence: "Each category, fifth of the numbers, month and missing value of every input: its error beside that of all other rows, p-values corrected for the number of slices (Holm); the same for every pair of values of two columns, up to 30 columns; the most frequent confusions.",
    thresholds: &[
        Threshold {
            name: "error of the slice over that of the rest",
            value: RATIO,
            reason: "twice as bad: smaller differences are the rule, since some rows are harder",
        },
        Threshold {
            name: "difference in error rate",
            value: POINTS,
            reason: "five points, for classes only: two in a thousand against one is no finding",
        },
        Threshold {
            name: "error of a pair over that of either of its values",
            value: OF_ONE,
            reason: "half as much again: else the one value is the finding",
        },
        Threshold {
            name: "corrected p-value",
            value: SIGNIFICANCE / 2.0,
            reason: "one false alarm in a hundred tables, half of it for values and half for pairs",
        },
        Threshold {
            name: "rows of a slice",
            value: LEAST_ROWS as f64,
            reason: "a rate of one half is then known to within 18 points",
        },
    ],
    false_alarms: "A slice where both classes are frequent is harder than one where a class hardly occurs: compare it with a baseline on the same slice.",
    remedy: "collect or weight rows of the slice, check its labels, or add the column that tells its rows apart",
    sources: &[Source::BestPractices, Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let rows = &part.scored.rows;
    if rows.len() < 2 * LEAST_ROWS {
        return Judgement::skipped(format!("{} rows are too few to slice", rows.len()));
    }
    let target = context.subject.target.name.as_str();
    let inputs = context.subject.table.inputs(Some(target));
    let of_columns: Vec<Vec<Slice>> = inputs.map(|column| by_column(column, rows)).collect();
    let slices: Vec<Slice> = of_columns.iter().flatten().cloned().collect();
    let errors = part.scored.errors();
    let compared = compare(&errors, &slices, LEAST_ROWS);
    let least = if part.residuals.is_some() { 0.0 } else { POINTS };
    let bad: Vec<&Comparison<'_>> = compared.iter().filter(|c| is_bad(c, least)).collect();
    let pairs = crossed(&errors, &of_columns, LEAST_ROWS);
    let bad_pairs: Vec<&Pair> = pairs.iter().filter(|pair| is_bad_pair(pair, least)).collect();
    verdict(&bad, &bad_pairs, compared.len(), pairs.len())
        .with("slices", compared.len())
        .with("pairs", pairs.len())
        .with("worse", bad.len())
        .with("worse_pairs", bad_pairs.len())
        .with("worst", bad.iter().take(SHOWN).map(|c| c.fact()).collect::<Vec<_>>())
        .with("worst_pairs", bad_pairs.iter().take(SHOWN).map(|pair| fact_of(pair)).collect::<Vec<_>>())
        .with("confusions", confusions(part, &context.evaluation.classes))
}

fn verdict(bad: &[&Comparison<'_>], pairs: &[&Pair], slices: usize, of_pairs: usize) -> Judgement {
    let pair = |pair: &Pair| format!("{} (error {:.3} against {:.3})", pair.name, pair.error, pair.rest);
    match (bad.first(), pairs.first()) {
        (None, None) => Judgement::pass(format!(
            "none of {slices} slices and {of_pairs} pairs of them is much worse than the rest"
        )),
        (Some(worst), None) => Judgement::warn(format!(
            "{} of {slices} slices are much worse than the rest, the worst is {}",
            bad.len(),
            worst.named()
        )),
        (None, Some(worst)) => Judgement::warn(format!(
            "no slice alone but {} of {of_pairs} pairs are much worse than the rest, the worst is {}",
            pairs.len(),
            pair(worst)
        )),
        (Some(first), Some(second)) => Judgement::warn(format!(
            "{} of {slices} slices and {} of {of_pairs} pairs are much worse than the rest, the worst are {} and {}",
            bad.len(),
            pairs.len(),
            first.named(),
            pair(second)
        )),
    }
}

fn fact_of(pair: &Pair) -> serde_json::Value {
    json!({"pair": pair.name, "rows": pair.rows, "error": pair.error, "error_of_the_rest": pair.rest,
           "error_of_one_value": pair.of_one, "p_adjusted": pair.p})
}

/// Much worse than the rest, and than the rows with either of its values.
fn is_bad_pair(pair: &Pair, least: f64) -> bool {
    pair.p < SIGNIFICANCE / 2.0
        && pair.error > RATIO * pair.rest
        && pair.error - pair.rest > least
        && pair.error > OF_ONE * pair.of_one
}

fn is_bad(comparison: &Comparison<'_>, least: f64) -> bool {
    comparison.p < SIGNIFICANCE / 2.0
        && comparison.error > RATIO * comparison.rest
        && comparison.error - comparison.rest > least
}

/// The pairs of classes that are confused most often.
fn confusions(part: &PartEvaluation, classes: &[String]) -> Vec<serde_json::Value> {
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let mut pairs: Vec<(u64, u64, usize, usize)> = Vec::new();
    for (truth, row) in part.confusion.iter().enumerate() {
        let support: u64 = row.iter().sum();
        let off = row.iter().enumerate().filter(|(predicted, count)| *predicted != truth && **count > 0);
        pairs.extend(off.map(|(predicted, &count)| (count, support, truth, predicted)));
    }
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.0));
    let fact = |&(count, support, truth, predicted): &(u64, u64, usize, usize)| json!({"true": name(truth), "predicted": name(predicted), "rows": count, "of": support});
    pairs.iter().take(SHOWN).map(fact).collect()
}
