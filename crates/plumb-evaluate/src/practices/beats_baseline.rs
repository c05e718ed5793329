//! Is the model better than the baselines?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::tests::{PairedDifference, paired_bootstrap};
use serde_json::json;

use super::NOTHING_JUDGED;
use crate::{Baseline, EvaluateContext, Scored};

const CHANCE: f64 = 0.05;

pub(super) const PAGE: Page = Page {
    id: "evaluate.beats-baseline",
    question: "Is the model better than the majority class or the mean, and than a linear model, of texts by their terms, beyond chance?",
    why: "A network that a constant or a linear model matches has learnt nothing that is worth its cost, or has a bug.",
    evidence: "The primary metric of every baseline on the same rows, the difference to the model with its interval and p-value by the paired bootstrap.",
    thresholds: &[Threshold {
        name: "p-value of no difference",
        value: CHANCE,
        reason: "the customary level; the rows are the same for both, so the test is sharp",
    }],
    false_alarms: "A small test part tells little apart: look at the interval. Boosted trees are shown but need not be beaten; on some data a linear model is simply the best.",
    remedy: "fix the model first: look at the `preflight.*` and `train.*` verdicts; where a linear model is as good, ship that one",
    sources: &[Source::Recipe, Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let Some(headline) = context.evaluation.headline() else {
        return Judgement::skipped(format!("{} is undefined on the judged rows", context.primary()));
    };
    let compared: Vec<Compared<'_>> =
        context.evaluation.baselines.iter().map(|baseline| compare(context, part, baseline)).collect();
    let judgement = verdict(&compared, context.primary());
    judgement
        .with("metric", context.primary())
        .with("model", headline.value)
        .with("rows", part.scored.len())
        .with("baselines", compared.iter().map(|c| c.fact(context)).collect::<Vec<_>>())
}

fn model_wins(gain: &PairedDifference) -> bool {
    gain.difference > 0.0 && gain.p < CHANCE
}

fn model_loses(gain: &PairedDifference) -> bool {
    gain.difference < 0.0 && gain.p < CHANCE
}

/// A baseline against the model. `gain` is positive where the model is better.
struct Compared<'a> {
    baseline: &'a Baseline,
    gain: Option<PairedDifference>,
}

impl Compared<'_> {
    fn fact(&self, context: &EvaluateContext<'_>) -> serde_json::Value {
        let value = self.baseline.metrics.iter().find(|metric| metric.name == context.primary());
        json!({
            "name": self.baseline.name,
            "value": value.map(|metric| metric.value),
            "gain": self.gain.map(|gain| gain.difference),
            "low": self.gain.map(|gain| gain.low),
            "high": self.gain.map(|gain| gain.high),
            "p": self.gain.map(|gain| gain.p),
            "reason": self.baseline.scored.as_ref().err(),
        })
    }
}

fn compare<'a>(
    context: &EvaluateContext<'_>,
    part: &crate::PartEvaluation,
    baseline: &'a Baseline,
) -> Compared<'a> {
    let gain = baseline.scored.as_ref().ok().and_then(|scored| gain_over(context, &part.scored, scored));
    Compared { baseline, gain }
}

/// How much better the first predictions are than the second ones on the same rows, by the primary metric.
pub(super) fn gain_over(context: &EvaluateContext<'_>, a: &Scored, b: &Scored) -> Option<PairedDifference> {
    let metric = context.evaluation.primary.metric;
    let difference = paired_bootstrap(&a.outcome(), &b.outcome(), metric, &context.config.bootstrap());
    difference.map(|d| match metric.direction {
        plumb_stats::Direction::Up => d,
        plumb_stats::Direction::Down => {
            PairedDifference { difference: -d.difference, low: -d.high, high: -d.low, p: d.p }
        }
    })
}

/// The baselines that a network must beat to be worth its cost, in words.
const LINEAR: [(&str, &str); 2] =
    [("linear", "a linear model"), ("tfidf", "a linear model of the texts' terms")];

fn verdict(compared: &[Compared<'_>], metric: &str) -> Judgement {
    let of = |name: &str| compared.iter().find(|c| c.baseline.name == name && c.gain.is_some());
    let named = |won: fn(&PairedDifference) -> bool| {
        let picked = compared.iter().filter(|c| c.gain.as_ref().is_some_and(won));
        picked.map(|c| c.baseline.name).collect::<Vec<_>>().join(" and ")
    };
    let Some(majority) = of("majority") else {
        return Judgement::skipped("no baseline could be fitted");
    };
    if !majority.gain.as_ref().is_some_and(model_wins) {
        return Judgement::fail(format!(
            "{metric} is not better than that of a constant prediction beyond chance"
        ));
    }
    let better = named(model_loses);
    if !better.is_empty() {
        return Judgement::warn(format!("{better} reached a better {metric} beyond chance"));
    }
    let is_matched = |name: &str| of(name).is_some_and(|of| !of.gain.as_ref().is_some_and(model_wins));
    match LINEAR.into_iter().find(|(name, _)| is_matched(name)) {
        Some((_, words)) => {
            Judgement::warn(format!("{metric} is not better than that of {words} beyond chance"))
        }
        None => {
            Judgement::pass(format!("{metric} is better than that of {} beyond chance", named(model_wins)))
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Verdict;

    use super::*;

    #[test]
    fn a_network_for_texts_must_beat_their_terms() {
        let baseline = |name| Baseline { name, scored: Err("not looked at".to_owned()), metrics: Vec::new() };
        let (majority, terms) = (baseline("majority"), baseline("tfidf"));
        let won = PairedDifference { difference: 0.3, low: 0.2, high: 0.4, p: 0.001 };
        let even = PairedDifference { difference: 0.01, low: -0.02, high: 0.03, p: 0.6 };
        let against_terms = |gain| {
            let first = Compared { baseline: &majority, gain: Some(won) };
            verdict(&[first, Compared { baseline: &terms, gain: Some(gain) }], "accuracy")
        };
        assert_eq!(against_terms(won).verdict, Verdict::Pass);
        let matched = against_terms(even);
        assert_eq!(matched.verdict, Verdict::Warn);
        assert!(matched.summary.contains("the texts' terms"), "{}", matched.summary);
    }
}
