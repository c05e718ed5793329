//! How a log of served rows is kept.

use std::path::PathBuf;
use std::time::Duration;

/// How rows are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSettings {
    /// The folder of the segments; one process writes to it at a time.
    pub folder: PathBuf,
    /// The share of rows that is kept, over 0 and at most 1. A row is in or out by its id alone.
    pub share: f64,
    /// Rows of a segment at most.
    pub segment_rows: usize,
    /// How old the first row of a segment may be when the segment is written.
    pub segment_age: Duration,
    /// Bytes of all segments together: the oldest go.
    pub total_bytes: u64,
    /// Bytes of rows in memory, waiting or being put together: past it rows are dropped.
    pub memory_bytes: usize,
    /// Answered batches that wait at most.
    pub queue: usize,
}

impl LogSettings {
    /// All rows, 8,192 a segment or a minute, 1 GiB on the disk, 64 MiB in memory, 1,024 batches waiting: a segment is then some hundred
    /// kilobytes of a table, and a crash costs a minute.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            share: 1.0,
            segment_rows: 8_192,
            segment_age: Duration::from_mins(1),
            total_bytes: 1 << 30,
            memory_bytes: 64 << 20,
            queue: 1_024,
        }
    }
}

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A setting has no meaning.
    #[error("{0}")]
    Setting(&'static str),
    /// The folder cannot be used.
    #[error("cannot use the folder of the log ({source}): {}", path.display())]
    Folder {
        /// What the system said.
        source: std::io::Error,
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes to it.
    #[error(transparent)]
    Lock(#[from] plumb_ledger::lock::LockError),
}

impl plumb_ledger::Explain for LogError {
    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Setting(_) => "keep a share over 0 and up to 1, in segments of at least one row",
                Self::Folder { .. } => "name a folder that can be written to and read",
                Self::Lock(_) => "one server writes to one folder: name another",
            }
            .to_owned(),
        )
    }

    fn exit_code(&self) -> plumb_ledger::ExitCode {
        plumb_ledger::ExitCode::Usage
    }
}
