//! What a round says on stdout.

use serde_json::{Value, json};

use super::champion::Champion;
use super::incoming::Incoming;
use super::outcome::Outcome;
use super::round::Found;
use super::trigger::Fired;
use super::{Done, Wishes};
use crate::console::visible;
use crate::report::untouched_in_words;

/// Of a round that ended: for a person, or as JSON.
pub(super) fn of(done: &Done, as_json: bool) -> String {
    if as_json { format!("{:#}", facts(done)) } else { words(done) }
}

/// The same where many follow each other: a line each as JSON.
pub(super) fn in_a_loop(done: &Done, as_json: bool) -> String {
    if as_json { facts(done).to_string() } else { words(done) }
}

fn facts(done: &Done) -> Value {
    match done {
        Done::Nothing(reason) => {
            json!({"schema": 1, "decision": "nothing", "reason": reason, "promoted": false})
        }
        Done::Decided { outcome, again } => {
            let mut facts = json!(outcome);
            facts["before"] = json!(again);
            facts
        }
    }
}

fn words(done: &Done) -> String {
    match done {
        Done::Nothing(reason) => format!("nothing to do: {}", visible(reason)),
        Done::Decided { outcome, again } => decided(outcome, *again),
    }
}

fn decided(outcome: &Outcome, again: bool) -> String {
    let before = if again { " (decided before, with the same data)" } else { "" };
    let mut lines = vec![format!("{}{before}", outcome.head()), format!("  {}", outcome.reason)];
    if let Some(compared) = &outcome.compared
        && let (Some([champion, challenger]), Some(p)) = (compared.only_right, compared.mcnemar_p)
    {
        lines.push(format!(
            "  the challenger alone is right on {challenger} rows, the champion alone on {champion} (McNemar p {p:.3})"
        ));
    }
    lines.extend(outcome.untouched.as_ref().map(|of| format!("  {}", untouched_in_words(of))));
    for group in outcome.compared.iter().flat_map(|compared| &compared.groups) {
        lines.push(format!(
            "  where `{}` = `{}`: {:.4} instead of {:.4} on {} rows (p {:.3})",
            group.column, group.value, group.challenger, group.champion, group.rows, group.p_adjusted
        ));
    }
    lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n")
}

/// What would be done.
pub(super) fn plan(
    wishes: &Wishes<'_>,
    champion: &Champion,
    incoming: &Incoming,
    metric: &str,
    (trigger, found): (&[Fired], &Found),
) -> String {
    let round = match found {
        Found::New(number) => format!("round-{number} would begin"),
        Found::Open(round) => format!("{} would go on", round.name()),
        Found::Decided(outcome) => {
            format!(
                "{} has decided this before: {}",
                outcome.round,
                if outcome.promoted { "promoted" } else { "refused" }
            )
        }
    };
    let data = incoming.facts();
    if wishes.json {
        let facts = json!({
            "schema": 1,
            "dry_run": true,
            "champion": {"name": champion.name, "version": champion.version, "sha256": champion.sha256},
            "data": data,
            "trigger": trigger,
            "metric": metric,
            "rule": wishes.rule,
            "round": round,
            "notes": incoming.notes,
        });
        return format!("{facts:#}");
    }
    let mut lines = vec![
        format!("champion: {} (sha256 {})", champion.shown(), champion.sha256.short()),
        format!("data: {} rows in {} files, sha256 {}", data.rows, data.files, data.sha256.short()),
        format!("promoted if {metric} is {}", wishes.rule.words()),
        round,
    ];
    lines.extend(trigger.iter().map(|fired| format!("trigger: {} {}", fired.verdict.as_str(), fired.id)));
    lines.extend(incoming.notes.iter().cloned());
    lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n")
}
