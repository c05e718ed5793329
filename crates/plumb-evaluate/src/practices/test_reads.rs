//! How often have these test rows been looked at?

use std::collections::BTreeSet;

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use crate::EvaluateContext;

const MODELS: usize = 1;
const SHOWN: usize = 20;

pub(super) const PAGE: Page = Page {
    id: "evaluate.test-reads",
    question: "Is this the first model that is judged on these test rows?",
    why: "Whoever judges ten models on the same rows and keeps the best has fitted the choice to these rows: its score is no estimate of what comes.",
    evidence: "Earlier looks of `plumb evaluate` at the same rows of the same data and target on this machine, with the score of each. The \
               account stands in the user's state folder and holds no data.",
    thresholds: &[Threshold {
        name: "earlier models",
        value: MODELS as f64,
        reason: "the first model is judged, the second is chosen; the same predictions again are no second model",
    }],
    false_alarms: "Models that are compared once, with the choice made beforehand, are no tuning. Looks on other machines are not seen.",
    remedy: "choose among models by the valid part, and judge the one that is left on test rows that none of them has met",
    sources: &[Source::TuningPlaybook, Source::Paper("Dwork et al., The reusable holdout (2015)")],
};

/// A look at test rows.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct TestRead {
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// What was judged.
    pub predictor: String,
    /// The digest of its predictions.
    pub predictions: String,
    /// The metric that decided.
    pub metric: String,
    /// Its value; none where it was undefined.
    pub value: Option<f64>,
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(account) = &context.reads else {
        return Judgement::skipped("looks at test rows are counted by `plumb evaluate`");
    };
    if context.evaluation.test.is_none() {
        return Judgement::skipped("there is no test part");
    }
    let others: Vec<&TestRead> =
        account.before.iter().filter(|read| read.predictions != account.predictions).collect();
    let models: BTreeSet<&str> = others.iter().map(|read| read.predictions.as_str()).collect();
    let judgement = if models.is_empty() {
        Judgement::pass("no other model was judged on these rows before")
    } else {
        let names: BTreeSet<&str> = others.iter().map(|read| read.predictor.as_str()).collect();
        let names: Vec<&str> = names.into_iter().take(3).collect();
        Judgement::warn(format!(
            "this is model {} judged on these rows, after `{}`: the best of several looks better than it is",
            models.len() + 1,
            names.join("`, `")
        ))
    };
    let fact = |read: &&TestRead| json!({"predictor": read.predictor, "metric": read.metric, "value": read.value, "unix_ms": read.unix_ms});
    judgement
        .with("models_before", models.len())
        .with("reads_before", account.before.len())
        .with("other_models", others.iter().rev().take(SHOWN).map(fact).collect::<Vec<_>>())
}
