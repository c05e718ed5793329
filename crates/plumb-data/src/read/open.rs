//! A file under the reader's hands: hashed while it is read, found out when it changes meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read};

use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;

use super::Meter;
use super::error::Fault;
use super::sources::Source;

/// A regular file that is read once, from its first byte to its last.
pub(super) struct OpenFile<'a> {
    file: File,
    before: Metadata,
    hasher: Sha256Hasher,
    taken: u64,
    meter: &'a Meter<'a>,
}

impl<'a> OpenFile<'a> {
    /// Opens it; anything but a regular file is refused, and a FIFO is never waited for.
    pub(super) fn new(source: &Source, meter: &'a Meter<'a>) -> Result<Self, Fault> {
        if !std::fs::metadata(&source.path)?.is_file() {
            return Err(Fault::NotRegular);
        }
        let file = File::open(&source.path)?;
        let before = file.metadata()?;
        Ok(Self { file, before, hasher: Sha256Hasher::default(), taken: 0, meter })
    }

    /// Its size when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.before.len()
    }

    /// All of its bytes, for formats that are read from their end.
    pub(super) fn read_whole(&mut self, limit: usize) -> Result<Vec<u8>, Fault> {
        let size = usize::try_from(self.len()).ok().filter(|&size| size <= limit);
        let mut bytes = Vec::with_capacity(size.ok_or(Fault::TableTooBig(limit))?);
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads what a decoder left over, and gives the digest and the size of the whole file.
    pub(super) fn finish(mut self) -> Result<(Sha256, u64), Fault> {
        io::copy(&mut self, &mut io::sink())?;
        let after = self.file.metadata()?;
        let same_time = match (self.before.modified(), after.modified()) {
            (Ok(before), Ok(after)) => before == after,
            _ => true,
        };
        if self.taken != self.before.len() || after.len() != self.before.len() || !same_time {
            return Err(Fault::Changed);
        }
        Ok((self.hasher.finish(), self.taken))
    }
}

impl Read for OpenFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A file that grows without end is cut off one byte past the size it had: enough to notice.
        let left = (self.before.len() + 1).saturating_sub(self.taken);
        let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = self.file.read(&mut buffer[..room])?;
        self.hasher.update(&buffer[..n]);
        self.taken += n as u64;
        self.meter.advance(n as u64);
        Ok(n)
    }
}
