//! Files and folders that are written whole or not at all, and are durable when the call returns.
//!
//! A file: a new sibling is written and synced, renamed over the target, then the folder is synced. A folder:
//! a new sibling folder is filled, every file synced, `manifest.json` with their digests written last, and one
//! rename makes it real. A failed sync is an error and is never retried: the kernel may have dropped the pages
//! (PostgreSQL, 2018). Nothing else in Plumb writes an artefact.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Sha256;

/// A write that did not happen; whatever stood there before still does.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} ({source}): {}", path.display())]
pub struct WriteError {
    /// What was being done.
    pub action: &'static str,
    /// What the system said.
    pub source: io::Error,
    /// The file or folder.
    pub path: PathBuf,
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> WriteError + use<'a> {
    move |source| WriteError { action, source, path: path.to_owned() }
}

/// Writes `bytes` to `path`, replacing what was there in one step.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_file_with(path, |file| file.write_all(bytes))
}

/// Writes a file through `fill`, replacing what was there in one step. When `fill` fails nothing changes.
pub fn write_file_with(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    let staged = sibling(path);
    let result = write_synced(&staged, fill).and_then(|()| {
        rename(&staged, path).map_err(failed("replace the file", path))?;
        sync_folder(parent(path))
    });
    if result.is_err() {
        remove_quietly(&staged);
    }
    result
}

fn write_synced(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), WriteError> {
    let mut file = File::create_new(path).map_err(failed("create the file", path))?;
    fill(&mut file).map_err(failed("write the file", path))?;
    file.sync_all().map_err(failed("make the file durable", path))
}

/// Writes a folder that is not there yet, with these files at these paths below it, of which none may lead out of it: whole, or not at all.
pub fn write_folder<'a>(
    target: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), WriteError> {
    let staged = sibling(target);
    let result = fill_folder(&staged, files).and_then(|()| {
        if target.symlink_metadata().is_ok() {
            return Err(failed("replace the folder", target)(io::ErrorKind::AlreadyExists.into()));
        }
        rename(&staged, target).map_err(failed("put the folder in its place", target))?;
        sync_folder(parent(target))
    });
    if result.is_err() {
        remove_quietly(&staged);
    }
    result
}

fn fill_folder<'a>(
    staged: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), WriteError> {
    fs::create_dir(staged).map_err(failed("create the folder", staged))?;
    let mut folders = std::collections::BTreeSet::from([staged.to_owned()]);
    for (path, bytes) in files {
        let is_plain =
            Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let path = staged.join(path);
        if !is_plain {
            return Err(failed("write the file", &path)(io::ErrorKind::InvalidInput.into()));
        }
        fs::create_dir_all(parent(&path)).map_err(failed("create the folder", parent(&path)))?;
        write_synced(&path, |file| file.write_all(bytes))?;
        let above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(staged));
        folders.extend(above.map(Path::to_owned));
    }
    // The inner ones first: a folder is durable when what it names is.
    folders.iter().rev().try_for_each(|folder| sync_folder(folder))
}

fn sync_folder(path: &Path) -> Result<(), WriteError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("make the folder durable", path))
}

