//! Are groups selected at similar rates?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::tests::wilson;
use serde_json::json;

use super::LEAST_ROWS;
use super::group_performance::groups;
use crate::EvaluateContext;
use crate::scored::Truth;
use crate::slices::Slice;

const RATIO: f64 = 0.8;

pub(super) const PAGE: Page = Page {
    id: "fairness.disparate-impact",
    question: "Is the positive class predicted for each group at least 0.8 times as often as for the group where it is most frequent?",
    why: "Where a prediction decides who gets something, unequal rates need a reason that can be told.",
    evidence: "The selection rate of each group with its interval (Wilson), and for each column the lowest rate over the highest, with an interval (delta method on the logarithm).",
    thresholds: &[
        Threshold {
            name: "lowest rate over highest",
            value: RATIO,
            reason: "the four-fifths rule of the US EEOC (1978), the customary figure; it decides nothing about law",
        },
        Threshold {
            name: "rows of a group",
            value: LEAST_ROWS as f64,
            reason: "a rate of one half is then known to within 18 points",
        },
    ],
    false_alarms: "Rates differ where the truth differs: compare with the share of positives in the evidence and with `fairness.equalized-odds`.",
    remedy: "look at which columns carry the difference; change the threshold or weight the groups, and say what it costs",
    sources: &[
        Source::BestPractices,
        Source::Paper("Feldman et al., Certifying and Removing Disparate Impact (2015)"),
    ],
};

/// A group's selection.
struct Selection<'a> {
    slice: &'a Slice,
    selected: u64,
    positive: u64,
    rows: u64,
}

impl Selection<'_> {
    fn rate(&self) -> f64 {
        self.selected as f64 / self.rows as f64
    }

    /// The variance of the logarithm of the rate, half a selection added so that a rate of 0 has one.
    fn log_variance(&self) -> f64 {
        1.0 / (self.selected as f64 + 0.5) - 1.0 / (self.rows as f64 + 0.5)
    }
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let (part, slices) = match groups(context) {
        Ok(found) => found,
        Err(reason) => return Judgement::skipped(reason),
    };
    let Truth::Classes(truth) = &part.scored.truth else {
        return Judgement::skipped("the target is a number");
    };
    if part.scored.width != 2 {
        return Judgement::skipped("selection has a meaning for two classes only");
    }
    let predicted = part.scored.outcome().predicted_classes();
    let count = |codes: &[u32], slice: &Slice| {
        slice.places.iter().filter(|&&place| codes[place as usize] == 1).count() as u64
    };
    let large = slices.iter().filter(|slice| slice.places.len() >= LEAST_ROWS);
    let selections: Vec<Selection<'_>> = large
        .map(|slice| Selection {
            slice,
            selected: count(&predicted, slice),
            positive: count(truth, slice),
            rows: slice.places.len() as u64,
        })
        .collect();
    let ratios = ratios(&selections, context.config.level);
    let facts = selections.iter().map(|s| {
        let (low, high) = wilson(s.selected, s.rows, context.config.level);
        json!({"column": s.slice.column, "value": s.slice.value, "rows": s.rows, "rate": s.rate(), "low": low,
               "high": high, "share_positive": s.positive as f64 / s.rows as f64})
    });
    verdict(&ratios)
        .with("positive_class", context.evaluation.classes.get(1).cloned().unwrap_or_default())
        .with("ratios", ratios.iter().map(Ratio::fact).collect::<Vec<_>>())
        .with("groups", facts.collect::<Vec<_>>())
}

/// The lowest over the highest rate among the groups of a column.
struct Ratio {
    column: String,
    lowest: String,
    highest: String,
    value: f64,
    low: f64,
    high: f64,
}

impl Ratio {
    fn fact(&self) -> serde_json::Value {
        json!({"column": self.column, "lowest": self.lowest, "highest": self.highest, "ratio": self.value,
               "low": self.low, "high": self.high})
    }
}

fn ratios(selections: &[Selection<'_>], level: f64) -> Vec<Ratio> {
    let mut columns: Vec<&str> = selections.iter().map(|s| s.slice.column.as_str()).collect();
    columns.dedup();
    let ratio = |column: &&str| {
        let own = || selections.iter().filter(|s| s.slice.column == *column);
        let lowest = own().min_by(|a, b| a.rate().total_cmp(&b.rate()))?;
        let highest = own().max_by(|a, b| a.rate().total_cmp(&b.rate()))?;
        (own().count() > 1 && highest.selected > 0).then(|| {
            let ratio = lowest.rate() / highest.rate();
            let spread = normal_half_width(level) * (lowest.log_variance() + highest.log_variance()).sqrt();
            Ratio {
                column: (*column).to_owned(),
                lowest: lowest.slice.value.clone(),
                highest: highest.slice.value.clone(),
                value: ratio,
                low: ratio * (-spread).exp(),
                high: (ratio * spread.exp()).min(1.0),
            }
        })
    };
    columns.iter().filter_map(ratio).collect()
}

/// The standard normal's quantile: Wilson's interval of one half over many trials, read backwards.
fn normal_half_width(level: f64) -> f64 {
    const TRIALS: u64 = 1 << 40;
    let (low, high) = wilson(TRIALS / 2, TRIALS, level);
    (high - low) * (TRIALS as f64).sqrt()
}

fn verdict(ratios: &[Ratio]) -> Judgement {
    let Some(worst) = ratios.iter().min_by(|a, b| a.value.total_cmp(&b.value)) else {
        return Judgement::skipped("no two groups are large enough to compare, or nobody is selected");
    };
    let Ratio { column, lowest, highest, value: ratio, low, high } = worst;
    let text = format!(
        "in `{column}`, `{lowest}` is selected {ratio:.2} times as often as `{highest}` (between {low:.2} and {high:.2})"
    );
    if *ratio < RATIO { Judgement::warn(text) } else { Judgement::pass(text) }
}
