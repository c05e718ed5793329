//! Does every headline figure have an interval, and is it narrow enough to decide by?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::Direction;
use serde_json::json;

use super::NOTHING_JUDGED;
use crate::EvaluateContext;
use crate::part::all_right;

const WIDEST_SCORE: f64 = 0.1;
const WIDEST_ERROR: f64 = 0.3;

pub(super) const PAGE: Page = Page {
    id: "evaluate.confidence-interval",
    question: "Has every metric a confidence interval, and are there rows enough to tell good from bad?",
    why: "A score without an interval cannot be compared: on 100 rows, accuracies of 0.85 and 0.92 are often the same model.",
    evidence: "Each metric with the ends of its bootstrap interval, the number of rows, and the width of the primary metric's interval; of a perfect score the exact bound of no error in so many rows (Clopper, Pearson 1934).",
    thresholds: &[
        Threshold {
            name: "width of a score from 0 to 1",
            value: WIDEST_SCORE,
            reason: "ten points: wider, and most improvements that people report cannot be seen",
        },
        Threshold {
            name: "width of an error, as part of its value",
            value: WIDEST_ERROR,
            reason: "about 15 % to each side",
        },
    ],
    false_alarms: "Rows that belong together (a patient's visits) make the true interval wider than the one shown.",
    remedy: "raise `split.test`, or use `split.folds` so that every row is tested once",
    sources: &[Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let primary = context.primary();
    let metrics = part
        .metrics
        .iter()
        .map(|m| json!({"metric": m.name, "value": m.value, "low": m.low, "high": m.high}));
    let judgement = match context.evaluation.headline().map(|m| (m.value, m.low, m.high)) {
        None => Judgement::fail(format!(
            "{primary} is undefined on the {} part",
            context.evaluation.judged_name()
        )),
        Some((_, None, _) | (_, _, None)) => {
            Judgement::fail(format!("{primary} has no interval: too few rows"))
        }
        Some((value, Some(low), Some(high))) => width_verdict(context, value, low, high),
    };
    judgement
        .with("part", context.evaluation.judged_name())
        .with("rows", part.scored.len())
        .with("level", context.config.level)
        .with("metrics", metrics.collect::<Vec<_>>())
}

fn width_verdict(context: &EvaluateContext<'_>, value: f64, low: f64, high: f64) -> Judgement {
    let primary = context.primary();
    let rows = context.judged().map_or(0, |part| part.scored.len());
    let is_score = context.evaluation.primary.metric.direction == Direction::Up;
    // Resamples of a perfect score are perfect: what the rows can tell is the exact bound of no error among them.
    let low = if is_score && value >= 1.0 { low.min(all_right(rows, context.config.level)) } else { low };
    let (width, widest) =
        if is_score { (high - low, WIDEST_SCORE) } else { ((high - low) / value.abs(), WIDEST_ERROR) };
    let text = format!("{primary} {value:.4} lies between {low:.4} and {high:.4} ({rows} rows)");
    // An error of exactly 0 has no relative width and nothing left to doubt.
    let judgement =
        if width.is_nan() || width <= widest { Judgement::pass(text) } else { Judgement::warn(text) };
    judgement.with("width", width)
}
