//! Do groups have the same error rates?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::tests::wilson;
use serde_json::{Value, json};

use super::LEAST_ROWS;
use super::group_performance::groups;
use crate::EvaluateContext;
use crate::scored::Truth;
use crate::slices::Slice;

const DIFFERENCE: f64 = 0.1;

pub(super) const PAGE: Page = Page {
    id: "fairness.equalized-odds",
    question: "Are the true positive rate and the false positive rate the same in each group?",
    why: "Equal accuracy can hide that one group is wrongly refused and another wrongly accepted.",
    evidence: "Both rates of each group with intervals (Wilson), and for each column the largest difference with its interval (Newcombe).",
    thresholds: &[
        Threshold {
            name: "difference of rates",
            value: DIFFERENCE,
            reason: "ten points; smaller ones are hard to tell from chance in most tables",
        },
        Threshold {
            name: "rows of a group with that truth",
            value: LEAST_ROWS as f64,
            reason: "a rate of one half is then known to within 18 points",
        },
    ],
    false_alarms: "The largest of many differences is large by chance: it must exclude 0 by its interval as well, which is not corrected for the number of groups.",
    remedy: "choose a threshold for each group on the valid part, or weight the groups in training, and say what it costs",
    sources: &[
        Source::BestPractices,
        Source::Paper("Hardt, Price, Srebro, Equality of Opportunity in Supervised Learning (2016)"),
    ],
};

/// Predicted positives among the rows of a group with one truth.
struct Rate<'a> {
    slice: &'a Slice,
    kind: &'static str,
    hits: u64,
    rows: u64,
}

impl Rate<'_> {
    fn rate(&self) -> f64 {
        self.hits as f64 / self.rows as f64
    }

    fn fact(&self, level: f64) -> Value {
        let (low, high) = wilson(self.hits, self.rows, level);
        json!({"column": self.slice.column, "value": self.slice.value, "rate": self.kind, "rows": self.rows,
               "share": self.rate(), "low": low, "high": high})
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
        return Judgement::skipped("these rates have a meaning for two classes only");
    }
    let predicted = part.scored.outcome().predicted_classes();
    let rate = |slice, kind, wanted: u32| rate(slice, kind, wanted, truth, &predicted);
    let both = |slice| [rate(slice, "true positive rate", 1), rate(slice, "false positive rate", 0)];
    let rates: Vec<Rate<'_>> =
        slices.iter().flat_map(both).filter(|rate| rate.rows >= LEAST_ROWS as u64).collect();
    let level = context.config.level;
    let gaps = gaps(&rates, level);
    verdict(&gaps)
        .with("differences", gaps.iter().map(Gap::fact).collect::<Vec<_>>())
        .with("groups", rates.iter().map(|rate| rate.fact(level)).collect::<Vec<_>>())
}

fn rate<'a>(slice: &'a Slice, kind: &'static str, wanted: u32, truth: &[u32], predicted: &[u32]) -> Rate<'a> {
    let own = || slice.places.iter().map(|&place| place as usize).filter(|&place| truth[place] == wanted);
    let hits = own().filter(|&place| predicted[place] == 1).count() as u64;
    Rate { slice, kind, hits, rows: own().count() as u64 }
}

/// The largest difference of one rate among the groups of a column.
struct Gap<'a> {
    lowest: &'a Rate<'a>,
    highest: &'a Rate<'a>,
    difference: f64,
    low: f64,
    high: f64,
}

impl Gap<'_> {
    fn fact(&self) -> Value {
        json!({"column": self.lowest.slice.column, "rate": self.lowest.kind, "lowest": self.lowest.slice.value,
               "highest": self.highest.slice.value, "difference": self.difference, "low": self.low, "high": self.high})
    }
}

fn gaps<'a>(rates: &'a [Rate<'a>], level: f64) -> Vec<Gap<'a>> {
    let mut keys: Vec<(&str, &str)> =
        rates.iter().map(|rate| (rate.slice.column.as_str(), rate.kind)).collect();
    keys.sort_unstable();
    keys.dedup();
    let gap = |(column, kind): &(&str, &str)| {
        let own = || rates.iter().filter(|rate| rate.slice.column == *column && rate.kind == *kind);
        let lowest = own().min_by(|a, b| a.rate().total_cmp(&b.rate()))?;
        let highest = own().max_by(|a, b| a.rate().total_cmp(&b.rate()))?;
        (own().count() > 1).then(|| newcombe(lowest, highest, level))
    };
    keys.iter().filter_map(gap).collect()
}

/// The difference of two independent shares with Newcombe's hybrid score interval (1998, method 10).
fn newcombe<'a>(lowest: &'a Rate<'a>, highest: &'a Rate<'a>, level: f64) -> Gap<'a> {
    let (p, q) = (highest.rate(), lowest.rate());
    let (p_low, p_high) = wilson(highest.hits, highest.rows, level);
    let (q_low, q_high) = wilson(lowest.hits, lowest.rows, level);
    let difference = p - q;
    Gap {
        lowest,
        highest,
        difference,
        low: difference - (p - p_low).hypot(q_high - q),
        high: difference + (p_high - p).hypot(q - q_low),
    }
}

fn verdict(gaps: &[Gap<'_>]) -> Judgement {
    let is_wide = |gap: &Gap<'_>| gap.difference > DIFFERENCE && gap.low > 0.0;
    // What is sure comes before what is large by chance.
    let rank = |gap: &Gap<'_>| (is_wide(gap), gap.difference);
    let Some(worst) = gaps.iter().max_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    }) else {
        return Judgement::skipped("no two groups have rows enough of both truths to compare");
    };
    let text = format!(
        "in `{}`, the {} differs by {:.3} (between {:.3} and {:.3}) from `{}` to `{}`",
        worst.lowest.slice.column,
        worst.lowest.kind,
        worst.difference,
        worst.low,
        worst.high,
        worst.lowest.slice.value,
        worst.highest.slice.value
    );
    if is_wide(worst) { Judgement::warn(text) } else { Judgement::pass(text) }
}
