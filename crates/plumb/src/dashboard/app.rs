//! What every request shares, and what a handler gets and gives.

use std::path::Path;
use std::sync::Arc;

use minijinja::{Environment, Value};
use tokio::sync::Semaphore;

use super::guard::Guard;
use super::pages;
use super::refusal::Refusal;
use super::store::Store;
use crate::console;
use crate::report::ReportError;
use crate::report::page::engine;

/// Requests answered at once. 32: each may hold a thread and a file.
const REQUESTS: usize = 32;
/// Streams of events at once. 64: a browser opens one for each page.
const STREAMS: usize = 64;

/// The dashboard.
#[derive(Debug)]
pub(crate) struct App {
    /// The runs.
    pub(super) store: Store,
    /// Who may ask.
    pub(super) guard: Guard,
    /// Free places for requests.
    pub(super) requests: Arc<Semaphore>,
    /// Free places for streams.
    pub(super) streams: Arc<Semaphore>,
    engine: Environment<'static>,
}

impl App {
    /// A dashboard over the runs below `folder`.
    pub(crate) fn new(folder: &Path, guard: Guard) -> Result<Self, ReportError> {
        Ok(Self {
            store: Store::new(folder),
            guard,
            requests: Arc::new(Semaphore::new(REQUESTS)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            engine: engine(&pages::TEMPLATES)?,
        })
    }

    /// Lays out a page.
    pub(super) fn page(&self, template: &str, context: Value) -> Result<Answer, Refusal> {
        let text = self.engine.get_template(template).and_then(|template| template.render(context));
        // A fault of Plumb, which the log shall tell: the browser is told nothing of the inside.
        text.map(Answer::Page).map_err(|error| {
            console::log(console::visible(&format!("error: cannot lay out {template} ({error:#})")));
            Refusal::Broken
        })
    }
}

/// What an address gives.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A page.
    Page(String),
    /// Data for the script, or for other programs.
    Json(serde_json::Value),
    /// A file that comes with the program.
    Asset {
        /// Its media type.
        kind: &'static str,
        /// Its text.
        text: String,
    },
}

/// What was asked beside the address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(pub(crate) Vec<(String, String)>);

impl Asked {
    /// The first value of a key; empty when it is not given.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.0.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
    }

    /// All values of a key.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// A finite number; `default` when it is not given.
    pub(crate) fn number(&self, key: &'static str, default: f64) -> Result<f64, Refusal> {
        match self.text(key) {
            "" => Ok(default),
            text => text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or(Refusal::NoNumber(key)),
        }
    }

    /// A count; `default` when it is not given.
    pub(crate) fn count(&self, key: &'static str, default: usize) -> Result<usize, Refusal> {
        match self.text(key) {
            "" => Ok(default),
            text => text.parse().ok().ok_or(Refusal::NoNumber(key)),
        }
    }
}

/// The text as a part of an address: everything but letters, digits, `-`, `_`, `.` and `~` is written as its bytes.
pub(crate) fn in_address(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}
