//! A destination with a thread and a bounded queue of its own, so that it can neither slow a training nor stop it: who tells
//! something never waits, what the queue has no room for is dropped and counted, and a destination that fails ends alone.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_ledger::clock::Clock;

use super::note::{Content, Note};

/// What may wait for a destination: a minute of notes of the fastest training measured, or a hundred pictures.
const QUEUE_BYTES: usize = 16 << 20;
/// Between tries when the run is over.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// A place that notes are written or sent to.
pub(crate) trait Destination: Send + 'static {
    /// Writes or sends notes, in their order. An error ends the destination.
    fn take(&mut self, notes: &[Arc<Note>], patience: &Patience<'_>) -> Result<(), String>;

    /// What went wrong without ending it, in a sentence; asked once, at the end.
    fn complaint(&self) -> Option<String> {
        None
    }
}

/// What is fixed about a kind of destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// How it is called in messages.
    pub(crate) name: &'static str,
    /// Whether it has a use for a note.
    pub(crate) wants: fn(&Content) -> bool,
    /// How long notes gather before they are handed over together: what the destination costs, it costs this often.
    pub(crate) gather: Duration,
    /// How long the end of a run waits for a sign of it.
    pub(crate) farewell: Duration,
    /// How long the end of a run waits for it at most, while it gives signs.
    pub(crate) longest_farewell: Duration,
}

/// A destination at work.
pub(crate) struct Sink {
    kind: Kind,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Note>>,
    bytes: usize,
    dropped: u64,
    /// Until when it may go on, once the run is over, and until when at most; by the clock's elapsed time.
    deadline: Option<(Duration, Duration)>,
    /// What is to be said about it.
    news: Vec<String>,
    /// Whether its thread has ended.
    over: bool,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sink {{ kind: {:?} }}", self.kind)
    }
}

impl Sink {
    /// Starts the thread of a destination.
    pub(crate) fn start(kind: Kind, destination: impl Destination, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), clock });
        let work = {
            let shared = Arc::clone(&shared);
            move || shared.work(kind, destination)
        };
        if let Err(error) = std::thread::Builder::new().name(kind.name.to_owned()).spawn(work) {
            shared.end(Some(format!("{}: no thread for it ({error})", kind.name)));
        }
        Self { kind, shared }
    }

    /// Tells something that may be lost: it is dropped when too much waits already.
    pub(crate) fn offer(&self, note: &Arc<Note>) {
        self.put(note, QUEUE_BYTES);
    }

    /// Tells something that comes a few times in a run, and is kept whatever waits already.
    pub(crate) fn send(&self, note: &Arc<Note>) {
        self.put(note, usize::MAX);
    }

    fn put(&self, note: &Arc<Note>, room: usize) {
        if !(self.kind.wants)(&note.content) {
            return;
        }
        let mut state = self.shared.lock();
        let bytes = note.content.bytes();
        if state.over {
            return;
        }
        if state.bytes.saturating_add(bytes) > room {
            state.dropped += 1;
            return;
        }
        state.bytes += bytes;
        state.waiting.push_back(Arc::clone(note));
        self.shared.changed.notify_all();
    }

    /// What is to be said about it since the last call.
    pub(crate) fn news(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().news)
    }

    /// Tells it that the run is over.
    pub(crate) fn close(&self) {
        let (now, Kind { farewell, longest_farewell, .. }) = (self.shared.clock.elapsed(), self.kind);
        self.shared.lock().deadline = Some((now + farewell, now + longest_farewell));
        self.shared.changed.notify_all();
    }

    /// Lets it finish what waits, once it is closed, as long as it gives signs; answers with what is left to be said.
    pub(crate) fn finish(&self) -> Vec<String> {
        let name = self.kind.name;
        let mut state = self.shared.lock();
        while !state.over {
            let left = state.left(self.shared.clock.elapsed()).unwrap_or_default();
            if left.is_zero() {
                break;
            }
            state = self.shared.wait(state, left);
        }
        let mut news = std::mem::take(&mut state.news);
        if !state.over {
            news.push(format!("{name}: no end of it after the run, what was left is lost"));
        }
        if state.dropped > 0 {
            news.push(format!("{name}: {} notes were dropped because it was too slow", state.dropped));
        }
        // A thread that is still in a system call must not go on with a run that nobody waits for.
        state.over = true;
        state.waiting.clear();
        news
    }
}

