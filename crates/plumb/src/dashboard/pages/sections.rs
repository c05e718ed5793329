//! The pages that are sections of the report, drawn anew from the files of the run.

use std::sync::Arc;
use std::time::Duration;

use minijinja::context;
use minijinja::value::Serde;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::{Summary, outline};
use super::run_files::{load, with_rates};
use super::{Part, frame};
use crate::report::RunFiles;
use crate::report::sections::section;
use crate::report::view::Block;
use crate::run::files;

/// Verdicts with their evidence and remedies.
pub(crate) fn verdicts(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (files, said) = load(run, &[files::LEDGER]);
    page(app, run, "/verdicts", parts(files.as_ref(), &["verdicts"]), said)
}

/// The table, its split, and what was measured before training.
pub(crate) fn data(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (mut files, said) = load(run, &[files::DATA, files::SPLIT_SUMMARY, files::PREFLIGHT]);
    if let Some(files) = &mut files {
        let open = app.store.open(run);
        open.catch_up(Duration::from_millis(200));
        let rates = open.curves().get("lr").map(|lr| outline(&lr.window(f64::MIN, f64::MAX, 100)));
        with_rates(files, &rates.unwrap_or_default());
    }
    page(app, run, "/data", parts(files.as_ref(), &["data", "split", "preflight"]), said)
}

/// Pictures, marked texts, attention.
pub(crate) fn pictures(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (files, said) = load(run, &[files::PICTURES, files::TEXTS]);
    page(app, run, "/pictures", parts(files.as_ref(), &["pictures", "texts"]), said)
}

/// The resolved job and the digests.
pub(crate) fn job(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (files, said) = load(run, &[files::JOB, files::METRICS]);
    page(app, run, "/job", parts(files.as_ref(), &["job", "reproduce"]), said)
}

/// Sections of the report that have something to show.
pub(super) fn parts(files: Option<&RunFiles>, ids: &[&str]) -> Vec<Part> {
    let Some(files) = files else { return Vec::new() };
    let sections = ids.iter().filter_map(|id| section(id));
    let parts = sections.map(|section| Part {
        id: section.id,
        title: section.title,
        blocks: (section.blocks)(files),
        links: Vec::new(),
    });
    parts.filter(|part| !part.blocks.is_empty()).collect()
}

/// What a page without anything says, by the end of its address.
const EMPTY: [(&str, &str); 6] = [
    ("/verdicts", "Nothing was judged yet."),
    ("/data", "The table was not read yet."),
    ("/pictures", "This run has neither pictures nor texts to show: they are made when it is evaluated."),
    ("/job", "The run has no `job.toml`."),
    ("/monitor", "This is no folder that `plumb monitor --out` writes."),
    ("/layers", "The training has not looked at its layers yet."),
];

/// Lays out the parts of a run's page.
pub(super) fn page(
    app: &App,
    run: &Summary,
    end: &str,
    parts: Vec<Part>,
    said: Vec<Block>,
) -> Result<Answer, Refusal> {
    let title = super::TABS.iter().find(|(known, _)| *known == end).map_or("", |(_, name)| name);
    let empty = EMPTY.iter().find(|(known, _)| *known == end).map_or("", |(_, words)| words);
    app.page(
        "run.html",
        context! {
            frame => frame(title, Some((run, end))),
            title,
            said => Serde(said),
            parts => Serde(parts),
            empty,
        },
    )
}
