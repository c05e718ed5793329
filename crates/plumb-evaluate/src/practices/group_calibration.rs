//! Do probabilities mean the same in each group?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::calibration::ece;
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::matched;
use serde_json::{Value, json};

use super::SIGNIFICANCE;
use super::group_performance::groups;
use crate::EvaluateContext;
use crate::scored::{Scored, Truth};
use crate::slices::Slice;

const GAP: f64 = 0.05;
const ROWS: usize = 100;

pub(super) const PAGE: Page = Page {
    id: "fairness.group-calibration",
    question: "Do events given 80 % happen as often in each group?",
    why: "A score that means one thing for some and another for others is read wrongly for one of them, whatever the threshold.",
    evidence: "For each group and class of it: how often the event happens minus the mean probability that was given, beside that of all \
               other rows, the difference with its interval and corrected p-value; and the calibration error of the group by itself.",
    thresholds: &[
        Threshold {
            name: "difference to the others",
            value: GAP,
            reason: "five points off on average; less seldom changes a decision",
        },
        Threshold {
            name: "corrected p-value",
            value: SIGNIFICANCE,
            reason: "one false alarm in a hundred tables",
        },
        Threshold {
            name: "rows of a group",
            value: ROWS as f64,
            reason: "a mean of probabilities is then known to within about ten points",
        },
    ],
    false_alarms: "Where groups differ in how often the event happens, calibration in each group and equal error rates cannot both hold: which matters is for people to say.",
    remedy: "fit a temperature or an isotonic regression for each group on the valid part, or add the column that tells them apart",
    sources: &[
        Source::BestPractices,
        Source::Paper(
            "Kleinberg, Mullainathan, Raghavan, Inherent Trade-Offs in the Fair Determination of Risk Scores (2016)",
        ),
    ],
};

/// A group's deviation from what was promised, beside that of all others.
struct Deviation {
    slice: Slice,
    own: f64,
    others: f64,
    difference: f64,
    low: f64,
    high: f64,
    p: f64,
    ece: Option<f64>,
}

impl Deviation {
    fn fact(&self) -> Value {
        json!({"column": self.slice.column, "value": self.slice.value, "rows": self.slice.places.len(),
               "observed_minus_given": self.own, "of_the_others": self.others, "difference": self.difference,
               "low": self.low, "high": self.high, "p_adjusted": self.p, "ece": self.ece})
    }

    fn is_wide(&self) -> bool {
        self.p < SIGNIFICANCE && self.difference.abs() > GAP
    }
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let (part, slices) = match groups(context) {
        Ok(found) => found,
        Err(reason) => return Judgement::skipped(reason),
    };
    if part.scored.labels_only {
        return Judgement::skipped("only classes are known, no probabilities");
    }
    let Some(gaps) = gaps(&part.scored) else { return Judgement::skipped("of two classes only") };
    let strata = vec![0; gaps.len()];
    let others = |slice: &Slice| gaps.len() - slice.places.len();
    let large = slices.into_iter().filter(|slice| slice.places.len() >= ROWS && others(slice) >= ROWS);
    let deviation = |slice: Slice| {
        let of = matched(&gaps, &strata, &slice.places, context.config.level)?;
        let ece = ece(&part.scored.at(&slice.places).outcome());
        let (own, others, difference) = (of.mean, of.expected, of.difference);
        Some(Deviation { slice, own, others, difference, low: of.low, high: of.high, p: of.p, ece })
    };
    let mut found: Vec<Deviation> = large.filter_map(deviation).collect();
    let adjusted = holm(&found.iter().map(|of| of.p).collect::<Vec<_>>());
    found.iter_mut().zip(adjusted).for_each(|(of, p)| of.p = p);
    found.sort_by(|a, b| b.difference.abs().total_cmp(&a.difference.abs()));
    verdict(&found).with("groups", found.iter().map(Deviation::fact).collect::<Vec<_>>())
}

fn verdict(found: &[Deviation]) -> Judgement {
    let Some(worst) = found.iter().find(|of| of.is_wide()).or(found.first()) else {
        return Judgement::skipped(format!("no group has {ROWS} rows and as many others"));
    };
    let text = format!(
        "in `{}` = `{}` observed minus given is {:+.3}, elsewhere {:+.3} (difference {:+.3}, between {:+.3} and {:+.3})",
        worst.slice.column,
        worst.slice.value,
        worst.own,
        worst.others,
        worst.difference,
        worst.low,
        worst.high
    );
    if worst.is_wide() { Judgement::warn(text) } else { Judgement::pass(text) }
}

/// Whether the event happened minus its probability, row by row: of the second of two classes.
fn gaps(scored: &Scored) -> Option<Vec<f64>> {
    let Truth::Classes(truth) = &scored.truth else { return None };
    let gap = |(row, &class): (&[f64], &u32)| f64::from(u8::from(class == 1)) - row[1];
    (scored.width == 2).then(|| scored.predicted.chunks_exact(2).zip(truth).map(gap).collect())
}
