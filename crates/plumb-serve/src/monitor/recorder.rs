//! Who takes note of what was served: a bounded queue, one thread that writes, nothing that anybody waits for.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plumb_data::{Table, Values};
use plumb_ledger::clock::Clock;
use plumb_ledger::digest::xxh3;
use plumb_ledger::lock::FolderLock;

use super::segments;
use super::settings::{LogError, LogSettings};
use super::writer::Writer;
use crate::observe::{Answered, Figure, Observer};

/// What became of the rows that were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that were told.
    pub told: u64,
    /// Rows that were drawn.
    pub drawn: u64,
    /// Rows that stand in segments.
    pub written: u64,
    /// Drawn rows that were dropped: the queue or the memory was full, or they could not be encoded.
    pub dropped: u64,
    /// Segments that were written.
    pub segments: u64,
    /// Old segments that made room.
    pub removed: u64,
    /// Writes that failed; each is tried again.
    pub failures: u64,
    /// Bytes of the segments on the disk.
    pub bytes: u64,
    /// What the last failure said.
    pub last_failure: Option<String>,
}

/// What the queue's two ends share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) told: AtomicU64,
    pub(super) drawn: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) segments: AtomicU64,
    pub(super) removed: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Bytes of rows in memory.
    pub(super) pending: AtomicUsize,
    /// Batches in the queue.
    pub(super) waiting: AtomicUsize,
    pub(super) closing: AtomicBool,
    pub(super) last_failure: Mutex<Option<String>>,
}

/// Rows of an answered batch that were drawn.
pub(super) struct Drawn {
    pub(super) answered: Answered,
    pub(super) rows: Vec<usize>,
    pub(super) bytes: usize,
}

/// Keeps a log of what was served.
pub struct Recorder {
    sender: SyncSender<Drawn>,
    shared: Arc<Shared>,
    bound: u64,
    memory: usize,
    done: Mutex<Receiver<()>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Starts a log in a folder that no other process writes to; segments that are there already are gone on from.
    pub fn start(settings: LogSettings, clock: Arc<dyn Clock>) -> Result<Self, LogError> {
        let is_share = settings.share > 0.0 && settings.share <= 1.0;
        if !is_share || settings.segment_rows == 0 || settings.queue == 0 {
            return Err(LogError::Setting("the settings of the log have no meaning"));
        }
        let lock = taken(&settings.folder)?;
        let (sender, receiver) = sync_channel(settings.queue);
        let (said, done) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let (bound, memory) = (bound(settings.share), settings.memory_bytes);
        let folder = settings.folder.clone();
        let failed = |source| LogError::Folder { source, path: folder.clone() };
        let mut writer = Writer::new(settings, Arc::clone(&shared), clock).map_err(failed)?;
        let thread = std::thread::Builder::new().name("plumb-log".to_owned()).spawn(move || {
            let _held_until_the_end = lock;
            writer.run(&receiver);
            // Whoever does not wait has gone.
            let _nobody_waits = said.try_send(());
        });
        thread.map_err(failed)?;
        Ok(Self { sender, shared, bound, memory, done: Mutex::new(done) })
    }

    /// What became of the rows so far.
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let shared = &self.shared;
        Counts {
            told: read(&shared.told),
            drawn: read(&shared.drawn),
            written: read(&shared.written),
            dropped: read(&shared.dropped),
            segments: read(&shared.segments),
            removed: read(&shared.removed),
            failures: read(&shared.failures),
            bytes: read(&shared.bytes),
            last_failure: shared.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Batches that wait for the thread that writes.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Acquire)
    }

    /// Writes what is in memory and ends; for as long as `patience` allows. Whether all was tried in that time.
    pub fn close(&self, patience: Duration) -> bool {
        self.shared.closing.store(true, Ordering::Release);
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.recv_timeout(patience).is_ok()
    }

    fn dropped(&self, rows: usize) {
        self.shared.dropped.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// The folder, made where it is missing, and held.
fn taken(folder: &Path) -> Result<FolderLock, LogError> {
    let failed = |source| LogError::Folder { source, path: folder.to_owned() };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let lock = FolderLock::take(folder)?;
    segments::sweep(folder).map_err(failed)?;
    Ok(lock)
}

/// The hash below which a row is in.
pub(super) fn bound(share: f64) -> u64 {
    // A float as an integer saturates: 1 is every hash but the last one.
    (share * 2f64.powi(64)) as u64
}

/// Whether a row is in: a function of its name alone, so that a smaller share is a part of a larger one.
pub(super) fn is_drawn(id: &str, bound: u64) -> bool {
    bound == u64::MAX || xxh3(id.as_bytes()) < bound
}

impl Observer for Recorder {
    fn answered(&self, answered: Answered) {
        let rows: Vec<usize> =
            (0..).zip(&answered.ids).filter(|(_, id)| is_drawn(id, self.bound)).map(|(row, _)| row).collect();
        self.shared.told.fetch_add(answered.ids.len() as u64, Ordering::Relaxed);
        if rows.is_empty() {
            return;
        }
        self.shared.drawn.fetch_add(rows.len() as u64, Ordering::Relaxed);
        let (count, bytes) = (rows.len(), size(&answered.table) + answered.predictions.len() * 64);
        let before = self.shared.pending.fetch_add(bytes, Ordering::AcqRel);
        let is_closing = self.shared.closing.load(Ordering::Acquire);
        let fits = !is_closing && before.saturating_add(bytes) <= self.memory;
        self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        if !fits || self.sender.try_send(Drawn { answered, rows, bytes }).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
            self.shared.pending.fetch_sub(bytes, Ordering::AcqRel);
            self.dropped(count);
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let of = self.counts();
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("log_rows_written_total", "Rows of the log that stand in segments", of.written),
            figure("log_rows_dropped_total", "Rows that found no room on their way to the log", of.dropped),
            figure("log_failures_total", "Writes of the log that failed, each tried again", of.failures),
            figure("log_bytes", "Bytes of the log on the disk", of.bytes),
        ]
    }
}

/// About how many bytes a table takes up.
pub(super) fn size(table: &Table) -> usize {
    let of_column = |values: &Values| {
        let pictures = if let Values::Image(images) = values { images.set.bytes() } else { 0 };
        pictures + values.array().get_array_memory_size()
    };
    table.columns().iter().map(|column| of_column(&column.values)).sum()
}

#[cfg(test)]
mod tests;
