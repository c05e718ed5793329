//! Which runs there are. A run whose files have kept their times and lengths is not read again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::summary::{self, Mark, Summary};

/// Runs that are listed. 20,000: more folders beside one another is a sweep gone wrong.
const MOST_RUNS: usize = 20_000;

/// The runs below a folder.
#[derive(Debug)]
pub(crate) struct Listing {
    folder: PathBuf,
    /// Whether the folder can only be a run itself.
    alone: bool,
    known: BTreeMap<String, (Mark, Arc<Summary>)>,
    runs: Arc<Vec<Arc<Summary>>>,
}

impl Listing {
    /// Nothing is read yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), alone: false, known: BTreeMap::new(), runs: Arc::default() }
    }

    /// The one run that the folder is.
    pub(crate) fn of_run(folder: &Path) -> Self {
        Self { alone: true, ..Self::new(folder) }
    }

    /// A run that was found before, looked at again.
    pub(crate) fn look_at(&mut self, id: &str) -> Option<Arc<Summary>> {
        let entry = self.known.get_mut(id)?;
        let path = entry.1.path.clone();
        *entry = looked_at(id, &path, Some(entry))?;
        Some(Arc::clone(&entry.1))
    }

    /// Looks again. One `stat` of each file, one read of what changed.
    pub(crate) fn refresh(&mut self) -> Arc<Vec<Arc<Summary>>> {
        let known = &self.known;
        let look = |(id, path): &(String, PathBuf)| Some((id.clone(), looked_at(id, path, known.get(id))?));
        let found: BTreeMap<String, (Mark, Arc<Summary>)> =
            self.folders().par_iter().filter_map(look).collect();
        let same = found.len() == self.known.len()
            && found.iter().zip(&self.known).all(|((a, (_, x)), (b, (_, y)))| a == b && Arc::ptr_eq(x, y));
        if !same {
            self.runs = Arc::new(found.values().map(|(_, run)| Arc::clone(run)).collect());
        }
        self.known = found;
        Arc::clone(&self.runs)
    }

    fn folders(&self) -> Vec<(String, PathBuf)> {
        if summary::mark(&self.folder).is_some() {
            let whole = std::path::absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
            let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return vec![(name, self.folder.clone())];
        }
        if self.alone {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let folder = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            (!name.starts_with('.')).then(|| (name, entry.path()))
        };
        let mut folders: Vec<(String, PathBuf)> = entries.filter_map(folder).take(MOST_RUNS).collect();
        folders.sort();
        folders.dedup_by(|a, b| a.0 == b.0);
        folders
    }
}

/// A run as it is now; `None` when it is none any more.
fn looked_at(id: &str, path: &Path, before: Option<&(Mark, Arc<Summary>)>) -> Option<(Mark, Arc<Summary>)> {
    let mark = summary::mark(path)?;
    let run = match before {
        Some((then, run)) if *then == mark => again(run, path, &mark),
        _ => Arc::new(summary::read(id, path, &mark)),
    };
    Some((mark, run))
}

/// The same run, with its state as it is now.
fn again(run: &Arc<Summary>, path: &Path, mark: &Mark) -> Arc<Summary> {
    let state = summary::state(path, mark);
    if state == run.state { Arc::clone(run) } else { Arc::new(Summary { state, ..Summary::clone(run) }) }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
mod tests {
    use super::*;
    use crate::dashboard::store::State;

    fn run(folder: &Path, name: &str, ledger: &str) {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("ledger.json"), ledger).unwrap();
    }

    const LEDGER: &str =
        r#"{"schema":1,"run":"r","stage":"split","verdicts":[{"id":"a.b","verdict":"fail"}]}"#;

    #[test]
    fn only_what_changed_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), "b", LEDGER);
        run(folder.path(), "a", LEDGER);
        std::fs::create_dir(folder.path().join("no run")).unwrap();
        std::fs::write(folder.path().join("ledger"), "").unwrap();
        let mut listing = Listing::new(folder.path());
        let first = listing.refresh();
        assert_eq!(first.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            (first[0].verdicts, first[0].state, first[0].stage.as_str()),
            ([1, 0, 0, 0], State::Stopped, "split")
        );
        assert!(Arc::ptr_eq(&first, &listing.refresh()), "nothing changed, so nothing is new");
        run(folder.path(), "b", &LEDGER.replace("fail", "pass and more"));
        let second = listing.refresh();
        assert!(Arc::ptr_eq(&first[0], &second[0]) && !Arc::ptr_eq(&first[1], &second[1]));
        assert_eq!(second[1].verdicts, [0; 4], "a ledger that cannot be read counts nothing");
    }

    #[test]
    fn a_run_folder_itself_is_a_list_of_one_and_a_held_one_is_running() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), "a", LEDGER);
        let path = folder.path().join("a");
        let mut listing = Listing::new(&path);
        assert_eq!(listing.refresh()[0].id, "a");
        let held = plumb_ledger::lock::FolderLock::take(&path).unwrap();
        assert_eq!(listing.refresh()[0].state, State::Running);
        drop(held);
        assert_eq!(listing.refresh()[0].state, State::Stopped);
    }
}
