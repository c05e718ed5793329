//! A file that only grows, read from where it was left.
//!
//! A resumed run cuts its history back to the checkpoint and goes on from there. That the bytes before the place are
//! still the ones that were read is therefore checked every time; where they are not, everything is read anew.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

/// Bytes taken from the file at a time. 4 MiB: some forty thousand steps.
const CHUNK: usize = 4 << 20;
/// A line longer than this is no event: it is passed over. 64 MiB: a thousand layers with their histograms take 2.
const LONGEST_LINE: usize = 64 << 20;
/// Bytes before the place that are compared.
const REMEMBERED: usize = 64;

/// What became of a file since it was last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is nothing new.
    Same,
    /// Lines were read, and there may be more.
    Read,
    /// It is not the file that was read before: what was taken from it is void. Nothing was read yet.
    Anew,
}

/// A place in a growing file.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    /// Where the next line begins.
    offset: u64,
    /// The bytes before that.
    before: Vec<u8>,
    /// The length of the file when it was last looked at.
    length: u64,
    /// Lines that were too long.
    pub(crate) overlong: usize,
}

impl Tail {
    /// The beginning of a file.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, offset: 0, before: Vec::new(), length: 0, overlong: 0 }
    }

    /// How many bytes were read and how many there are.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.offset, self.length.max(self.offset))
    }

    /// Hands the next whole lines, at most a few mebibytes of them, with the place of each. A last line without its end
    /// is left for the next time. A file that is not there is an empty one.
    pub(crate) fn read(&mut self, each: &mut dyn FnMut(u64, &[u8])) -> io::Result<Progress> {
        let Some(mut file) = open_regular(&self.path)? else {
            self.length = 0;
            return Ok(if self.offset == 0 { Progress::Same } else { self.begin_anew() });
        };
        self.length = file.metadata()?.len();
        if self.length < self.offset || !self.is_where_it_was(&mut file)? {
            return Ok(self.begin_anew());
        }
        if self.length == self.offset {
            return Ok(Progress::Same);
        }
        let bytes = self.whole_lines(&mut file)?;
        if bytes.is_empty() {
            return Ok(Progress::Same);
        }
        let mut at = self.offset;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            each(at, line.trim_ascii_end());
            at += line.len() as u64;
        }
        self.offset = at;
        self.before = bytes[bytes.len().saturating_sub(REMEMBERED)..].to_vec();
        Ok(Progress::Read)
    }

    fn begin_anew(&mut self) -> Progress {
        *self = Self::new(std::mem::take(&mut self.path));
        Progress::Anew
    }

    fn is_where_it_was(&self, file: &mut File) -> io::Result<bool> {
        let mut found = vec![0; self.before.len()];
        file.seek(SeekFrom::Start(self.offset - self.before.len() as u64))?;
        file.read_exact(&mut found)?;
        Ok(found == self.before)
    }

    /// The bytes from the place to the last line end within a chunk, or within as many as the longest line may have.
    fn whole_lines(&mut self, file: &mut File) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut wanted = CHUNK;
        loop {
            let more = file.take((wanted - bytes.len()) as u64).read_to_end(&mut bytes)?;
            if let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') {
                bytes.truncate(end + 1);
                return Ok(bytes);
            }
            if more == 0 {
                return Ok(Vec::new());
            }
            if bytes.len() >= LONGEST_LINE {
                return self.pass_over(file, bytes.len() as u64);
            }
            wanted = (wanted * 2).min(LONGEST_LINE);
        }
    }

    /// Goes to the end of a line that is too long; one that has no end yet is looked at again the next time.
    fn pass_over(&mut self, file: &mut File, already: u64) -> io::Result<Vec<u8>> {
        let mut passed = already;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = file.read(&mut chunk)?;
            let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else {
                return Ok(Vec::new());
            };
            if let Some(end) = read.iter().position(|&byte| byte == b'\n') {
                self.offset += passed + end as u64 + 1;
                self.before = b"\n".to_vec();
                self.overlong += 1;
                return Ok(Vec::new());
            }
            passed += read.len() as u64;
        }
    }
}

/// Opens a file to read; nothing when there is none. Pipes and devices, which never end, are no files of a run.
pub(crate) fn open_regular(path: &std::path::Path) -> io::Result<Option<File>> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => File::open(path).map(Some),
        Ok(_) => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn lines(tail: &mut Tail) -> (Progress, Vec<(u64, String)>) {
        let mut lines = Vec::new();
        let progress =
            tail.read(&mut |at, line| lines.push((at, String::from_utf8_lossy(line).into_owned()))).unwrap();
        (progress, lines)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn what_was_read_is_not_read_again_and_a_torn_line_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut tail = Tail::new(path.clone());
        assert_eq!(lines(&mut tail).0, Progress::Same, "there is no file yet");
        std::fs::write(&path, "one\ntwo\nthr").unwrap();
        assert_eq!(lines(&mut tail), (Progress::Read, vec![(0, "one".into()), (4, "two".into())]));
        assert_eq!(lines(&mut tail).0, Progress::Same);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"ee\n").unwrap();
        assert_eq!(lines(&mut tail), (Progress::Read, vec![(8, "three".into())]));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_history_that_was_cut_back_is_read_anew_even_when_it_has_grown_past_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut tail = Tail::new(path.clone());
        std::fs::write(&path, "a1\na2\n").unwrap();
        lines(&mut tail);
        std::fs::write(&path, "a1\nb2\nb3\n").unwrap();
        assert_eq!(lines(&mut tail).0, Progress::Anew);
        assert_eq!(lines(&mut tail).1.len(), 3);
        std::fs::write(&path, "a1\n").unwrap();
        assert_eq!(lines(&mut tail).0, Progress::Anew);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_line_without_measure_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut long = vec![b'x'; LONGEST_LINE + 10];
        long.extend(b"\nshort\n");
        std::fs::write(&path, long).unwrap();
        let mut tail = Tail::new(path);
        assert_eq!(lines(&mut tail).0, Progress::Same);
        assert_eq!(lines(&mut tail).1[0].1, "short");
        assert_eq!(tail.overlong, 1);
    }
}
