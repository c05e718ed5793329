//! The first page of a run: what it reached, its curves as they grow, and the verdicts that want somebody.

use std::sync::Arc;
use std::time::Duration;

use minijinja::context;
use minijinja::value::Serde;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::{Curves, Summary};
use super::plots::{Of, plots};
use super::run_files::load;
use super::sections::parts;
use super::{Part, frame};
use crate::report::format::{counted, duration, number, percent};
use crate::report::sections::answer;
use crate::report::view::Block;
use crate::run::files;

/// A history that is read for the first time is shown as far as it was read by then.
const PATIENCE: Duration = Duration::from_millis(250);

/// The page.
pub(crate) fn page(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let open = app.store.open(run);
    let whole = open.catch_up(PATIENCE);
    let (files, said) = load(run, &[files::LEDGER, files::METRICS, files::DATA]);
    let head = files.as_ref().map(answer::view);
    let (plots, progress) = {
        let curves = open.curves();
        (plots(&[Of { id: &run.id, curves: &curves }], &run.primary), progress(&curves, whole))
    };
    let empty = if plots.is_empty() { "The training has not begun." } else { "" };
    let context = context! {
        frame => frame("Overview", Some((run, ""))),
        title => "Overview",
        answer => Serde(head),
        said => Serde(said),
        progress,
        plots => Serde(plots),
        parts => Serde(wanting(parts(files.as_ref(), &["verdicts"]))),
        empty,
    };
    app.page("run.html", context)
}

/// How far the training is, in one sentence.
fn progress(curves: &Curves, whole: bool) -> String {
    if !whole {
        let (read, all) = curves.progress();
        let share = read as f64 / all.max(1) as f64;
        return format!("The history is still being read: {} so far.", percent(share));
    }
    let Some(step) = curves.last_step else { return String::new() };
    let steps = counted(step as usize + 1, "step");
    let epochs = curves.last_epoch.map_or_else(
        || "no epoch completed".to_owned(),
        |epoch| format!("{} in {}", counted(epoch as usize + 1, "epoch"), duration(curves.seconds)),
    );
    let best =
        curves.best_epoch.map(|best| format!(", the best is epoch {}", number(best))).unwrap_or_default();
    let bad = match curves.bad_lines() {
        0 => String::new(),
        bad => format!(" {} of the history could not be read.", counted(bad, "line")),
    };
    format!("{steps}, {epochs}{best}.{bad}")
}

/// Of the verdicts those that want somebody; the others have their own page.
fn wanting(parts: Vec<Part>) -> Vec<Part> {
    let keep = |block: &Block| match block {
        Block::Verdicts(verdicts) => !verdicts.folded,
        _ => true,
    };
    let kept =
        parts.into_iter().map(|part| Part { blocks: part.blocks.into_iter().filter(keep).collect(), ..part });
    kept.filter(|part| !part.blocks.is_empty()).collect()
}
