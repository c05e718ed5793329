//! What `plumb ablate` says on stdout.

use std::fmt::Write as _;

use plumb_stats::Direction;
use serde_json::{Value, json};

use super::groups::GroupDifferences;
use super::{Ablated, Found};
use crate::comparison::Paired;
use crate::report::format::number;

/// A line for each practice: what the job gains by it, with interval and p-value, and what it costs.
pub(super) fn as_text(found: &Found) -> String {
    let mut text = format!(
        "{} {} on the valid part with all of it, {:.1} s\n",
        found.primary,
        number(found.value),
        found.seconds
    );
    push(
        &mut text,
        format_args!(
            "{:<22}{:>10}  {:<34}{:<10}{}\n",
            "without", found.primary, "what it buys (95 % interval)", "p", "seconds"
        ),
    );
    for of in &found.ablated {
        let (gain, p) = match gain(of) {
            Some((gain, low, high, p)) => (format!("{gain:+.4} ({low:+.4} to {high:+.4})"), number(p)),
            None => ("not compared".to_owned(), "-".to_owned()),
        };
        push(
            &mut text,
            format_args!("{:<22}{:>10}  {gain:<34}{p:<10}{:.1}\n", of.name, number(of.value), of.seconds),
        );
    }
    push_groups(&mut text, found);
    push(
        &mut text,
        format_args!("Intervals are over rows; how much another seed moves is for `train.seeds` to say."),
    );
    text
}

/// The same for machines.
pub(super) fn as_json(found: &Found) -> String {
    let of = |of: &Ablated| -> Value {
        let gain =
            gain(of).map(|(gain, low, high, p)| json!({"gain": gain, "low": low, "high": high, "p": p}));
        let refused = of.paired.as_ref().err().map(ToString::to_string);
        json!({"without": of.name, "why": of.why, "run": of.folder.display().to_string(), "value": of.value, "bought": gain,
               "refused": refused, "seconds": of.seconds, "groups_differ": of.groups})
    };
    let all: Vec<Value> = found.ablated.iter().map(of).collect();
    format!(
        "{:#}",
        json!({"schema": 1, "primary": found.primary, "value": found.value, "seconds": found.seconds,
               "groups_differ": found.groups, "ablated": all})
    )
}

/// A line for each column of groups and each run: how far the groups are apart.
fn push_groups(text: &mut String, found: &Found) {
    if found.groups.is_empty() {
        return;
    }
    push(
        text,
        format_args!(
            "\n{:<22}{:<16}{:>16}{:>16}{:>16}\n",
            "groups differ by", "in", "selected", "true positive", "false positive"
        ),
    );
    let without = found.ablated.iter().map(|of| (of.name, &of.groups));
    for (name, groups) in std::iter::once(("all of it", &found.groups)).chain(without) {
        for of in groups {
            let [selection, true_positives, false_positives] =
                [of.selection_rates, of.true_positive_rates, of.false_positive_rates].map(share);
            let GroupDifferences { column, .. } = of;
            push(
                text,
                format_args!(
                    "{name:<22}{column:<16}{selection:>16}{true_positives:>16}{false_positives:>16}\n"
                ),
            );
        }
    }
    text.push('\n');
}

fn share(of: Option<f64>) -> String {
    of.map_or_else(|| "-".to_owned(), |of| format!("{of:.3}"))
}

/// What the job gains by the practice, more is better: the difference, the ends of its interval, the p-value.
fn gain(of: &Ablated) -> Option<(f64, f64, f64, f64)> {
    let Paired { metric, difference, only, .. } = of.paired.as_ref().ok()?;
    // Runs of one split share all rows; a few that happen to be shared say nothing.
    if *only != [0, 0] {
        return None;
    }
    let found = (*difference)?;
    let is_up = metric.is_some_and(|metric| metric.direction == Direction::Up);
    Some(if is_up {
        (found.difference, found.low, found.high, found.p)
    } else {
        (-found.difference, -found.high, -found.low, found.p)
    })
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
