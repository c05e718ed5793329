//! The files of a log: `log-NUMBER-FIRST-ROWS.parquet`, numbered, so that no clock matters; each is written whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file of a log, as its name describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from 1.
    pub number: u64,
    /// The place of its first row among all rows that were ever logged in the folder, from 0.
    pub first: u64,
    /// Its rows.
    pub rows: u64,
    /// Where it stands.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// What a segment is called.
pub(super) fn name(number: u64, first: u64, rows: u64) -> String {
    format!("log-{number:08}-{first:012}-{rows}.parquet")
}

fn parsed(name: &str) -> Option<(u64, u64, u64)> {
    let mut parts = name.strip_prefix("log-")?.strip_suffix(".parquet")?.split('-');
    let mut number = || parts.next()?.parse().ok();
    let found = (number()?, number()?, number()?);
    parts.next().is_none().then_some(found)
}

/// The segments of a folder, the oldest first. What is called otherwise is passed over.
pub fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some((number, first, rows)) = entry.file_name().to_str().and_then(parsed) else { continue };
        // One that is removed meanwhile is none.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() {
            found.push(Segment { number, first, rows, path: entry.path(), bytes: meta.len() });
        }
    }
    found.sort_by_key(|segment| (segment.number, segment.first));
    Ok(found)
}

/// Removes the oldest segments until the rest is within `total` bytes; the newest stays. Answers how many went, and the bytes that are left.
pub(super) fn within(folder: &Path, total: u64) -> io::Result<(u64, u64)> {
    let all = segments(folder)?;
    let (mut bytes, mut gone) = (all.iter().map(|segment| segment.bytes).sum::<u64>(), 0);
    for segment in all.iter().take(all.len().saturating_sub(1)) {
        if bytes <= total {
            break;
        }
        fs::remove_file(&segment.path)?;
        bytes -= segment.bytes;
        gone += 1;
    }
    Ok((gone, bytes))
}

/// Removes what a killed process has left unfinished.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_left = name
            .to_str()
            .is_some_and(|name| name.starts_with(".log-") && name.split('.').next_back() == Some("part"));
        if is_left {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_segments_are_read() {
        assert_eq!(parsed(&name(3, 8192, 17)), Some((3, 8192, 17)));
        for other in [
            "log-1-2.parquet",
            "log-1-2-3-4.parquet",
            "log-a-2-3.parquet",
            ".log-1-2-3.parquet",
            "x",
            "log-1-2-3.part",
        ] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }
}
