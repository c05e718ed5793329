//! The folder of a monitored model: what was found, judged and told, for the next look and for people.

use std::path::{Path, PathBuf};

use plumb_ledger::lock::FolderLock;
use plumb_ledger::{Ledger, atomic};
use plumb_serve::monitor::Figures;
use serde::Serialize;

use super::MONITOR;
use super::webhook::Told;
use crate::dashboard::store::bytes;
use crate::fault::Fault;
use crate::report;
use crate::run::files;

/// Which verdicts the webhook was told last.
const TOLD: &str = "told.json";

/// A folder that is held.
#[derive(Debug)]
pub(super) struct MonitorFolder {
    path: PathBuf,
    _lock: FolderLock,
}

impl MonitorFolder {
    /// Takes a folder, made where it is missing. One that has other things in it is refused.
    pub(super) fn take(path: &Path) -> Result<Self, Fault> {
        let unusable = |why: &dyn std::fmt::Display| {
            Fault::usage(format!("cannot use the folder ({why}): {}", path.display()))
                .hint("`--out DIR` takes a new folder, or one that `plumb monitor` wrote")
        };
        std::fs::create_dir_all(path).map_err(|error| unusable(&error))?;
        let lock = FolderLock::take(path).map_err(|error| unusable(&error))?;
        let mut names = std::fs::read_dir(path).map_err(|error| unusable(&error))?;
        let is_used =
            names.any(|entry| entry.is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with('.')));
        if is_used && !path.join(MONITOR).is_file() {
            return Err(unusable(&"it has other things in it"));
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// What was found and told before. A file that is damaged is an error: to begin anew would count looks anew.
    pub(super) fn before(&self) -> Result<(Option<Figures>, Told), Fault> {
        Ok((self.read(MONITOR)?, self.read(TOLD)?.unwrap_or_default()))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        let path = self.path.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let found = bytes(&path).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        found.map(Some).ok_or_else(|| {
            Fault::failed(format!("the file is damaged, or of another version of plumb: {}", path.display()))
                .hint("`--out DIR` elsewhere begins anew; looks are then counted from 1 again")
        })
    }

    /// Writes what was found, each file whole; the figures last, for they count the look.
    pub(super) fn write(&self, figures: &Figures, ledger: &Ledger, told: &Told) -> Result<(), Fault> {
        let page = report::render_monitoring(figures, ledger)?;
        self.put(files::REPORT, page.as_bytes())?;
        self.put_json(files::LEDGER, ledger)?;
        self.put_json(TOLD, told)?;
        self.put_json(MONITOR, figures)
    }

    fn put_json(&self, name: &str, value: &impl Serialize) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Fault::failed(format!("cannot write {name} as JSON ({error})")))?;
        self.put(name, (text + "\n").as_bytes())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        atomic::write_file(&self.path.join(name), bytes).map_err(|error| {
            Fault::failed(error.to_string()).hint("free some space, or `--out DIR` elsewhere")
        })
    }
}
