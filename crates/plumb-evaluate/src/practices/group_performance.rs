//! Is the model as good for each group of people?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::bootstrap;
use serde_json::{Value, json};

use super::{LEAST_ROWS, NOTHING_JUDGED, SIGNIFICANCE};
use crate::slices::{Comparison, Slice, by_groups, compare};
use crate::{EvaluateContext, PartEvaluation};

const RATIO: f64 = 1.25;
const SHOWN: usize = 50;

/// Why the fairness practices are skipped when nothing is named.
pub(super) const NO_GROUPS: &str = "no column is named in `evaluate.groups`";

pub(super) const PAGE: Page = Page {
    id: "fairness.group-performance",
    question: "Is the model as good for each named group, and for each combination of groups, as for everyone else?",
    why: "A model can be good on average and bad for those who are few in the data.",
    evidence: "The primary metric with its interval and the error of each group and combination, beside the error of all other rows, with corrected p-values; groups too small to judge are counted.",
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
    false_alarms: "Groups differ in how hard their rows are. A difference is a fact to explain, not a judgement about people.",
    remedy: "collect rows of the group, weight them, or give it its own threshold; say it in the model card",
    sources: &[Source::BestPractices, Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let (part, slices) = match groups(context) {
        Ok(found) => found,
        Err(reason) => return Judgement::skipped(reason),
    };
    let small = slices.iter().filter(|slice| slice.places.len() < LEAST_ROWS).count();
    let compared = compare(&part.scored.errors(), &slices, LEAST_ROWS);
    if compared.is_empty() {
        return Judgement::skipped(format!(
            "no group has {LEAST_ROWS} rows and as many others to compare with"
        ));
    }
    let is_worse = |c: &&Comparison<'_>| c.p < SIGNIFICANCE && c.error > RATIO * c.rest;
    let worse: Vec<&Comparison<'_>> = compared.iter().filter(is_worse).collect();
    let judgement = match worse.first() {
        None => Judgement::pass(format!("none of {} groups fares worse than everyone else", compared.len())),
        Some(worst) => Judgement::warn(format!(
            "{} of {} groups fare worse, most of all {}",
            worse.len(),
            compared.len(),
            worst.named()
        )),
    };
    judgement
        .with("groups", compared.len())
        .with("worse", worse.len())
        .with("too_small", small)
        .with("values", compared.iter().take(SHOWN).map(|c| fact(context, part, c)).collect::<Vec<_>>())
}

fn fact(context: &EvaluateContext<'_>, part: &PartEvaluation, comparison: &Comparison<'_>) -> Value {
    let own = part.scored.at(&comparison.slice.places);
    let interval = bootstrap(&own.outcome(), context.evaluation.primary.metric, &context.config.bootstrap());
    let mut fact = comparison.fact();
    fact["metric"] = json!(context.primary());
    fact["metric_value"] = json!(interval.map(|interval| interval.value));
    fact["metric_low"] = json!(interval.map(|interval| interval.low));
    fact["metric_high"] = json!(interval.map(|interval| interval.high));
    fact
}

/// The judged part and its groups, or why there are none.
pub(super) fn groups<'a>(context: &EvaluateContext<'a>) -> Result<(&'a PartEvaluation, Vec<Slice>), String> {
    let names = &context.config.groups;
    if names.is_empty() {
        return Err(NO_GROUPS.to_owned());
    }
    let table = context.subject.table;
    if let Some(missing) = names.iter().find(|name| table.column(name).is_none()) {
        return Err(format!("the table has no column `{missing}`"));
    }
    let part = context.judged().ok_or(NOTHING_JUDGED)?;
    Ok((part, by_groups(table, names, &part.scored.rows)))
}
