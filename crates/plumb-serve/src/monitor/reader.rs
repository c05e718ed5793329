//! The log read back: what is damaged is counted and passed over.

use std::path::Path;

use plumb_data::{Column, Table};

use super::layout::{self, Layout, STAMPS, numbers};
use super::recorder::{bound, is_drawn};
use super::rows::Rows;
use super::segments::{Segment, segments};
use super::settings::LogError;

/// Bytes of a segment that is read. 1 GiB: what a writer keeps in memory is far below.
const SEGMENT_BYTES: u64 = 1 << 30;

/// Which rows of a log are wanted.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The version of the model: its bundle's, under whichever name it was served.
    pub version: &'a str,
    /// Its columns.
    pub layout: &'a Layout,
    /// The place in the log from which on rows are wanted.
    pub from: u64,
    /// Rows at most, the newest.
    pub most: usize,
}

/// A log as far as it is wanted and whole.
#[derive(Debug, Clone)]
pub struct Log {
    /// The rows in the order in which they were logged; none where there is none.
    pub rows: Option<Logged>,
    /// Segments of the folder.
    pub segments: usize,
    /// Segments that could not be used, each with why.
    pub damaged: Vec<(String, String)>,
    /// Rows of other models and versions.
    pub others: u64,
    /// Rows that are older than the most that were wanted.
    pub older: u64,
}

/// Logged rows.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The place of each among all rows ever logged in the folder.
    pub places: Vec<u64>,
    /// When each was answered, in milliseconds since 1970, never falling: a clock that went back stands still meanwhile.
    pub unix_ms: Vec<i64>,
    /// The name of each.
    pub ids: Vec<String>,
    /// For how many served rows each stands.
    pub weights: Vec<f64>,
    /// The rows.
    pub rows: Rows,
}

/// Reads the newest segments of a folder until there are as many rows as are wanted.
pub fn read_log(folder: &Path, wanted: &Wanted<'_>) -> Result<Log, LogError> {
    let failed = |source| LogError::Folder { source, path: folder.to_owned() };
    let all = segments(folder).map_err(failed)?;
    let mut log = Log { rows: None, segments: all.len(), damaged: Vec::new(), others: 0, older: 0 };
    let (mut pieces, mut rows) = (Vec::new(), 0);
    for segment in all.iter().rev() {
        if segment.first.saturating_add(segment.rows) <= wanted.from {
            break;
        }
        if rows >= wanted.most {
            log.older += segment.rows;
            continue;
        }
        match read(segment, wanted) {
            Ok(Some(piece)) => {
                rows += piece.rows.len();
                pieces.push(piece);
            }
            Ok(None) => log.others += segment.rows,
            Err(why) => {
                let name = segment.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                log.damaged.push((name, why));
            }
        }
    }
    log.damaged.reverse();
    pieces.reverse();
    log.rows = joined(pieces)
        .map(|logged| if wanted.from > 0 { logged.between(wanted.from, u64::MAX) } else { logged });
    Ok(log)
}

/// The rows of a segment; none where they are another model's.
fn read(segment: &Segment, wanted: &Wanted<'_>) -> Result<Option<Logged>, String> {
    if segment.bytes > SEGMENT_BYTES {
        return Err(format!("it has {} bytes, over {SEGMENT_BYTES}", segment.bytes));
    }
    let bytes = std::fs::read(&segment.path).map_err(|error| format!("it cannot be read: {error}"))?;
    let name = segment.path.to_string_lossy();
    let table = match layout::table_of(&name, bytes.clone(), &STAMPS, Some(wanted.layout)) {
        Ok(table) => table,
        Err(why) => {
            // Another model has other columns, which is no damage.
            let stamps = layout::table_of(&name, bytes, &STAMPS, None);
            return if stamps.is_ok_and(|table| !is_wanted(&table, wanted)) { Ok(None) } else { Err(why) };
        }
    };
    let column = |name: &str| table.column(name).ok_or_else(|| format!("it has no column `{name}`"));
    if table.rows() as u64 != segment.rows {
        return Err(format!("it has {} rows, its name says {}", table.rows(), segment.rows));
    }
    if !is_wanted(&table, wanted) {
        return Ok(None);
    }
    let ids = column("id")?;
    let weights = numbers(column("weight")?)?;
    if weights.iter().any(|weight| !weight.is_finite() || *weight < 1.0) {
        return Err("a row stands for less than itself".to_owned());
    }
    Ok(Some(Logged {
        places: (segment.first..segment.first + segment.rows).collect(),
        unix_ms: numbers(column("unix_ms")?)?.into_iter().map(|ms| ms as i64).collect(),
        ids: (0..ids.len()).map(|row| Column::text_at(ids, row).unwrap_or_default().to_owned()).collect(),
        weights,
        rows: layout::decode(&table, wanted.layout)?,
    }))
}

fn is_wanted(table: &Table, wanted: &Wanted<'_>) -> bool {
    table.column("version").and_then(|column| column.text_at(0)) == Some(wanted.version)
}

fn joined(pieces: Vec<Logged>) -> Option<Logged> {
    let rows: Vec<&Rows> = pieces.iter().map(|piece| &piece.rows).collect();
    let rows = Rows::joined(&rows)?;
    let mut all =
        Logged { places: Vec::new(), unix_ms: Vec::new(), ids: Vec::new(), weights: Vec::new(), rows };
    for piece in pieces {
        all.places.extend(piece.places);
        all.unix_ms.extend(piece.unix_ms);
        all.ids.extend(piece.ids);
        all.weights.extend(piece.weights);
    }
    let mut latest = i64::MIN;
    for ms in &mut all.unix_ms {
        latest = latest.max(*ms);
        *ms = latest;
    }
    Some(all)
}

impl Logged {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Some of them, which must be there.
    #[must_use]
    pub fn keep(&self, rows: &[usize]) -> Self {
        let of = |values: &[u64]| rows.iter().filter_map(|&row| values.get(row).copied()).collect();
        Self {
            places: of(&self.places),
            unix_ms: rows.iter().filter_map(|&row| self.unix_ms.get(row).copied()).collect(),
            ids: rows.iter().filter_map(|&row| self.ids.get(row).cloned()).collect(),
            weights: rows.iter().filter_map(|&row| self.weights.get(row).copied()).collect(),
            rows: self.rows.keep(rows),
        }
    }

    /// The rows as if all had been drawn at the smallest of the shares: where the share changed, rows would count unequally. It costs no
    /// chance, for a smaller share of rows is a part of a larger one.
    #[must_use]
    pub fn at_one_share(self) -> Self {
        let most = self.weights.iter().copied().fold(1.0, f64::max);
        let is_equal = self.weights.iter().all(|weight| (weight - most).abs() < 1e-9 * most);
        if is_equal {
            return self;
        }
        let bound = bound(1.0 / most);
        let rows: Vec<usize> =
            (0..self.len()).filter(|&row| self.ids.get(row).is_some_and(|id| is_drawn(id, bound))).collect();
        let mut kept = self.keep(&rows);
        kept.weights.fill(most);
        kept
    }

    /// Those between two places of the log, both included.
    #[must_use]
    pub(super) fn between(&self, first: u64, last: u64) -> Self {
        let is_wanted =
            |row: &usize| self.places.get(*row).is_some_and(|place| (first..=last).contains(place));
        self.keep(&(0..self.len()).filter(is_wanted).collect::<Vec<_>>())
    }
}
