//! The thread that writes the log.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use arrow_array::{ArrayRef, Float64Array, Int64Array, LargeStringArray};
use plumb_data::Table;
use plumb_ledger::atomic;
use plumb_ledger::clock::Clock;

use super::layout::{self, Layout};
use super::recorder::{Drawn, Shared, size};
use super::rows::{Embeddings, Rows};
use super::segments;
use super::settings::LogSettings;

/// How often the thread looks whether a segment is due.
const TICK: Duration = Duration::from_millis(100);
/// Before a failed write is tried again; doubled before each further try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between tries at most.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Rows of one model that wait for their segment.
struct Buffer {
    model: String,
    version: String,
    layout: Layout,
    /// When the first of them came.
    since: Duration,
    pieces: Vec<Piece>,
}

/// Rows of one batch.
struct Piece {
    unix_ms: i64,
    role: &'static str,
    ids: Vec<String>,
    rows: Rows,
    bytes: usize,
}

/// Puts segments together and writes them.
pub(super) struct Writer {
    settings: LogSettings,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    buffers: Vec<Buffer>,
    number: u64,
    first: u64,
    pause: Duration,
    /// Not before this time after a failure.
    again: Duration,
}

impl Writer {
    /// Goes on behind the last segment of the folder.
    pub(super) fn new(
        settings: LogSettings,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let all = segments::segments(&settings.folder)?;
        let (number, first) = all.last().map_or((1, 0), |last| (last.number + 1, last.first + last.rows));
        shared.bytes.store(all.iter().map(|segment| segment.bytes).sum(), Ordering::Relaxed);
        let (pause, again) = (FIRST_PAUSE, Duration::ZERO);
        Ok(Self { settings, shared, clock, buffers: Vec::new(), number, first, pause, again })
    }

