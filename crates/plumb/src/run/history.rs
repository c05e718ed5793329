//! `history.jsonl`: one event a line, appended as training goes.
//!
//! The only file of a run that grows. A checkpoint notes its length; resuming cuts it back to that, so that
//! the lines of a resumed run are those of an unbroken one.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use plumb_learn::train::Event;
use serde::Serialize;

/// The history file, open for appending.
#[derive(Debug)]
pub(crate) struct History {
    file: io::BufWriter<File>,
    length: u64,
}

/// The history of a run that goes on.
#[derive(Debug)]
pub(crate) struct Before {
    /// What happened up to its checkpoint.
    pub(crate) events: Vec<Event>,
    /// Whether more had happened, which will happen again.
    pub(crate) cut: bool,
}

impl History {
    /// Opens the file cut to `length` bytes: 0 starts anew.
    pub(crate) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        // A file shorter than the checkpoint says has lost lines that cannot be made up.
        let length = length.min(file.metadata()?.len());
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file: io::BufWriter::new(file), length })
    }

    /// What the file tells, where a run goes on after its first `length` bytes; lines that cannot be read are passed over.
    pub(crate) fn before(path: &Path, length: u64) -> Before {
        let bytes = std::fs::read(path).unwrap_or_default();
        let kept = bytes.get(..length as usize).unwrap_or(&bytes);
        let events = kept.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        Before { events: events.collect(), cut: kept.len() < bytes.len() }
    }

    /// Appends one event. It is handed to the system at once, so that whoever follows the file sees the training move.
    pub(crate) fn append(&mut self, event: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.length += line.len() as u64;
        self.file.write_all(&line)?;
        self.file.flush()
    }

    /// Makes everything appended so far durable and tells the length, for the checkpoint to note.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resuming_cuts_the_lines_after_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut history = History::open(&path, 0).unwrap();
        history.append(&1).unwrap();
        let at_checkpoint = history.sync().unwrap();
        history.append(&2).unwrap();
        history.sync().unwrap();
        drop(history);
        assert!(History::before(&path, at_checkpoint).cut);
        let mut history = History::open(&path, at_checkpoint).unwrap();
        assert!(!History::before(&path, at_checkpoint).cut);
        history.append(&3).unwrap();
        history.sync().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n3\n");
    }
}
