//! TensorBoard: an event file in the run folder, with values for each of its plugins.
//!
//! One file a plugin: a function from a note to the values that it shows of it, and a row in [`PLUGINS`]. The graph and the points of
//! the projector are no values; they have their places in the format.

mod graph;
mod histograms;
mod hparams;
mod images;
mod layout;
mod markdown;
mod pr_curves;
mod projector;
mod proto;
mod scalars;
mod text;
mod value;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plumb_learn::train::Event as Happened;
use plumb_ledger::atomic;
use prost::Message as _;

use super::note::{Content, Note, Settled};
use super::{Destination, Kind, Patience};
use crate::tfrecord;
use proto::{Event, SessionLog, Summary, Value, What};

/// Values that a plugin shows of a note.
type Show = fn(&Note) -> Vec<Value>;

/// Every plugin that shows values.
const PLUGINS: [Show; 7] = [
    scalars::values,
    histograms::values,
    images::values,
    text::values,
    pr_curves::values,
    hparams::values,
    layout::values,
];

/// What is fixed about event files.
pub(crate) const KIND: Kind = Kind {
    name: "TensorBoard",
    wants: |_| true,
    gather: Duration::from_secs(1),
    farewell: Duration::from_secs(5),
    longest_farewell: Duration::from_secs(30),
};

/// The event file of a run, once there is something to write.
#[derive(Debug)]
pub(crate) struct EventFile {
    folder: PathBuf,
    file: Option<io::BufWriter<File>>,
    /// The step of the newest note that has one: those without belong there.
    step: u64,
}

impl EventFile {
    /// One in `folder`, which is made when it is needed. TensorBoard joins the files of a folder, so a resumed run has several.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, file: None, step: 0 }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a log that grows; a torn last record is skipped by its readers"
    )]
    fn open(&mut self, unix_ms: u64) -> io::Result<&mut io::BufWriter<File>> {
        if self.file.is_none() {
            std::fs::create_dir_all(&self.folder)?;
            let name = format!("events.out.tfevents.{:010}.plumb.{}.0", unix_ms / 1000, std::process::id());
            self.file = Some(io::BufWriter::new(File::create(self.folder.join(name))?));
            self.write(unix_ms, What::FileVersion("brain.Event:2".to_owned()))?;
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("no file"))
    }

    fn write(&mut self, unix_ms: u64, what: What) -> io::Result<()> {
        let (step, wall_time) = (self.step as i64, unix_ms as f64 / 1000.0);
        let event = Event { wall_time, step, what: Some(what) };
        tfrecord::write(self.open(unix_ms)?, &event.encode_to_vec())
    }

    fn note(&mut self, note: &Note) -> io::Result<()> {
        self.step = step(&note.content).unwrap_or(self.step);
        match &note.content {
            Content::Settled(settled) => {
                for what in beginning(settled) {
                    self.write(note.unix_ms, what)?;
                }
            }
            Content::Measured(measured) => {
                for (name, bytes) in measured.points.iter().flat_map(projector::files) {
                    std::fs::create_dir_all(&self.folder)?;
                    atomic::write_file(&self.folder.join(name), &bytes).map_err(io::Error::other)?;
                }
            }
            _ => {}
        }
        let value: Vec<Value> = PLUGINS.iter().flat_map(|show| show(note)).collect();
        if value.is_empty() { Ok(()) } else { self.write(note.unix_ms, What::Summary(Summary { value })) }
    }

    fn notes(&mut self, notes: &[Arc<Note>], written: &dyn Fn()) -> io::Result<()> {
        for note in notes {
            self.note(note)?;
            written();
        }
        self.file.as_mut().map_or(Ok(()), io::BufWriter::flush)
    }
}

impl Destination for EventFile {
    fn take(&mut self, notes: &[Arc<Note>], patience: &Patience<'_>) -> Result<(), String> {
        self.notes(notes, &|| patience.sign())
            .map_err(|e| format!("cannot write ({e}): {}", self.folder.display()))
    }
}

/// What comes first: of a new run its graph, of one that was killed beyond its checkpoint, that what was told from this step on is void.
///
/// Both by the start of a session, of which TensorBoard's loader in Python takes only the second and later ones for a restart. Not all
/// readers heed it (`EventAccumulator` keeps tensors), so a run that goes on where it ended says nothing.
fn beginning(settled: &Settled) -> Vec<What> {
    let start = What::SessionLog(SessionLog { status: 1 });
    match settled {
        Settled { first_step: 0, .. } => vec![start, What::GraphDef(graph::graph(&settled.network))],
        Settled { told_beyond: true, .. } => vec![start],
        Settled { told_beyond: false, .. } => Vec::new(),
    }
}

/// The steps that a note comes after; none for one that comes after all before it.
fn step(content: &Content) -> Option<u64> {
    match content {
        Content::Settled(settled) => Some(settled.first_step),
        Content::Event(
            Happened::Step { step, .. } | Happened::Layers { step, .. } | Happened::Epoch { step, .. },
        )
        | Content::Pictures { step, .. } => Some(*step),
        Content::Measured(measured) => Some(measured.step),
        Content::Ended(_) => None,
    }
}

#[cfg(test)]
mod tests;
