//! A bundle as a folder: written whole or not at all, read once.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use plumb_ledger::atomic;

use crate::{BundleLimits, Files, Refusal, Why};

/// Puts the files into a folder that is not there yet; durable when it returns.
pub fn write(folder: &Path, files: &Files) -> Result<(), Refusal> {
    let entries = files.iter().map(|(path, file)| (path, file.bytes()));
    atomic::write_folder(folder, entries).map_err(|error| {
        Refusal::of(Why::Unwritable(format!("{}: {}", error.action, error.source)), folder.to_string_lossy())
    })
}

/// The files of a folder and of the folders in it. Links are refused and never followed; a file that changes meanwhile is taken as it
/// was read, once, and its digest is of these bytes.
pub fn read(folder: &Path, limits: &BundleLimits) -> Result<Files, Refusal> {
    let mut files = Files::default();
    read_into(folder, "", 0, &mut files, limits)?;
    Ok(files)
}

fn read_into(
    folder: &Path,
    under: &str,
    depth: usize,
    files: &mut Files,
    limits: &BundleLimits,
) -> Result<(), Refusal> {
    let unreadable =
        |error: std::io::Error| Refusal::of(Why::Unreadable(error.to_string()), folder.to_string_lossy());
    let mut names: Vec<_> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name());
        if names.len() > limits.files {
            return Err(Refusal::of(
                Why::Limit { what: "files", limit: limits.files as u64 },
                folder.to_string_lossy(),
            ));
        }
    }
    names.sort();
    for name in names {
        let path = format!("{under}{}", name.to_string_lossy());
        let refuse = |why| Refusal::of(why, &path);
        let at = folder.join(&name);
        let found = fs::symlink_metadata(&at).map_err(|error| refuse(Why::Unreadable(error.to_string())))?;
        if found.is_dir() {
            if depth >= limits.depth {
                return Err(refuse(Why::Limit { what: "folders on a path", limit: limits.depth as u64 }));
            }
            crate::files::check_path(&path, limits).map_err(refuse)?;
            read_into(&at, &format!("{path}/"), depth + 1, files, limits)?;
            continue;
        }
        check_kind(&found).map_err(refuse)?;
        files.check(&path, found.len(), limits).map_err(refuse)?;
        files.insert(&path, bytes(&at, found.len()).map_err(refuse)?, limits)?;
    }
    Ok(())
}

fn check_kind(found: &fs::Metadata) -> Result<(), Why> {
    if found.is_symlink() {
        return Err(Why::NotAFile("a symbolic link"));
    }
    if !found.is_file() {
        return Err(Why::NotAFile("a device or a pipe"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(found) > 1 {
        return Err(Why::NotAFile("a hard link"));
    }
    Ok(())
}

/// One byte more than stated tells that the file grows.
fn bytes(path: &Path, size: u64) -> Result<Vec<u8>, Why> {
    let unreadable = |error: std::io::Error| Why::Unreadable(error.to_string());
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(size.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 != size {
        return Err(Why::Unreadable("it changes while it is read".to_owned()));
    }
    Ok(bytes)
}
