//! The pages: one file each, one row each in the table of addresses.

pub(super) mod assets;
pub(super) mod compare;
pub(super) mod layers;
pub(super) mod monitor;
pub(super) mod overview;
pub(super) mod plots;
pub(super) mod predictions;
pub(super) mod run_files;
pub(super) mod runs;
pub(super) mod sections;
pub(super) mod series;
pub(super) mod verdict_news;

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use super::app::in_address;
use super::store::Summary;
use crate::report::view::Block;

/// How pages are laid out, beside the parts of the report.
pub(super) const TEMPLATES: [(&str, &str); 7] = [
    ("frame.html", include_str!("../templates/frame.html")),
    ("plots.html", include_str!("../templates/plots.html")),
    ("runs.html", include_str!("../templates/runs.html")),
    ("run.html", include_str!("../templates/run.html")),
    ("predictions.html", include_str!("../templates/predictions.html")),
    ("compare.html", include_str!("../templates/compare.html")),
    ("refusal.html", include_str!("../templates/refusal.html")),
];

/// The pages of a run: the end of their address and their name.
const TABS: [(&str, &str); 8] = [
    ("", "Overview"),
    ("/layers", "Layers"),
    ("/verdicts", "Verdicts"),
    ("/data", "Data"),
    ("/predictions", "Predictions"),
    ("/pictures", "Pictures and texts"),
    ("/job", "Job"),
    ("/monitor", "Monitoring"),
];

/// What stands around every page.
#[derive(Debug, Serialize)]
struct Frame {
    title: String,
    /// The run, when the page is one of a run.
    run: Option<RunHead>,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct RunHead {
    id: String,
    address: String,
    state: &'static str,
    stage: String,
    tabs: Vec<Tab>,
}

#[derive(Debug, Serialize)]
struct Tab {
    address: String,
    name: &'static str,
    here: bool,
}

/// The frame of a page; of a run's page with the end of its address.
pub(super) fn frame(title: &str, run: Option<(&Summary, &str)>) -> Value {
    let head = run.map(|(run, here)| {
        let address = address(&run.id);
        let tab = |(end, name)| Tab { address: format!("{address}{end}"), name, here: end == here };
        let tabs = TABS.into_iter().map(tab).collect();
        RunHead { id: run.id.clone(), state: run.state.as_str(), stage: run.stage.clone(), tabs, address }
    });
    let title = match run {
        Some((run, _)) => format!("{title} · {}", run.id),
        None => title.to_owned(),
    };
    Value::from(Serde(Frame { title, run: head, version: env!("CARGO_PKG_VERSION") }))
}

/// The address of a run.
pub(super) fn address(id: &str) -> String {
    format!("/run/{}", in_address(id))
}

/// A heading and what stands below it.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
    /// More of the same: an address and its words.
    pub(super) links: Vec<Link>,
}

/// A way to another page.
#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) address: String,
    pub(super) words: String,
}
