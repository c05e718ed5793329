//! What the dashboard knows about the runs of a folder: everything is read from their files, nothing is written, and
//! what was read once is not read again while the file stays as it was.

mod curves;
mod event;
mod json;
mod layers;
mod listing;
mod opened;
mod predictions;
mod series;
mod summary;
mod tail;

pub(crate) use curves::{Curves, STEP_CURVES};
pub(crate) use event::Histogram;
pub(crate) use json::{bytes, json_file};
pub(crate) use layers::{LayerCurve, Spread};
pub(crate) use opened::OpenRun;
#[cfg(test)]
pub(crate) use series::Series;
pub(crate) use series::{Block, outline, thinned};
pub(crate) use summary::{State, Summary};
pub(crate) use tail::open_regular;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_ledger::clock::Clock as _;

use listing::Listing;
use opened::OpenRuns;
use predictions::ReadPredictions;

use crate::clock::SystemClock;
use crate::comparison::{Predicted, Unreadable};

/// Looks at the list that listeners share: whoever asks within this time gets what the last one found.
const LATELY: Duration = Duration::from_millis(1_500);

/// All runs below a folder.
pub(crate) struct Store {
    listing: Mutex<Listing>,
    open: Mutex<OpenRuns>,
    predictions: Mutex<ReadPredictions>,
    clock: SystemClock,
    /// When the list was last looked at for the listeners, and what was found.
    lately: Mutex<Option<(Duration, Runs)>>,
}

/// The runs in the order of their names.
pub(crate) type Runs = Arc<Vec<Arc<Summary>>>;

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// The runs below `folder`, or the one run that it is.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            listing: Mutex::new(Listing::new(folder)),
            open: Mutex::new(OpenRuns::default()),
            predictions: Mutex::default(),
            clock: SystemClock::start(),
            lately: Mutex::new(None),
        }
    }

    /// The one run that `folder` is; a folder of runs is none.
    pub(crate) fn of_run(folder: &Path) -> Self {
        Self { listing: Mutex::new(Listing::of_run(folder)), ..Self::new(folder) }
    }

    /// The runs as they are now.
    pub(crate) fn runs(&self) -> Runs {
        held(&self.listing).refresh()
    }

    /// The runs as they were a moment ago: however many listen, the folder is looked through once.
    pub(crate) fn runs_lately(&self) -> Runs {
        let mut lately = held(&self.lately);
        let now = self.clock.elapsed();
        match &*lately {
            Some((then, runs)) if now.saturating_sub(*then) < LATELY => Arc::clone(runs),
            _ => {
                let runs = self.runs();
                *lately = Some((now, Arc::clone(&runs)));
                runs
            }
        }
    }

    /// A run that was found before, as it is now.
    pub(crate) fn look_at(&self, id: &str) -> Option<Arc<Summary>> {
        held(&self.listing).look_at(id)
    }

    /// What a run predicted.
    pub(crate) fn predictions(&self, run: &Summary) -> Result<Arc<Predicted>, Unreadable> {
        held(&self.predictions).get(run)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_ms()
    }

    /// A run by its name. The name is looked up among those that were found: it never becomes a path.
    pub(crate) fn run(&self, id: &str) -> Option<Arc<Summary>> {
        let known = self.look_at(id);
        known.or_else(|| self.runs().iter().find(|run| run.id == id).cloned())
    }

    /// The history of a run, shared by all who look at it.
    pub(crate) fn open(&self, run: &Summary) -> Arc<OpenRun> {
        held(&self.open).get(run)
    }
}

/// A lock that outlives a panic of whoever held it: what it guards is only ever read from files anew.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