impl State {
    /// The time left once the run is over; none while it goes on.
    fn left(&self, now: Duration) -> Option<Duration> {
        let of_run = self.deadline.map(|(deadline, _)| deadline.saturating_sub(now));
        if self.over { Some(Duration::ZERO) } else { of_run }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is whole by itself: a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn work(&self, kind: Kind, mut destination: impl Destination) {
        let mut guard = Guard { shared: self, name: kind.name, last_words: None };
        while let Some(notes) = self.next(kind.gather) {
            if let Err(why) = destination.take(&notes, &Patience { shared: self, kind }) {
                guard.last_words = Some(format!("{}: {why}; the run goes on without it", kind.name));
                return;
            }
        }
        guard.last_words = destination.complaint().map(|what| format!("{}: {what}", kind.name));
    }

    /// The notes that have gathered; none when the run is over and all are taken.
    fn next(&self, gather: Duration) -> Option<Vec<Arc<Note>>> {
        let begun = self.clock.elapsed();
        let mut state = self.lock();
        loop {
            let closing = state.deadline.is_some() || state.over;
            let spent = self.clock.elapsed().saturating_sub(begun);
            let ready = closing || spent >= gather || state.bytes > QUEUE_BYTES / 2;
            if ready && !state.waiting.is_empty() {
                state.bytes = 0;
                return Some(std::mem::take(&mut state.waiting).into());
            }
            if closing {
                return None;
            }
            let still = gather.saturating_sub(spent);
            // Without a note there is nothing to wait for but one.
            let most = if still.is_zero() { Duration::from_mins(1) } else { still };
            state = self.wait(state, most);
        }
    }

    fn end(&self, last_words: Option<String>) {
        let mut state = self.lock();
        if !state.over {
            state.news.extend(last_words);
        }
        state.over = true;
        state.waiting.clear();
        self.changed.notify_all();
    }
}

/// Ends the sink however its thread ends.
struct Guard<'a> {
    shared: &'a Shared,
    name: &'static str,
    last_words: Option<String>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.last_words =
                Some(format!("{}: ended by a bug of Plumb; the run goes on without it", self.name));
        }
        self.shared.end(self.last_words.take());
    }
}

/// How long a destination may try.
pub(crate) struct Patience<'a> {
    shared: &'a Shared,
    kind: Kind,
}

impl Patience<'_> {
    /// The time left once the run is over; none while it goes on.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.shared.lock().left(self.shared.clock.elapsed())
    }

    /// Gives a sign that it gets on, which the end of the run waits for.
    pub(crate) fn sign(&self) {
        let now = self.shared.clock.elapsed();
        if let Some((deadline, last)) = &mut self.shared.lock().deadline {
            *deadline = (now + self.kind.farewell).min(*last);
        }
    }

    /// Time since the process began.
    pub(crate) fn now(&self) -> Duration {
        self.shared.clock.elapsed()
    }

    /// Tells the person something, soon.
    pub(crate) fn say(&self, what: &str) {
        self.shared.lock().news.push(format!("{}: {what}", self.kind.name));
    }

    /// Waits before another try; shortly when the run is over.
    pub(crate) fn wait(&self, time: Duration) {
        let mut state = self.shared.lock();
        let time = if state.deadline.is_some() { time.min(LAST_WAIT) } else { time };
        let until = self.shared.clock.elapsed() + time;
        let went_on = state.deadline.is_none();
        while !state.over && state.deadline.is_none() == went_on {
            let left = until.saturating_sub(self.shared.clock.elapsed());
            if left.is_zero() {
                return;
            }
            state = self.shared.wait(state, left);
        }
    }
}

#[cfg(test)]
mod tests;
