//! From which probability on should a row be called positive?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::tests::paired_bootstrap;
use plumb_stats::thresholds::{Objective, choose};
use plumb_stats::{Outcome, metric};
use serde_json::json;

use crate::EvaluateContext;
use crate::scored::{Scored, Truth};

const GAIN: f64 = 0.02;
const CHANCE: f64 = 0.05;

pub(super) const PAGE: Page = Page {
    id: "evaluate.decision-threshold",
    question: "Is one half the right probability from which a row is called positive?",
    why: "Where classes are uneven or mistakes cost differently, one half throws away recall or precision. A threshold that is chosen on test rows flatters itself.",
    evidence: "The thresholds with the best F1 and the best Youden index, chosen on the valid part; on the test part F1 and balanced accuracy there and at one half, the difference with its interval (paired bootstrap).",
    thresholds: &[
        Threshold {
            name: "gain on the test part",
            value: GAIN,
            reason: "two points; less is not worth another number to keep",
        },
        Threshold { name: "p-value of no gain", value: CHANCE, reason: "the customary level" },
    ],
    false_alarms: "F1 and the Youden index weigh mistakes in one way of many: where costs are known, choose by them.",
    remedy: "call rows positive from the threshold in the evidence on, and say so in the model card",
    sources: &[Source::BestPractices, Source::Paper("Youden, Index for rating diagnostic tests (1950)")],
};

/// A threshold's objective and the metric of the test part that answers to it.
const OBJECTIVES: [(Objective, &str, &str); 2] =
    [(Objective::F1, "f1", "F1"), (Objective::Youden, "balanced_accuracy", "balanced accuracy")];

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let evaluation = context.evaluation;
    let (Some(valid), Some(test)) = (&evaluation.valid, &evaluation.test) else {
        return Judgement::skipped("it needs a valid part to choose on and a test part to be judged on");
    };
    if test.scored.width != 2 || test.scored.labels_only {
        return Judgement::skipped("a threshold has a meaning for the probabilities of two classes only");
    }
    let moved: Vec<Moved> =
        OBJECTIVES.into_iter().filter_map(|of| moved(context, &valid.scored, &test.scored, of)).collect();
    let Some(best) = moved.iter().max_by(|a, b| a.gain.total_cmp(&b.gain)) else {
        return Judgement::skipped("one class is missing in a part");
    };
    let text = format!(
        "called positive from {:.3} on, {} is {:.4} on the test part, from one half on {:.4}",
        best.threshold, best.name, best.value, best.at_half
    );
    let is_worth_it = moved.iter().any(|moved| moved.gain > GAIN && moved.p < CHANCE);
    let judgement = if is_worth_it { Judgement::warn(text) } else { Judgement::pass(text) };
    let fact = |moved: &Moved| {
        json!({"by": moved.name, "threshold": moved.threshold, "value": moved.value, "at_one_half": moved.at_half,
               "gain": moved.gain, "low": moved.low, "high": moved.high, "p": moved.p})
    };
    judgement
        .with("positive_class", evaluation.classes.get(1).cloned().unwrap_or_default())
        .with("chosen_on", "the valid part")
        .with("thresholds", moved.iter().map(fact).collect::<Vec<_>>())
}

/// What another threshold changes on the test part.
struct Moved {
    name: &'static str,
    threshold: f64,
    value: f64,
    at_half: f64,
    gain: f64,
    low: f64,
    high: f64,
    p: f64,
}

fn moved(
    context: &EvaluateContext<'_>,
    valid: &Scored,
    test: &Scored,
    (objective, metric_name, name): (Objective, &str, &'static str),
) -> Option<Moved> {
    let Truth::Classes(truth) = &valid.truth else { return None };
    let positive: Vec<bool> = truth.iter().map(|&class| class == 1).collect();
    let threshold = choose(&positive, &scores(valid), objective)?.value;
    let metric = metric(metric_name)?;
    let called = |from: f64| -> Vec<f64> {
        scores(test).iter().flat_map(|score| if *score >= from { [0.0, 1.0] } else { [1.0, 0.0] }).collect()
    };
    let Truth::Classes(truth) = &test.truth else { return None };
    let (there, half) = (called(threshold), called(0.5));
    let outcome = |probabilities| Outcome::Classes { truth, probabilities, classes: 2 };
    let found = paired_bootstrap(&outcome(&there), &outcome(&half), metric, &context.config.bootstrap())?;
    Some(Moved {
        name,
        threshold,
        value: (metric.compute)(&outcome(&there))?,
        at_half: (metric.compute)(&outcome(&half))?,
        gain: found.difference,
        low: found.low,
        high: found.high,
        p: found.p,
    })
}

/// The probability of the second class.
fn scores(scored: &Scored) -> Vec<f64> {
    scored.predicted.iter().skip(1).step_by(2).copied().collect()
}
