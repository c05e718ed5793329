//! Do sets of classes, or ranges of numbers, hold the truth as often as they promise?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::conformal::{Coverage, coverage, coverage_p};
use serde_json::json;

use super::{LEAST_ROWS, SIGNIFICANCE};
use crate::EvaluateContext;

/// The levels that are shown; the middle one is judged.
const LEVELS: [f64; 3] = [0.8, 0.9, 0.95];
const JUDGED: f64 = 0.9;

pub(super) const PAGE: Page = Page {
    id: "evaluate.conformal",
    question: "Do sets of classes, or ranges of numbers, made to hold the truth nine times in ten hold it that often on the test part?",
    why: "A threshold from rows that the model has not seen makes a promise that needs nothing but rows that are alike. Where it is broken, the test rows are not like the valid rows.",
    evidence: "Split conformal sets (least ambiguous set-valued classifiers; of numbers the absolute residual) with thresholds from the valid part: the share of test rows whose set holds the truth with its interval (Wilson), and how large the sets are, at 80, 90 and 95 %.",
    thresholds: &[
        Threshold { name: "share promised", value: JUDGED, reason: "the customary level" },
        Threshold {
            name: "chance of so little coverage",
            value: SIGNIFICANCE,
            reason: "one false alarm in a hundred tables: the threshold and the rows it is tried on are both a draw (beta-binomial)",
        },
        Threshold {
            name: "rows of either part",
            value: LEAST_ROWS as f64,
            reason: "with fewer the interval holds anything",
        },
    ],
    false_alarms: "The valid part chose the epoch, so its rows fit a little better than new ones: coverage falls short by a point or two on small valid parts.",
    remedy: "look at what differs between the valid and the test rows (`data.representative`, `evaluate.shift`); take the thresholds from recent rows",
    sources: &[
        Source::Paper(
            "Sadinle, Lei, Wasserman, Least ambiguous set-valued classifiers with bounded error levels (2019)",
        ),
        Source::Paper("Angelopoulos, Bates, A gentle introduction to conformal prediction (2021)"),
    ],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let evaluation = context.evaluation;
    let (Some(valid), Some(test)) = (&evaluation.valid, &evaluation.test) else {
        return Judgement::skipped(
            "it needs a valid part for its thresholds and a test part to be judged on",
        );
    };
    if test.scored.labels_only {
        return Judgement::skipped("only classes are known, no probabilities");
    }
    let fewest = valid.scored.len().min(test.scored.len());
    if fewest < LEAST_ROWS {
        return Judgement::skipped(format!("{fewest} rows are too few"));
    }
    let at = |level: f64| coverage(&valid.scored.outcome(), &test.scored.outcome(), level);
    let Some(judged) = at(JUDGED) else { return Judgement::skipped("the scores are not finite") };
    let shown: Vec<Coverage> = LEVELS.into_iter().filter_map(at).collect();
    let covered = (judged.covered * judged.rows as f64).round() as usize;
    let chance = coverage_p(valid.scored.len(), judged.rows, covered, JUDGED).unwrap_or(1.0);
    let text = sizes(&judged);
    let judgement = if chance < SIGNIFICANCE { Judgement::warn(text) } else { Judgement::pass(text) };
    judgement.with("chance_of_so_little", chance).with("levels", json!(shown))
}

fn sizes(of: &Coverage) -> String {
    let size = match of.mean_size {
        Some(size) => format!("with {size:.2} classes on average"),
        None => format!("of \u{b1}{:.4}", of.threshold),
    };
    format!(
        "sets for 90 % hold the truth in {:.1} % of test rows (between {:.1} and {:.1}), {size}",
        100.0 * of.covered,
        100.0 * of.low,
        100.0 * of.high
    )
}
