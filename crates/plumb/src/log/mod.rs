//! What a run tells other programs while it works: event files for TensorBoard, an MLflow server.
//!
//! The run makes notes ([`note`]); each destination has a thread of its own that takes them from a bounded queue ([`sink`]). No
//! failure of a destination is a failure of the run.

pub(crate) mod mlflow;
pub(crate) mod note;
mod settings;
mod sink;
pub(crate) mod tensorboard;

use std::sync::Arc;

use plumb_learn::train::Event;
use plumb_ledger::clock::Clock;

pub(crate) use settings::settings;
pub(crate) use sink::{Destination, Kind, Patience};

use note::{Content, Note, is_shown};
use sink::Sink;

/// All destinations of a run; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs {
    sinks: Arc<Vec<Sink>>,
}

/// Destinations that a run wants, before they are at work.
pub(crate) struct Opening {
    clock: Arc<dyn Clock>,
    sinks: Vec<Sink>,
}

impl Opening {
    /// None so far.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, sinks: Vec::new() }
    }

    /// One more.
    #[must_use]
    pub(crate) fn with(mut self, kind: Kind, destination: Option<impl Destination>) -> Self {
        let clock = || Arc::clone(&self.clock);
        let sink = destination.map(|destination| Sink::start(kind, destination, clock()));
        self.sinks.extend(sink);
        self
    }

    /// All at work.
    pub(crate) fn open(self) -> Logs {
        Logs { sinks: Arc::new(self.sinks) }
    }
}

impl Logs {
    /// Whether nobody listens, so that a note need not be made.
    pub(crate) fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Tells an event of the training, if anybody shows it; answers with what is to be said about the destinations.
    pub(crate) fn event(&self, unix_ms: u64, event: &Event) -> Vec<String> {
        if self.is_empty() || !is_shown(event) {
            return Vec::new();
        }
        self.offer(unix_ms, Content::Event(event.clone()));
        self.news()
    }

    /// Tells progress, which a destination that is too slow may lose.
    pub(crate) fn offer(&self, unix_ms: u64, content: Content) {
        let note = Arc::new(Note { unix_ms, content });
        self.sinks.iter().for_each(|sink| sink.offer(&note));
    }

    /// Tells something of the kind that comes a few times in a run.
    pub(crate) fn send(&self, unix_ms: u64, content: Content) {
        let note = Arc::new(Note { unix_ms, content });
        self.sinks.iter().for_each(|sink| sink.send(&note));
    }

    /// What is to be said about destinations since the last call.
    pub(crate) fn news(&self) -> Vec<String> {
        self.sinks.iter().flat_map(Sink::news).collect()
    }

    /// Lets all finish, each for a bounded time; answers with what is left to be said.
    pub(crate) fn finish(&self) -> Vec<String> {
        self.sinks.iter().for_each(Sink::close);
        self.sinks.iter().flat_map(Sink::finish).collect()
    }
}
