//! operate.retrained: does the retrained model deserve the place of the one in use?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::{Compared, Decision, GroupCompared, Known, RetrainContext};

const CHANCE: f64 = 0.05;
/// Groups that are shown.
const SHOWN: usize = 40;

pub(super) const PAGE: Page = Page {
    id: "operate.retrained",
    question: "Does the retrained model deserve the place of the one in use?",
    why: "A newer model is not a better one: labels of the last weeks may be wrong or incomplete, a source may have broken, and training is \
          chance. What has been promoted unseen is found out by those who use it.",
    evidence: "The metric that decides of both models on the same rows, which neither was trained on or chosen by, their difference with its \
               interval (paired bootstrap), McNemar's exact test of classes, each group of `evaluate.groups` (Holm), the gates of the job, and those \
               without which the comparison says nothing (labels by chance, no better than the baseline, a split out of order). \
               The rows are the test part of the challenger's run without those that the champion was trained on, by the digests of rows in \
               its bundle.",
    thresholds: &[Threshold {
        name: "chance",
        value: CHANCE,
        reason: "a group that loses more than chance does is to be looked at, although the whole gains; what is asked of the whole is `--least` \
                 or `--not-worse`",
    }],
    false_alarms: "A refusal is no mistake of the process: the champion stays, and with few new rows a true gain cannot be told from chance. \
                   Rows that happen to equal rows of the champion's training are left out like those.",
    remedy: "look at what is new in the data (`plumb audit`), wait for more rows, or ask less: `--not-worse MARGIN` promotes a model that is not \
             worse",
    sources: &[
        Source::TestScore,
        Source::BestPractices,
        Source::Paper(
            "McNemar, Note on the sampling error of the difference between correlated proportions (1947)",
        ),
        Source::Paper("Piaggio et al., Reporting of Noninferiority and Equivalence Randomized Trials (2012)"),
    ],
};

pub(super) fn judge(context: &RetrainContext) -> Judgement {
    let (decision, reason) = context.decision();
    let judged = match (decision, context.compared.as_ref()) {
        (Decision::Promote, Ok(compared)) => promoted(context, compared, reason),
        _ => Judgement::fail(reason),
    };
    let judged = judged
        .with("decision", json!(decision))
        .with("rule", context.rule.words())
        .with("untouched", json!(context.untouched))
        .with("lost_gates", json!(context.lost_gates))
        .with("new_fails", json!(context.new_fails));
    let Ok(compared) = &context.compared else { return judged };
    let mut groups: Vec<&GroupCompared> = compared.groups.iter().collect();
    groups.sort_by(|a, b| a.gain.total_cmp(&b.gain));
    judged
        .with("metric", compared.metric.as_str())
        .with("champion", compared.champion)
        .with("challenger", compared.challenger)
        .with("gain", compared.gain)
        .with("low", compared.low)
        .with("high", compared.high)
        .with("level", compared.level)
        .with("p", compared.p)
        .with("only_right", json!(compared.only_right))
        .with("mcnemar_p", json!(compared.mcnemar_p))
        .with("rows", compared.rows)
        .with("groups", groups.into_iter().take(SHOWN).map(|of| json!(of)).collect::<Vec<_>>())
}

/// What a person should look at although the whole has gained.
fn promoted(context: &RetrainContext, compared: &Compared, reason: String) -> Judgement {
    if let Some(group) = lost(&compared.groups) {
        return Judgement::warn(format!(
            "{reason}; but where `{}` = `{}` it is {:.4} instead of {:.4}",
            group.column, group.value, group.challenger, group.champion
        ));
    }
    if let [_, ..] = context.new_fails.as_slice() {
        let fails = context.new_fails.join(", ");
        return Judgement::warn(format!(
            "{reason}; but its run fails {fails}, which the champion's does not"
        ))
        .remedy("read these verdicts in the challenger's ledger; `--gate ID` makes one refuse");
    }
    match context.untouched.map(|of| of.known) {
        Some(Known::Rows) => Judgement::pass(reason),
        Some(Known::Files) => {
            Judgement::warn(format!("{reason}, told apart by their files alone")).remedy(REBUNDLE)
        }
        Some(Known::No) | None => Judgement::warn(format!(
            "{reason}, as far as is known: the champion's bundle does not say which rows it was trained on"
        ))
        .remedy(REBUNDLE),
    }
}

const REBUNDLE: &str =
    "package the run of the champion again with this version: its bundle then lists the digests of its rows";

/// The group that loses most, of those that lose beyond chance.
fn lost(groups: &[GroupCompared]) -> Option<&GroupCompared> {
    let lost = groups.iter().filter(|group| group.gain < 0.0 && group.p_adjusted < CHANCE);
    lost.min_by(|a, b| a.gain.total_cmp(&b.gain))
}