    /// Writes until the log is closed or nobody tells any more.
    pub(super) fn run(&mut self, receiver: &Receiver<Drawn>) {
        loop {
            let ends = match receiver.recv_timeout(TICK) {
                Ok(drawn) => {
                    self.take(&drawn);
                    false
                }
                Err(RecvTimeoutError::Timeout) => self.shared.closing.load(Ordering::Acquire),
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if ends {
                break;
            }
            self.write_due();
        }
        // Whoever was between the look at `closing` and the queue has come by now.
        while let Ok(drawn) = receiver.try_recv() {
            self.take(&drawn);
        }
        for mut buffer in std::mem::take(&mut self.buffers) {
            while !buffer.pieces.is_empty() && self.write(&mut buffer) {}
            for piece in buffer.pieces {
                self.forget(piece.ids.len(), piece.bytes);
            }
        }
    }

    /// Rows that will not be written.
    fn forget(&self, rows: usize, bytes: usize) {
        self.shared.pending.fetch_sub(bytes, Ordering::AcqRel);
        self.shared.dropped.fetch_add(rows as u64, Ordering::Relaxed);
    }

    fn take(&mut self, drawn: &Drawn) {
        self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
        let count = drawn.rows.len();
        // A model that panics on what it has answered before shall not end the log.
        let made = catch_unwind(AssertUnwindSafe(|| piece(drawn)));
        let piece = match made.unwrap_or_else(|_| Err("the model panicked".to_owned())) {
            Ok(piece) => piece,
            Err(why) => {
                self.failed(why);
                return self.forget(count, drawn.bytes);
            }
        };
        // What is kept is less than what came: pictures have gone, and rows that were not drawn.
        // What the last layer shows of a text, and ids, may be more than what came.
        let grown = piece.bytes.saturating_sub(drawn.bytes);
        let pending = self.shared.pending.load(Ordering::Acquire);
        if grown > 0 && pending.saturating_add(grown) > self.settings.memory_bytes {
            return self.forget(count, drawn.bytes);
        }
        // One step, in wrapping arithmetic: counted twice for a moment, they would keep others out.
        self.shared.pending.fetch_add(piece.bytes.wrapping_sub(drawn.bytes), Ordering::AcqRel);
        let signature = drawn.answered.model.signature();
        let is_its = |buffer: &Buffer| buffer.model == signature.name && buffer.version == signature.version;
        if let Some(buffer) = self.buffers.iter_mut().find(|buffer| is_its(buffer)) {
            buffer.pieces.push(piece);
        } else {
            self.buffers.push(Buffer {
                model: signature.name.clone(),
                version: signature.version.clone(),
                layout: Layout::of(signature),
                since: self.clock.elapsed(),
                pieces: vec![piece],
            });
        }
    }

    /// Writes each segment that is full or old enough; after a failure none before its pause is over.
    fn write_due(&mut self) {
        let now = self.clock.elapsed();
        if now < self.again {
            return;
        }
        // Rows that come one by one take some kilobytes each: rather a short segment than dropped rows.
        let is_tight = self.shared.pending.load(Ordering::Acquire) > self.settings.memory_bytes / 2;
        let mut buffers = std::mem::take(&mut self.buffers);
        for buffer in &mut buffers {
            let is_old = now.saturating_sub(buffer.since) >= self.settings.segment_age;
            while buffer.rows() >= self.settings.segment_rows || (is_old || is_tight) && buffer.rows() > 0 {
                if !self.write(buffer) {
                    break;
                }
                buffer.since = now;
            }
        }
        buffers.retain(|buffer| !buffer.pieces.is_empty());
        self.buffers = buffers;
    }

    /// Writes the first rows of a buffer as one segment. Whether that worked; if not they are still there.
    fn write(&mut self, buffer: &mut Buffer) -> bool {
        let (mut rows, mut pieces) = (0, 0);
        while pieces < buffer.pieces.len() && (rows < self.settings.segment_rows || pieces == 0) {
            rows += buffer.pieces.get(pieces).map_or(0, |piece| piece.ids.len());
            pieces += 1;
        }
        let Some(of) = buffer.pieces.get(..pieces) else { return false };
        let bytes = of.iter().map(|piece| piece.bytes).sum();
        let file = match file(of, buffer, self.settings.share) {
            Ok(file) => file,
            Err(why) => {
                // It will be no better the next time.
                self.failed(why);
                self.forget(rows, bytes);
                buffer.pieces.drain(..pieces);
                return true;
            }
        };
        let path = self.settings.folder.join(segments::name(self.number, self.first, rows as u64));
        if let Err(why) = self.put(&path, &file) {
            self.failed(why);
            self.again = self.clock.elapsed() + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            return false;
        }
        (self.pause, self.again) = (FIRST_PAUSE, Duration::ZERO);
        self.number += 1;
        self.first += rows as u64;
        buffer.pieces.drain(..pieces);
        self.shared.pending.fetch_sub(bytes, Ordering::AcqRel);
        self.shared.written.fetch_add(rows as u64, Ordering::Relaxed);
        self.shared.segments.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Makes room, then writes: the bound holds while the file is being written, too.
    fn put(&self, path: &std::path::Path, file: &[u8]) -> Result<(), String> {
        let folder = &self.settings.folder;
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let room = self.settings.total_bytes.saturating_sub(file.len() as u64);
        let (mut removed, _) = segments::within(folder, room).map_err(|error| error.to_string())?;
        atomic::write_file(path, file).map_err(|error| error.to_string())?;
        if let Ok((more, bytes)) = segments::within(folder, self.settings.total_bytes) {
            removed += more;
            self.shared.bytes.store(bytes, Ordering::Relaxed);
        }
        self.shared.removed.fetch_add(removed, Ordering::Relaxed);
        Ok(())
    }

    fn failed(&self, why: String) {
        self.shared.failures.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut last) = self.shared.last_failure.lock() {
            *last = Some(why);
        }
    }
}

impl Buffer {
    fn rows(&self) -> usize {
        self.pieces.iter().map(|piece| piece.ids.len()).sum()
    }
}

/// The drawn rows, with what stands for their pictures and texts.
fn piece(drawn: &Drawn) -> Result<Piece, String> {
    let Drawn { answered, rows, .. } = drawn;
    let layout = Layout::of(answered.model.signature());
    let all = answered.table.keep(rows);
    let columns = layout.inputs.iter().map(|input| {
        let column = all.column(&input.name).cloned();
        column.ok_or_else(|| format!("served rows have no column `{}`", input.name))
    });
    let table = Table::new(columns.collect::<Result<_, String>>()?).map_err(|error| error.to_string())?;
    let embeddings = match layout.is_embedded.then(|| answered.model.embed(&all)).flatten() {
        None => None,
        Some(Ok((values, width))) => Some(Embeddings { values, width }),
        Some(Err(error)) => return Err(error.to_string()),
    };
    let told = Rows {
        table: Table::new(Vec::new()).map_err(|e| e.to_string())?,
        predictions: answered.predictions.clone(),
        embeddings: None,
    };
    let predictions = told.keep(rows).predictions;
    let ids: Vec<String> = rows.iter().filter_map(|&row| answered.ids.get(row).cloned()).collect();
    if predictions.len() != ids.len() || !layout.inputs.is_empty() && table.rows() != ids.len() {
        return Err("a batch has fewer answers or rows than names".to_owned());
    }
    let bytes = size(&table)
        + embeddings.as_ref().map_or(0, |of| of.values.len() * size_of::<f32>())
        + ids.iter().map(|id| id.len() + 64).sum::<usize>();
    let rows = Rows { table, predictions, embeddings };
    Ok(Piece { unix_ms: answered.unix_ms as i64, role: answered.role.as_str(), ids, rows, bytes })
}

/// A segment of these rows.
fn file(pieces: &[Piece], buffer: &Buffer, share: f64) -> Result<Vec<u8>, String> {
    let rows: Vec<&Rows> = pieces.iter().map(|piece| &piece.rows).collect();
    let rows = Rows::joined(&rows).ok_or("batches of one model have different columns")?;
    let each = || pieces.iter().flat_map(|piece| piece.ids.iter().map(move |id| (piece, id)));
    let constant =
        |text: &str| -> ArrayRef { Arc::new(each().map(|_| Some(text)).collect::<LargeStringArray>()) };
    let front: Vec<(&str, ArrayRef)> = vec![
        ("unix_ms", Arc::new(Int64Array::from_iter_values(each().map(|(piece, _)| piece.unix_ms)))),
        ("id", Arc::new(each().map(|(_, id)| Some(id)).collect::<LargeStringArray>())),
        ("model", constant(&buffer.model)),
        ("version", constant(&buffer.version)),
        ("role", Arc::new(each().map(|(piece, _)| Some(piece.role)).collect::<LargeStringArray>())),
        ("weight", Arc::new(Float64Array::from_iter_values(each().map(|_| 1.0 / share)))),
    ];
    let front = front.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
    layout::encode(front, &rows, &buffer.layout)
}