#[expect(clippy::disallowed_methods, reason = "the one place that renames: what it moves is synced before")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name beside `path` that no other process uses.
fn sibling(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Whether a name is that of a [`sibling`].
fn is_sibling(name: &str) -> bool {
    let numbers = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part")?.rsplit_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers
        .and_then(|(_, numbers)| numbers.split_once('-'))
        .is_some_and(|(a, b)| is_number(a) && is_number(b))
}

/// Removes what killed processes have left half written, in a folder and in those directly below it. Nobody but the caller may be writing there. What
/// cannot be read or removed stays: it is in nobody's way.
pub(crate) fn sweep(folder: &Path) {
    for path in entries(folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_sibling(&name) {
            remove_quietly(&path);
        } else if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            for inner in entries(&path) {
                if is_sibling(&inner.file_name().unwrap_or_default().to_string_lossy()) {
                    remove_quietly(&inner);
                }
            }
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(all) = fs::read_dir(folder) else { return Vec::new() };
    all.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Cleaning up after a failure that is already being reported: a second failure adds nothing.
fn remove_quietly(path: &Path) {
    let _reported_already = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// The digests of a folder's files, its `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub schema: u32,
    /// File name to digest.
    pub files: BTreeMap<String, Sha256>,
}

/// The name of the file that says that a folder is whole.
pub const MANIFEST: &str = "manifest.json";

/// A folder in the making; it becomes real by [`StagedFolder::commit`] and vanishes when dropped before.
#[derive(Debug)]
pub struct StagedFolder {
    staged: PathBuf,
    target: PathBuf,
    manifest: Manifest,
    committed: bool,
}

impl StagedFolder {
    /// Starts a folder that will stand at `target`.
    pub fn new(target: &Path) -> Result<Self, WriteError> {
        let staged = sibling(target);
        fs::create_dir(&staged).map_err(failed("create the folder", &staged))?;
        let manifest = Manifest { schema: 1, files: BTreeMap::new() };
        Ok(Self { staged, target: target.to_owned(), manifest, committed: false })
    }

    /// Adds a file and makes it durable.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        write_synced(&self.staged.join(name), |file| file.write_all(bytes))?;
        self.manifest.files.insert(name.to_owned(), Sha256::of(bytes));
        Ok(())
    }

    /// Writes the manifest and puts the folder in its place; a folder already there is replaced.
    ///
    /// A kill between the two renames of a replacement leaves the old folder under its `.old` name, where
    /// [`read_folder_or_old`] finds it.
    pub fn commit(self) -> Result<(), WriteError> {
        let old = old_name(&self.target);
        self.commit_keeping_old()?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(failed("remove the old folder", &old))?;
        }
        Ok(())
    }

    /// Like [`StagedFolder::commit`], but the folder that is replaced stays under its `.old` name, in place of the one
    /// before: [`read_folder_or_old`] falls back to it.
    pub fn commit_keeping_old(mut self) -> Result<(), WriteError> {
        let manifest = serde_json::to_vec_pretty(&self.manifest)
            .map_err(|e| failed("write the manifest", &self.target)(e.into()))?;
        write_synced(&self.staged.join(MANIFEST), |file| file.write_all(&manifest))?;
        sync_folder(&self.staged)?;
        let old = old_name(&self.target);
        if self.target.exists() {
            if old.exists() {
                fs::remove_dir_all(&old).map_err(failed("remove the old folder", &old))?;
            }
            rename(&self.target, &old).map_err(failed("set the old folder aside", &self.target))?;
        }
        rename(&self.staged, &self.target).map_err(failed("replace the folder", &self.target))?;
        self.committed = true;
        sync_folder(parent(&self.target))
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        if !self.committed {
            remove_quietly(&self.staged);
        }
    }
}

fn old_name(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".old");
    target.with_file_name(name)
}

