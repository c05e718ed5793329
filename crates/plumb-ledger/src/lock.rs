//! One run, one folder: an advisory lock that the kernel releases even after `kill -9`.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("the folder is in use by process {owner}: {}", path.display())]
    InUse {
        /// What the holder wrote about itself.
        owner: String,
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file could not be made.
    #[error("cannot lock the folder ({source}): {}", path.display())]
    Io {
        /// What the system said.
        source: std::io::Error,
        /// The lock file.
        path: PathBuf,
    },
}

/// A held lock. The file stays behind when it is dropped; an unlocked file means nothing.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of `folder`, in its file `.lock`, or says who has it. What a killed holder left half written is removed.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(".lock");
        let io = |source| LockError::Io { source, path: path.clone() };
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match patiently(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                file.take(64).read_to_string(&mut owner).map_err(io)?;
                return Err(LockError::InUse { owner: owner.trim().to_owned(), path });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        crate::atomic::sweep(folder);
        Ok(Self { _file: file })
    }
}

/// Whoever only asks holds the lock for a moment: that must not turn a run away.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..3 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            answer => return answer,
        }
    }
    file.try_lock()
}

/// Whether a process holds the lock of `folder`. Takes nothing: a folder that cannot be asked is held by nobody.
pub fn is_held(folder: &Path) -> bool {
    let path = folder.join(".lock");
    let is_file = path.metadata().is_ok_and(|meta| meta.is_file());
    is_file
        && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_holder_left_half_written_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("checkpoints/.last.7-1.part")).unwrap();
        std::fs::create_dir_all(at("checkpoints/last")).unwrap();
        let left = [".ledger.json.12-3.part", "checkpoints/.last.7-1.part/weights"];
        let kept = [".hidden", ".ledger.json.part", "a.12-3.part", ".x.1-a.part", "checkpoints/last/weights"];
        for name in left.iter().chain(&kept) {
            crate::atomic::write_file(&at(name), b"x").unwrap();
        }
        let _lock = FolderLock::take(folder.path()).unwrap();
        assert!(left.iter().all(|name| !at(name).exists()) && !at("checkpoints/.last.7-1.part").exists());
        assert!(kept.iter().all(|name| at(name).exists()));
    }

    #[test]
    fn the_second_taker_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::take(folder.path()).unwrap();
        let refused = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        assert!(is_held(folder.path()));
        drop(held);
        assert!(!is_held(folder.path()));
        FolderLock::take(folder.path()).unwrap();
    }
}
