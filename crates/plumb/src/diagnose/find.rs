//! From the paths that were typed to the logs behind them, and their bytes under the limits.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::LogError;
use super::formats::{Claim, FORMATS, Folder, Format, Inner, Source};
use super::limits::{BYTES, DEPTH, ENTRIES, HEAD_BYTES, LOGS};

/// A log that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// What it is called: its path as typed.
    pub(crate) path: PathBuf,
    /// The format that claims it.
    pub(crate) format: &'static Format,
    /// Its files with their parts.
    pub(crate) files: Vec<(String, PathBuf)>,
}

impl Found {
    /// Its files' bytes; all of them together are under the limit.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, LogError> {
        let mut left = BYTES;
        let mut sources = Vec::with_capacity(self.files.len());
        for (part, path) in &self.files {
            let bytes = head(path, left + 1)?;
            left = left.checked_sub(bytes.len() as u64).ok_or_else(|| LogError::TooLarge {
                what: "bytes",
                limit: BYTES,
                path: self.path.clone(),
            })?;
            sources.push(Source { part: part.clone(), bytes });
        }
        Ok(sources)
    }
}

/// The logs of all paths, in order; a path behind which there is none is an error.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Found>, LogError> {
    let mut search = Search { found: Vec::new(), entries: 0 };
    for path in paths {
        let before = search.found.len();
        let about = fs::metadata(path).map_err(|source| LogError::Io { source, path: path.clone() })?;
        if about.is_dir() {
            search.folder(path, DEPTH)?;
        } else if about.is_file() {
            search.file(path)?;
        }
        if search.found.len() == before {
            return Err(LogError::Unknown { path: path.clone() });
        }
    }
    Ok(search.found)
}

struct Search {
    found: Vec<Found>,
    entries: usize,
}

impl Search {
    /// A file that was named: the first format that knows its content.
    fn file(&mut self, path: &Path) -> Result<(), LogError> {
        let head = head(path, HEAD_BYTES)?;
        if let Some(format) = FORMATS.iter().find(|format| (format.is)(path, &head)) {
            let files = vec![(String::new(), path.to_owned())];
            self.found.push(Found { path: path.to_owned(), format, files });
        }
        Ok(())
    }

    /// A folder: what each format claims of it, then the folders in it that no log has taken.
    fn folder(&mut self, path: &Path, depth: usize) -> Result<(), LogError> {
        let folder = self.list(path)?;
        let mut taken: Vec<String> = Vec::new();
        let mut claimed: Vec<String> = Vec::new();
        for format in &FORMATS {
            for claim in (format.find)(&folder) {
                let free = !claim.files.iter().any(|(_, file)| claimed.contains(file));
                if free && is_one(format, &folder, &claim)? {
                    claimed.extend(claim.files.iter().map(|(_, file)| file.clone()));
                    taken.extend(claim.takes.iter().cloned());
                    self.add(format, path, claim)?;
                }
            }
        }
        let inner = folder.folders.iter().filter(|inner| !taken.contains(&inner.name));
        for inner in inner.filter(|_| depth > 1) {
            self.folder(&path.join(&inner.name), depth - 1)?;
        }
        Ok(())
    }

    fn add(&mut self, format: &'static Format, folder: &Path, claim: Claim) -> Result<(), LogError> {
        if self.found.len() == LOGS {
            return Err(LogError::TooLarge { what: "logs", limit: LOGS as u64, path: folder.to_owned() });
        }
        let path = if claim.name.is_empty() { folder.to_owned() } else { folder.join(&claim.name) };
        let files = claim.files.into_iter().map(|(part, file)| (part, folder.join(file))).collect();
        self.found.push(Found { path, format, files });
        Ok(())
    }

    /// What stands in a folder, without links: a link that leads back up would never end.
    fn list(&mut self, path: &Path) -> Result<Folder, LogError> {
        let (files, names) = self.entries(path)?;
        let mut folders = Vec::with_capacity(names.len());
        for name in names {
            let (mut files, deeper) = self.entries(&path.join(&name))?;
            for inner in deeper {
                let (more, _) = self.entries(&path.join(&name).join(&inner))?;
                files.extend(more.into_iter().map(|file| format!("{inner}/{file}")));
            }
            folders.push(Inner { name, files });
        }
        Ok(Folder { path: path.to_owned(), files, folders })
    }

    /// The names of the files and of the folders in a folder, sorted; hidden ones and those that are no UTF-8 left out.
    fn entries(&mut self, path: &Path) -> Result<(Vec<String>, Vec<String>), LogError> {
        let failed = |source| LogError::Io { source, path: path.to_owned() };
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            self.entries += 1;
            if self.entries > ENTRIES {
                let limit = ENTRIES as u64;
                return Err(LogError::TooLarge { what: "files and folders", limit, path: path.to_owned() });
            }
            let kind = entry.file_type().map_err(failed)?;
            match entry.file_name().into_string() {
                Ok(name) if name.starts_with('.') => {}
                Ok(name) if kind.is_dir() => folders.push(name),
                Ok(name) if kind.is_file() => files.push(name),
                _ => {}
            }
        }
        files.sort();
        folders.sort();
        Ok((files, folders))
    }
}

/// Whether the one file of a claim has the content of its format; of a claim by its folder's make-up that is known.
fn is_one(format: &Format, folder: &Folder, claim: &Claim) -> Result<bool, LogError> {
    let path = folder.path.join(&claim.name);
    Ok(claim.name.is_empty() || (format.is)(&path, &head(&path, HEAD_BYTES)?))
}

/// The first bytes of a file, at most so many.
fn head(path: &Path, most: u64) -> Result<Vec<u8>, LogError> {
    let failed = |source| LogError::Io { source, path: path.to_owned() };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