/// Why a folder's contents cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file cannot be read.
    #[error("cannot read the file ({source}): {}", path.display())]
    Read {
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The manifest is not one.
    #[error("the manifest is damaged ({source}): {}", path.display())]
    Manifest {
        /// What is wrong with it.
        source: serde_json::Error,
        /// The manifest.
        path: PathBuf,
    },
    /// The file differs from what was written.
    #[error("the file is damaged, its digest is not that of the manifest: {}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a committed folder whole, each file held against the manifest.
pub fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, FolderError> {
    let read =
        |path: &Path| fs::read(path).map_err(|source| FolderError::Read { source, path: path.to_owned() });
    let path = folder.join(MANIFEST);
    let manifest: Manifest =
        serde_json::from_slice(&read(&path)?).map_err(|source| FolderError::Manifest { source, path })?;
    let mut files = BTreeMap::new();
    for (name, digest) in manifest.files {
        // A name is one plain component, so that a forged manifest cannot reach outside the folder.
        let path = folder.join(Path::new(&name).file_name().unwrap_or_default());
        let bytes = read(&path)?;
        if Sha256::of(&bytes) != digest {
            return Err(FolderError::Digest { path });
        }
        files.insert(name, bytes);
    }
    Ok(files)
}

/// A folder as it was found.
#[derive(Debug)]
pub struct Found {
    /// Its files.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is wrong with the newer folder, when these files are of the one before it.
    pub damage: Option<FolderError>,
}

/// Reads a folder that is replaced by [`StagedFolder::commit_keeping_old`]: itself, or the one before it when it is
/// damaged. None where there has never been one; the error is the newer folder's.
pub fn read_folder_or_old(target: &Path) -> Result<Option<Found>, FolderError> {
    let old = old_name(target);
    if !target.exists() && !old.exists() {
        return Ok(None);
    }
    if !target.exists() {
        // A kill between the two renames of a replacement: nothing is damaged.
        return Ok(Some(Found { files: read_folder(&old)?, damage: None }));
    }
    let damage = match read_folder(target) {
        Ok(files) => return Ok(Some(Found { files, damage: None })),
        Err(damage) => damage,
    };
    match read_folder(&old) {
        Ok(files) => Ok(Some(Found { files, damage: Some(damage) })),
        Err(_) => Err(damage),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage what the writer wrote")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_file(&path, b"old").unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_file(&path, b"old").unwrap();
        let full = |file: &mut File| {
            file.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let error = write_file_with(&path, full).unwrap_err().to_string();
        assert!(error.starts_with("cannot write the file"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_folder_is_committed_read_back_and_replaced() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("last");
        for round in [b"1", b"2"] {
            let mut folder = StagedFolder::new(&target).unwrap();
            folder.write("weights", round).unwrap();
            folder.commit().unwrap();
            assert_eq!(read_folder(&target).unwrap()["weights"], round);
        }
        assert_eq!(names(home.path()), ["last"]);
        drop(StagedFolder::new(&target).unwrap());
        assert_eq!(names(home.path()), ["last"], "an abandoned folder leaves nothing");
    }

    #[test]
    fn every_flipped_byte_is_detected() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("last");
        let mut folder = StagedFolder::new(&target).unwrap();
        folder.write("weights", b"0123456789").unwrap();
        folder.commit().unwrap();
        for at in 0..10 {
            let mut bytes = b"0123456789".to_vec();
            bytes[at] ^= 1;
            fs::write(target.join("weights"), &bytes).unwrap();
            assert!(matches!(read_folder(&target), Err(FolderError::Digest { .. })));
        }
    }

    #[test]
    fn a_damaged_folder_gives_way_to_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("last");
        assert!(read_folder_or_old(&target).unwrap().is_none());
        for round in [b"1", b"2", b"3"] {
            let mut folder = StagedFolder::new(&target).unwrap();
            folder.write("weights", round).unwrap();
            folder.commit_keeping_old().unwrap();
        }
        assert_eq!(names(home.path()), ["last", "last.old"]);
        let found = read_folder_or_old(&target).unwrap().unwrap();
        assert!(found.files["weights"] == b"3" && found.damage.is_none());
        for (file, bytes) in [("weights", b"x".as_slice()), (MANIFEST, b"{"), (MANIFEST, b"")] {
            fs::write(target.join(file), bytes).unwrap();
            let found = read_folder_or_old(&target).unwrap().unwrap();
            assert!(found.files["weights"] == b"2" && found.damage.is_some());
        }
        fs::write(target.with_file_name("last.old").join("weights"), b"x").unwrap();
        assert!(matches!(read_folder_or_old(&target), Err(FolderError::Manifest { .. })));
    }

    #[test]
    fn a_kill_between_the_renames_loses_nothing() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("last");
        let mut folder = StagedFolder::new(&target).unwrap();
        folder.write("weights", b"old").unwrap();
        folder.commit().unwrap();
        rename(&target, &old_name(&target)).unwrap();
        let found = read_folder_or_old(&target).unwrap().unwrap();
        assert!(found.files["weights"] == b"old" && found.damage.is_none());
    }

    #[test]
    fn a_new_folder_is_there_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("bundle");
        let files = [("a", b"1".as_slice()), ("b/c", b"2"), ("b/d/e", b"3")];
        write_folder(&target, files.into_iter()).unwrap();
        assert_eq!(
            (names(&target), fs::read(target.join("b/d/e")).unwrap()),
            (vec!["a".into(), "b".into()], b"3".to_vec())
        );
        let again = write_folder(&target, files.into_iter()).unwrap_err();
        assert_eq!(again.source.kind(), io::ErrorKind::AlreadyExists);
        let other = home.path().join("other");
        for bad in ["../x", "/x", "a"] {
            write_folder(&other, [("a", b"1".as_slice()), (bad, b"2")].into_iter()).unwrap_err();
        }
        assert_eq!(names(home.path()), ["bundle"]);
    }
}
