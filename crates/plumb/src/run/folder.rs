//! The folder of a run: who may have it, what stands in it, and how it is written.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plumb_ledger::atomic::{self, WriteError};
use plumb_ledger::lock::{FolderLock, LockError};
use plumb_ledger::{ExitCode, Explain};
use serde::Serialize;

use super::files::JOB;

/// Why a run cannot have its folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// Something stands there already.
    #[error("the folder is not empty: {}", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// It is not a folder of a run.
    #[error("no run to resume, `job.toml` is missing: {}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or looked into.
    #[error("cannot use the folder ({source}): {}", path.display())]
    Unusable {
        /// What the system said.
        source: io::Error,
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it, or it cannot be written to.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Explain for FolderError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotEmpty { path } if path.join(JOB).exists() => {
                format!("`plumb run --resume {}` goes on with it, `--out DIR` takes another", path.display())
            }
            Self::NotEmpty { .. } => "`--out DIR` takes another folder".to_owned(),
            Self::NoRun { .. } => "`plumb run JOB --out DIR` starts one".to_owned(),
            Self::Unusable { .. } | Self::Lock(LockError::Io { .. }) => {
                "`--out DIR` takes another folder; it must be one you can write to".to_owned()
            }
            Self::Lock(LockError::InUse { .. }) => {
                "wait for the other process, or `--out DIR` takes another folder".to_owned()
            }
            Self::Write(_) => "free some space, then `plumb run --resume DIR`".to_owned(),
        };
        Some(hint)
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Write(_) => ExitCode::Failed,
            _ => ExitCode::Usage,
        }
    }
}

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    new: bool,
    _lock: FolderLock,
}

impl RunFolder {
    /// Makes the folder `out`, or the next free `runs/NAME-1`, `runs/NAME-2`, ...
    ///
    /// Refuses a folder with anything in it but hidden files, which a killed run may have left behind before
    /// its job was written.
    pub(crate) fn create(out: Option<&Path>, name: &str) -> Result<Self, FolderError> {
        let Some(path) = out else { return Self::create_numbered(Path::new("runs"), name) };
        let unusable = |source| FolderError::Unusable { source, path: path.to_owned() };
        fs::create_dir_all(path).map_err(unusable)?;
        // The lock first: of two that come at once one is told that the folder is in use.
        let folder = Self::take(path, true)?;
        for entry in fs::read_dir(path).map_err(unusable)? {
            if !entry.map_err(unusable)?.file_name().to_string_lossy().starts_with('.') {
                return Err(FolderError::NotEmpty { path: path.to_owned() });
            }
        }
        Ok(folder)
    }

    /// Numbers, not times: they sort, and no clock can make two runs collide.
    fn create_numbered(runs: &Path, name: &str) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { source, path: runs.to_owned() };
        fs::create_dir_all(runs).map_err(unusable)?;
        let mut number = 1usize;
        loop {
            let path = runs.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::take(&path, true),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(unusable(e)),
            }
        }
    }

    /// Refuses a folder that is none of a run.
    pub(crate) fn check(path: &Path) -> Result<(), FolderError> {
        if path.join(JOB).is_file() { Ok(()) } else { Err(FolderError::NoRun { path: path.to_owned() }) }
    }

    /// Takes the folder of a run that was interrupted.
    pub(crate) fn resume(path: &Path) -> Result<Self, FolderError> {
        Self::check(path)?;
        Self::take(path, false)
    }

    fn take(path: &Path, new: bool) -> Result<Self, FolderError> {
        Ok(Self { path: path.to_owned(), new, _lock: FolderLock::take(path)? })
    }

    /// Removes a folder taken for a run that could not begin, so that the same command can be given again. The
    /// folder of a resumed run stays, and so does one in which anything else stands.
    pub(crate) fn abandon(&self) {
        if !self.new {
            return;
        }
        // The error that ended the run is being reported; a failed clean-up adds nothing to it.
        let _gone = [JOB, ".lock"].map(|name| fs::remove_file(self.join(name)).is_ok());
        let _gone = fs::remove_dir(&self.path).is_ok();
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the run: the last part of its path.
    pub(crate) fn name(&self) -> String {
        let whole = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The path of a file in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes a folder in it, if it is not there yet.
    pub(crate) fn make(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.join(name);
        fs::create_dir_all(&path).map_err(|source| FolderError::Unusable { source, path: path.clone() })?;
        Ok(path)
    }

    /// Writes a file whole.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        Ok(atomic::write_file(&self.join(name), bytes)?)
    }

    /// Writes a value as JSON, two blanks a level, for people who look.
    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), FolderError> {
        let path = self.join(name);
        Ok(atomic::write_file_with(&path, |file| {
            // The serializer writes token by token.
            let mut buffered = io::BufWriter::new(file);
            serde_json::to_writer_pretty(&mut buffered, value)?;
            buffered.write_all(b"\n")?;
            buffered.flush()
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_used_folder_is_refused_and_a_leftover_of_a_killed_run_is_not() {
        let base = tempfile::tempdir().unwrap();
        let out = base.path().join("out");
        drop(RunFolder::create(Some(&out), "x").unwrap());
        fs::write(out.join(".job.toml.7-0.part"), "half").unwrap();
        let folder = RunFolder::create(Some(&out), "x").unwrap();
        folder.write(JOB, b"").unwrap();
        drop(folder);
        let refused = RunFolder::create(Some(&out), "x").unwrap_err();
        assert!(matches!(refused, FolderError::NotEmpty { .. }), "{refused}");
        assert!(refused.hint().unwrap().contains("--resume"));
        RunFolder::resume(&out).unwrap();
    }

    #[test]
    fn two_at_once_cannot_have_one_folder() {
        let base = tempfile::tempdir().unwrap();
        let held = RunFolder::create(Some(base.path()), "x").unwrap();
        let refused = RunFolder::create(Some(base.path()), "x").unwrap_err();
        assert!(refused.to_string().contains("in use by process"), "{refused}");
        drop(held);
    }

    #[test]
    fn runs_are_numbered() {
        let base = tempfile::tempdir().unwrap();
        let names = [(); 2].map(|()| RunFolder::create_numbered(base.path(), "adult").unwrap().name());
        assert_eq!(names, ["adult-1", "adult-2"]);
    }
}
