//! The lines of a snapshot: a screen that is drawn again and again, or one line after the other for a log.

use plumb_ledger::Verdict;

use super::curve::{dots, spark};
use super::snapshot::{Shown, Snapshot};
use crate::console::visible;
use crate::report::format::{count, counted, duration, number};
use crate::report::text::cut;

/// Characters of a line: what every terminal has.
const WIDTH: usize = 79;
/// Rows of the loss curve.
const ROWS: usize = 6;
/// Curves over epochs that are shown.
const MOST_CURVES: usize = 6;
/// Characters of a curve on one line.
const SPARK: usize = 40;
/// Verdicts that want somebody and are shown.
const MOST_VERDICTS: usize = 6;

/// Everything, for a terminal. `rate` is steps a second.
pub(crate) fn screen(of: &Snapshot, rate: Option<f64>) -> Vec<String> {
    let mut lines = vec![title(of), progress(of, rate)];
    if let Some(loss) = of.curves.first() {
        lines.push(String::new());
        lines.extend(dots(&loss.blocks, ROWS).into_iter().map(|row| format!("  {row}")));
        lines.push(format!("  {} {}{}", loss.name, number(loss.last), bad(loss)));
    }
    lines.extend(of.curves.iter().skip(1).take(MOST_CURVES).map(curve));
    if !of.layers.is_empty() {
        lines.push(String::new());
        lines.extend(of.layers.iter().map(|said| format!("layers  {said}")));
    }
    lines.push(String::new());
    lines.push(tally(of));
    let wanting = of.verdicts.iter().filter(|entry| entry.verdict <= Verdict::Warn);
    let wanting = wanting.take(MOST_VERDICTS);
    lines.extend(wanting.map(|entry| format!("{} {}: {}", entry.verdict.as_str(), entry.id, entry.summary)));
    lines.into_iter().map(|line| cut(&visible(&line), WIDTH)).collect()
}

/// One line, for a log: `running, 1,200 steps, epoch 45 of 100, step loss 0.41, valid accuracy 0.92`.
pub(crate) fn plain(of: &Snapshot) -> String {
    let epochs = if of.epochs > 0 || of.of_epochs > 0 { format!(", {}", epochs(of)) } else { String::new() };
    let curves = of
        .curves
        .iter()
        .take(MOST_CURVES)
        .map(|curve| format!(", {} {}{}", curve.name, number(curve.last), bad(curve)));
    visible(&format!(
        "{}, {}{epochs}{}",
        of.run.state.as_str(),
        counted(of.steps as usize, "step"),
        curves.collect::<String>()
    ))
}

fn title(of: &Snapshot) -> String {
    let stage = if of.run.stage.is_empty() { String::new() } else { format!(", stage {}", of.run.stage) };
    format!("{}  {}{stage}", of.run.id, of.run.state.as_str())
}

fn epochs(of: &Snapshot) -> String {
    let all = if of.of_epochs > 0 {
        format!(" of at most {}", count(of.of_epochs as usize))
    } else {
        String::new()
    };
    format!("epoch {}{all}", count(of.epochs as usize))
}

fn progress(of: &Snapshot, rate: Option<f64>) -> String {
    const BAR: usize = 24;
    let share = if of.of_epochs > 0 { (of.epochs as f64 / of.of_epochs as f64).min(1.0) } else { 0.0 };
    let full = (share * BAR as f64).round() as usize;
    let bar = format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full));
    let rate = rate.map(|rate| format!(", {}/s", number(rate))).unwrap_or_default();
    let left = of.of_epochs.saturating_sub(of.epochs) as f64 * of.seconds / of.epochs.max(1) as f64;
    let left = if of.goes_on() && of.epochs > 0 && left > 0.0 {
        format!(", {} left", duration(left))
    } else {
        String::new()
    };
    format!("{bar} {}, {}{rate}{left}", epochs(of), counted(of.steps as usize, "step"))
}

fn curve(of: &Shown) -> String {
    let every = of.blocks.len().div_ceil(SPARK).max(1);
    let blocks = super::super::store::thinned(&of.blocks, of.blocks.len().div_ceil(every));
    format!("  {:<26} {:>9} {}{}", cut(&of.name, 26), number(of.last), spark(&blocks), bad(of))
}

/// What is no number is never passed over in silence.
fn bad(of: &Shown) -> String {
    match of.bad {
        (0, _) => String::new(),
        (n, at) => format!(" ({} no number, the first at {})", counted(n as usize, "value"), number(at)),
    }
}

fn tally(of: &Snapshot) -> String {
    let words = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
    let counts = words.map(|verdict| format!("{} {}", of.count(verdict), verdict.as_str()));
    format!("verdicts  {}", counts.join(", "))
}
