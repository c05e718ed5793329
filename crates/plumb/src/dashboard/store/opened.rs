//! The histories that somebody looks at: read on by one thread each, the least used forgotten.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Curves, Summary, held};
use crate::run::files;

/// Histories kept at once. 16: more than a person opens, at some 15 MiB each.
const MOST_OPEN: usize = 16;

/// A run whose history was read, or is being read.
#[derive(Debug)]
pub(crate) struct OpenRun {
    curves: Mutex<Curves>,
    /// Who wants to see the curves and has not got them yet.
    waiting: AtomicUsize,
    /// Whether a thread reads on.
    reading: Mutex<bool>,
    done: Condvar,
}

impl OpenRun {
    fn new(run: &Summary) -> Self {
        let curves = Mutex::new(Curves::new(run.path.join(files::HISTORY)));
        Self { curves, waiting: AtomicUsize::new(0), reading: Mutex::new(false), done: Condvar::new() }
    }

    /// Reads what is new, in a thread of its own: waits for it no longer than `patience`, and tells whether all was read.
    pub(crate) fn catch_up(self: &Arc<Self>, patience: Duration) -> bool {
        let mut reading = held(&self.reading);
        if !*reading {
            *reading = true;
            let this = Arc::clone(self);
            std::thread::spawn(move || this.read_all());
        }
        let waited = self.done.wait_timeout_while(reading, patience, |reading| *reading);
        let (reading, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !*reading
    }

    /// A file that cannot be read is one of which nothing more is known.
    fn read_all(&self) {
        /// Tells that reading is over, whatever ended it.
        struct Over<'a>(&'a OpenRun);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                *held(&self.0.reading) = false;
                self.0.done.notify_all();
            }
        }
        let _over = Over(self);
        while held(&self.curves).read_on().unwrap_or(false) {
            // A lock goes to whoever asks first, and the reader asks at once: it must step back for pages to come in between.
            while self.waiting.load(Ordering::Acquire) > 0 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    /// What is known.
    pub(crate) fn curves(&self) -> MutexGuard<'_, Curves> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let curves = held(&self.curves);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        curves
    }
}

/// The runs in order of use, the latest last.
#[derive(Debug, Default)]
pub(crate) struct OpenRuns {
    runs: Vec<(std::path::PathBuf, Arc<OpenRun>)>,
}

impl OpenRuns {
    /// The run, opened if it is not.
    pub(crate) fn get(&mut self, run: &Summary) -> Arc<OpenRun> {
        let known = self.runs.iter().position(|(path, _)| *path == run.path);
        let entry = match known {
            Some(at) => self.runs.remove(at),
            None => (run.path.clone(), Arc::new(OpenRun::new(run))),
        };
        if self.runs.len() == MOST_OPEN {
            self.runs.remove(0);
        }
        let open = Arc::clone(&entry.1);
        self.runs.push(entry);
        open
    }
}
