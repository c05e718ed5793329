//! The predictions that somebody looked at last, so that turning a page does not read the file again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::Summary;
use crate::comparison::{Predicted, Unreadable};
use crate::run::files;

/// Files kept at once: the two of a comparison, and two more.
const MOST_KEPT: usize = 4;

/// Length of a file, and when it changed.
type Mark = (u64, Duration);

/// The files read last, the latest last.
#[derive(Debug, Default)]
pub(crate) struct ReadPredictions {
    kept: Vec<(PathBuf, Mark, Arc<Predicted>)>,
}

impl ReadPredictions {
    /// The predictions of a run, read anew when the file has changed.
    pub(crate) fn get(&mut self, run: &Summary) -> Result<Arc<Predicted>, Unreadable> {
        let mark = mark(run).ok_or(Unreadable::Missing)?;
        if let Some((_, _, known)) = self.kept.iter().find(|(path, at, _)| *path == run.path && *at == mark) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(Predicted::read(&run.path)?);
        self.kept.retain(|(path, _, _)| *path != run.path);
        if self.kept.len() == MOST_KEPT {
            self.kept.remove(0);
        }
        self.kept.push((run.path.clone(), mark, Arc::clone(&read)));
        Ok(read)
    }
}

fn mark(run: &Summary) -> Option<Mark> {
    let meta =
        std::fs::metadata(run.path.join(files::PREDICTIONS)).ok().filter(std::fs::Metadata::is_file)?;
    Some((meta.len(), meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?))
}
