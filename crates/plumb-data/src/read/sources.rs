//! Which files the job means: paths, folders and patterns to a sorted list of regular files.

use std::path::{Path, PathBuf};

use super::error::{Fault, ReadError};
use super::format;

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// How it is named to the person: as the job does, not from the root of the disk.
    pub(super) shown: PathBuf,
}

/// How deep folders are followed. Symbolic links to folders are not followed at all, so a loop cannot arise.
const DEPTH: usize = 16;

/// Every file that `entries` name, relative to `base`: in the order of the entries, sorted within each, once each.
pub(super) fn sources(entries: &[String], base: &Path) -> Result<Vec<Source>, ReadError> {
    let mut found: Vec<Source> = Vec::new();
    for entry in entries {
        for source in entry_sources(entry, base)? {
            if !found.iter().any(|known| known.path == source.path) {
                found.push(source);
            }
        }
    }
    if found.is_empty() {
        return Err(Fault::NothingThere.at(base));
    }
    Ok(found)
}

fn entry_sources(entry: &str, base: &Path) -> Result<Vec<Source>, ReadError> {
    let shown = Path::new(entry);
    let path = base.join(entry);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(vec![Source { path, shown: shown.to_owned() }]),
        Ok(meta) if meta.is_dir() => folder_sources(&path, shown),
        Ok(_) => Err(Fault::NotRegular.at(shown)),
        Err(_) if entry.contains(['*', '?', '[']) => pattern_sources(&path, shown, base),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Err(Fault::NotFound.at(shown)),
        Err(cause) => Err(Fault::Io(cause).at(shown)),
    }
}

fn folder_sources(folder: &Path, shown: &Path) -> Result<Vec<Source>, ReadError> {
    let mut files = Vec::new();
    walk(folder, DEPTH, &mut files).map_err(|cause| Fault::Io(cause).at(shown))?;
    files.sort();
    if files.is_empty() {
        return Err(Fault::NothingThere.at(shown));
    }
    let source = |path: PathBuf| {
        let inner = path.strip_prefix(folder).map(Path::to_owned).unwrap_or_default();
        Source { shown: shown.join(inner), path }
    };
    Ok(files.into_iter().map(source).collect())
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, files)?;
            }
        } else if format::has_table_extension(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn pattern_sources(pattern: &Path, shown: &Path, base: &Path) -> Result<Vec<Source>, ReadError> {
    let pattern_error = |cause: glob::PatternError| Fault::Pattern(cause.msg.to_owned()).at(shown);
    let hidden_stay_hidden =
        glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let matches = glob::glob_with(&pattern.to_string_lossy(), hidden_stay_hidden).map_err(pattern_error)?;
    let mut files: Vec<PathBuf> = matches.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() {
        return Err(Fault::NothingThere.at(shown));
    }
    let source = |path: PathBuf| Source {
        shown: path.strip_prefix(base).map_or_else(|_| path.clone(), Path::to_owned),
        path,
    };
    Ok(files.into_iter().map(source).collect())
}
