//! `plumb monitor BUNDLE --log DIR --replay DATA`: rows of a table go through the bundle's model into a log, as if they had been served.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::Array as _;
use plumb_data::read::{ReadOptions, read};
use plumb_data::{Kind, Predictions, Table};
use plumb_ledger::clock::Clock as _;
use plumb_serve::monitor::{Embeddings, LogSettings, Recorder, Rows};
use plumb_serve::observe::{Answered, Observer as _, Role};
use plumb_serve::signature::Input;
use plumb_serve::{ServeError, Served, Signature};

use super::bundle::Monitored;
use crate::fault::Fault;
use crate::report::format::counted;
use crate::run::{Screen, SharedClock};

/// Rows that the model is asked about at once.
const AT_ONCE: usize = 1_024;
/// Batches that may wait for the thread that writes.
const AHEAD: usize = 64;
/// How long the last segments may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is asked on the command line.
#[derive(Debug)]
pub(crate) struct Fill<'a> {
    /// The bundle.
    pub(crate) bundle: &'a Path,
    /// The folder of the log.
    pub(crate) log: &'a Path,
    /// The rows.
    pub(crate) data: &'a [PathBuf],
    /// The column that names rows; their numbers where the data has none.
    pub(crate) id: &'a str,
    /// The column that says when a row was served; now without it.
    pub(crate) time: Option<&'a str>,
}

/// The model as the log knows it. Rows are asked here, before they are told.
#[derive(Debug)]
struct Shown {
    signature: Signature,
    embeddings: Option<(Vec<f32>, usize)>,
}

impl Served for Shown {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, _table: &Table) -> Result<Predictions, ServeError> {
        Err(ServeError::Failed("rows were asked before".to_owned()))
    }

    fn embed(&self, _table: &Table) -> Option<Result<(Vec<f32>, usize), ServeError>> {
        self.embeddings.clone().map(Ok)
    }
}

/// Fills a log.
pub(crate) fn fill(ask: &Fill<'_>, screen: &mut Screen) -> Result<(), Fault> {
    let monitored = Monitored::open(ask.bundle)?;
    let table = table(ask, &monitored)?;
    let settings = LogSettings { memory_bytes: usize::MAX, ..LogSettings::new(ask.log.to_owned()) };
    let recorder = Recorder::start(settings, Arc::new(SharedClock::of(screen)))?;
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    screen.begin("replaying", rows.len() as u64);
    let mut done = 0;
    for rows in rows.chunks(AT_ONCE) {
        for batch in answered(ask, &monitored, &table, rows, screen.clock().unix_ms())? {
            // Whoever serves never waits; here there is time, and no row shall be dropped.
            while recorder.waiting() > AHEAD {
                std::thread::sleep(Duration::from_millis(1));
            }
            recorder.answered(batch);
        }
        done += rows.len();
        screen.advance(done as u64, "");
    }
    screen.end();
    let whole = recorder.close(PATIENCE);
    let counts = recorder.counts();
    if !whole || counts.dropped > 0 {
        let why = counts.last_failure.unwrap_or_else(|| "the disk is slow".to_owned());
        return Err(Fault::failed(format!(
            "{} could not be logged ({why}): {}",
            counted(counts.dropped as usize, "row"),
            ask.log.display()
        ))
        .hint("free some space, or `--log DIR` elsewhere"));
    }
    screen.say(&format!(
        "{} logged in {}",
        counted(counts.written as usize, "row"),
        counted(counts.segments as usize, "segment")
    ));
    Ok(())
}

fn table(ask: &Fill<'_>, of: &Monitored) -> Result<Table, Fault> {
    let columns = of.model.preparation().columns.iter();
    let mut kinds: std::collections::BTreeMap<String, Kind> =
        columns.map(|column| (column.name.clone(), column.kind)).collect();
    kinds.extend(ask.time.map(|time| (time.to_owned(), Kind::Time)));
    let options = ReadOptions {
        files: ask.data.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        kinds,
        ..ReadOptions::default()
    };
    Ok(read(&options, &|_| {})?.table)
}

/// The rows with their answers, a batch for each run of rows that were served at the same time.
fn answered(
    ask: &Fill<'_>,
    of: &Monitored,
    table: &Table,
    rows: &[u32],
    now: u64,
) -> Result<Vec<Answered>, Fault> {
    let failed = |error: plumb_data::PredictError| Fault::failed(error.message);
    let places: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
    let part = table.keep(&places);
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let predictions = of.predictor.predict(&part, &all).map_err(failed)?;
    let embeddings = of.layout.is_embedded.then(|| of.predictor.embed(&part, &all)).flatten();
    let embeddings = embeddings.transpose().map_err(failed)?;
    let ids = part.column(ask.id);
    let id = |at: usize| match ids.filter(|ids| !ids.is_missing(at)) {
        Some(ids) => ids.display(at),
        None => format!("row-{}", places.get(at).copied().unwrap_or(at)),
    };
    let times = ask.time.and_then(|time| part.column(time)?.times());
    let served = |at: usize| match times.filter(|times| times.is_valid(at)) {
        Some(times) => u64::try_from(times.value(at)).unwrap_or(0),
        None => now,
    };
    let whole = Rows {
        table: part.clone(),
        predictions,
        embeddings: embeddings.map(|(values, width)| Embeddings { values, width }),
    };
    let order: Vec<usize> = (0..rows.len()).collect();
    let signature = signature(of);
    let batches = order.chunk_by(|a, b| served(*a) == served(*b)).map(|run| {
        let Rows { table, predictions, embeddings } = whole.keep(run);
        let embeddings = embeddings.map(|of| (of.values, of.width));
        Answered {
            model: Arc::new(Shown { signature: signature.clone(), embeddings }),
            role: Role::Champion,
            unix_ms: run.first().map_or(now, |&at| served(at)),
            ids: run.iter().map(|&at| id(at)).collect(),
            table,
            predictions,
        }
    });
    Ok(batches.collect())
}

fn signature(of: &Monitored) -> Signature {
    let columns = of.model.preparation().columns.iter();
    Signature {
        name: of.name.clone(),
        version: of.version.clone(),
        task: of.predictor.task(),
        target: of.model.preparation().target.clone(),
        classes: of.predictor.classes().to_vec(),
        inputs: columns.map(|column| Input { name: column.name.clone(), kind: column.kind }).collect(),
    }
}
