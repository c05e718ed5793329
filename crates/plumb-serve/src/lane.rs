//! One version of a model at work: a bounded queue before it and threads that answer what waits there, many requests at once.
//!
//! A lone request is answered at once, by all threads of the model together. While they compute, what comes meanwhile waits. Requests of several clients
//! become one batch and their answers are cut apart by counts of rows; where a batch fails, each of its requests is tried alone, so
//! that one client's row cannot take another's answer away. Where others wait or work, a batch has one thread to itself: several
//! such threads wait for nobody, where threads that share a batch wait for each other at each of its steps.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_data::Predictions;
use tokio::sync::{Semaphore, oneshot};

use crate::cells::{self, Cells};
use crate::held::Held;
use crate::observe::{Answered, Observer, Role};
use crate::stats::{Failure, Stats};
use crate::tensor::Tensor;
use crate::turns::Turns;
use crate::{ApiError, ErrorKind, Loaded, Port};

/// How requests become batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Rows of a batch at most; a request of more is a batch of its own.
    pub rows: usize,
    /// How long a request waits for others when the model is idle. 0: not at all.
    pub delay: Duration,
    /// Requests that wait at most.
    pub queue: usize,
    /// Threads that work at a lone batch together, or at one each. Models of more than one take turns, so that they do not fight for the processors.
    pub threads: usize,
}

/// Who is told of answers, and by which clock.
#[derive(Clone)]
pub struct Telling {
    /// Who.
    pub observer: Option<Arc<dyn Observer>>,
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: fn() -> u64,
    /// The processors that models of several threads share.
    pub turns: Arc<Turns>,
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telling").finish_non_exhaustive()
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// Rows, in the model's columns.
    Rows(Vec<Cells>),
    /// Tensors, which go with the model's ports.
    Tensors(Vec<Tensor>),
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Of rows.
    Predictions(Predictions),
    /// Of tensors.
    Tensors(Vec<Tensor>),
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Job {
    /// What is asked.
    pub(crate) payload: Payload,
    /// The id of the request.
    pub(crate) id: String,
    /// In which role the model answers.
    pub(crate) role: Role,
    /// When it is refused if it is still behind as many requests as may wait.
    pub(crate) place_by: tokio::time::Instant,
    /// When nobody waits any longer.
    pub(crate) deadline: tokio::time::Instant,
    /// Who waits; nobody where the answer is for comparison.
    pub(crate) reply: Option<oneshot::Sender<Result<Outcome, ApiError>>>,
    /// The memory that it counts for.
    pub(crate) held: Option<Arc<Held>>,
}

/// How many requests are held for each that may wait, those behind them that want a place included; more are refused at once.
const CROWD: usize = 4;

#[derive(Debug)]
struct Waiting {
    job: Job,
    since: tokio::time::Instant,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Threads that have taken a batch.
    busy: usize,
    /// Threads that sleep until they are woken, without those that were woken and have not come yet.
    idle: usize,
    is_closed: bool,
}

/// What lane and thread share.
#[derive(Debug)]
struct Shared {
    loaded: Loaded,
    ports: (Vec<Port>, Vec<Port>),
    batching: Batching,
    telling: Telling,
    queue: Mutex<Queue>,
    wake: Condvar,
    places: Semaphore,
    /// All threads of the model, where it has several.
    together: Option<rayon::ThreadPool>,
    stats: Stats,
}

/// One version of a model at work. Its threads end when it is dropped and everything that waited is answered.
#[derive(Debug)]
pub struct Lane(Arc<Shared>);

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.locked().is_closed = true;
        self.0.wake.notify_all();
    }
}

impl Lane {
    /// Starts the threads of a model.
    pub fn start(loaded: Loaded, batching: Batching, telling: Telling) -> std::io::Result<Arc<Self>> {
        let ports = loaded.ports();
        let name = loaded.name().to_owned();
        let threads = batching.threads.max(1);
        let pool = |count: usize| {
            let name = name.clone();
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(count)
                .thread_name(move |at| format!("{name} {at}"));
            pool.build().map_err(std::io::Error::other)
        };
        let shared = Arc::new(Shared {
            loaded,
            ports,
            batching,
            telling,
            queue: Mutex::default(),
            wake: Condvar::new(),
            places: Semaphore::new(batching.queue.min(Semaphore::MAX_PERMITS)),
            together: (threads > 1).then(|| pool(threads)).transpose()?,
            stats: Stats::default(),
        });
        for _ in 0..threads {
            let of_thread = Arc::clone(&shared);
            // The thread of a pool of one: what a model does in parallel stays on it. The pool ends with its work.
            pool(1)?.spawn(move || of_thread.work());
        }
        Ok(Arc::new(Self(shared)))
    }

    /// The model.
    pub fn loaded(&self) -> &Loaded {
        &self.0.loaded
    }

    /// What goes in.
    pub(crate) fn inputs(&self) -> &[Port] {
        &self.0.ports.0
    }

    /// What comes out.
    pub(crate) fn outputs(&self) -> &[Port] {
        &self.0.ports.1
    }

    /// What is counted.
    pub(crate) fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// Asks the model once about a row of nothing in particular, so that the first client finds caches filled.
    pub fn warm_up(&self) -> Result<(), ApiError> {
        let Loaded::Rows(served) = &self.0.loaded else { return Ok(()) };
        let warm = || self.0.run(Payload::Rows(cells::blank(served.signature()))).map(|_warm| ());
        match &self.0.together {
            Some(all) => all.install(warm),
            None => warm(),
        }
    }

    /// As many places as requests may wait; a client's request with a large body has one until it is answered.
    pub(crate) fn places(&self) -> &Semaphore {
        &self.0.places
    }

    /// A request that finds no room, counted.
    pub(crate) fn refusal(&self) -> ApiError {
        self.0.refusal()
    }

    /// Lets a request wait for the model, or for a place behind those that may; an error where too many do.
    pub(crate) fn submit(&self, job: Job) -> Result<(), ApiError> {
        let mut queue = self.0.locked();
        if queue.waiting.len() >= self.0.batching.queue.saturating_mul(CROWD) {
            drop(queue);
            return Err(self.refusal());
        }
        queue.waiting.push_back(Waiting { job, since: tokio::time::Instant::now() });
        let wakes = queue.idle > 0;
        queue.idle -= usize::from(wakes);
        drop(queue);
        self.0.stats.pending.fetch_add(1, Ordering::Relaxed);
        // Each waking is a call of the system, which a thread at work has no need of.
        if wakes {
            self.0.wake.notify_one();
        }
        Ok(())
    }

    /// Whether more requests wait than half of those that may: what is only for comparison has no place then.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.locked().waiting.len() * 2 >= self.0.batching.queue
    }
}

impl Payload {
    /// How many rows are asked about.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Rows(cells) => cells.first().map_or(0, Cells::len),
            Self::Tensors(tensors) => tensors.first().map_or(0, Tensor::rows),
        }
    }

    /// Whether pictures must be decoded first.
    pub(crate) fn has_files(&self) -> bool {
        matches!(self, Self::Rows(cells) if cells.iter().any(Cells::are_files))
    }

    /// Whether another can be asked together with it.
    fn joins(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows(_), Self::Rows(_)) => true,
            (Self::Tensors(own), Self::Tensors(more)) => {
                own.len() == more.len() && own.iter().all(|own| more.iter().any(|more| own.joins(more)))
            }
            _ => false,
        }
    }

    fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Rows(own), Self::Rows(more)) => {
                own.iter_mut().zip(more).for_each(|(own, more)| own.append(more));
            }
            (Self::Tensors(own), Self::Tensors(more)) => {
                for own in own {
                    if let Some(more) = more.iter().find(|more| own.joins(more)) {
                        own.append(more);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Outcome {
    /// What is said of some of the rows.
    fn part(&self, rows: std::ops::Range<usize>) -> Self {
        match self {
            Self::Tensors(tensors) => {
                Self::Tensors(tensors.iter().map(|tensor| tensor.part(rows.clone())).collect())
            }
            Self::Predictions(Predictions::Numbers(values)) => {
                Self::Predictions(Predictions::Numbers(values.get(rows).unwrap_or_default().to_vec()))
            }
            Self::Predictions(Predictions::Probabilities { values, classes }) => {
                let part = values.get(rows.start * classes..rows.end * classes).unwrap_or_default();
                Self::Predictions(Predictions::Probabilities { values: part.to_vec(), classes: *classes })
            }
        }
    }

    fn rows(&self) -> Option<usize> {
        match self {
            Self::Predictions(predictions) => Some(predictions.len()),
            Self::Tensors(tensors) => {
                let rows = tensors.first()?.rows();
                tensors
                    .iter()
                    .all(|tensor| tensor.rows() == rows && !tensor.shape().is_empty())
                    .then_some(rows)
            }
        }
    }
}

impl Shared {
    /// A panic in a model's thread is caught before it holds the lock, and a queue is whole at every moment.
    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((batch, is_alone)) = self.next_batch() {
            let count = batch.len() as i64;
            match &self.together {
                Some(all) if is_alone => {
                    let turn = self.telling.turns.take(self.batching.threads);
                    all.install(|| self.answer(batch));
                    drop(turn);
                }
                Some(_) => {
                    let turn = self.telling.turns.take(1);
                    self.answer(batch);
                    drop(turn);
                }
                None => self.answer(batch),
            }
            self.stats.pending.fetch_sub(count, Ordering::Relaxed);
            self.locked().busy -= 1;
        }
    }

    /// Forgets requests for which nobody waits any longer.
    fn let_go(&self, queue: &mut Queue) {
        let before = queue.waiting.len();
        queue.waiting.retain(|waiting| !waiting.is_over());
        let gone = before - queue.waiting.len();
        self.stats.pending.fetch_sub(gone as i64, Ordering::Relaxed);
        (0..gone).for_each(|_| self.stats.failed(Failure::Cancelled));
        if queue.waiting.len() > self.batching.queue {
            self.refuse_late(queue);
        }
    }

    /// Refuses who has waited long enough for a place.
    fn refuse_late(&self, queue: &mut Queue) {
        let now = tokio::time::Instant::now();
        let behind = queue.waiting.split_off(self.batching.queue);
        let (early, late): (VecDeque<_>, VecDeque<_>) =
            behind.into_iter().partition(|waiting| waiting.job.place_by > now);
        queue.waiting.extend(early);
        self.stats.pending.fetch_sub(late.len() as i64, Ordering::Relaxed);
        for waiting in late {
            let refusal = self.refusal();
            if let Some(reply) = waiting.job.reply {
                // Who has gone in this moment hears nothing.
                let _heard = reply.send(Err(refusal)).is_ok();
            }
        }
    }

    /// A request that finds no room, counted.
    fn refusal(&self) -> ApiError {
        self.stats.failed(Failure::Rejected);
        ApiError::new(ErrorKind::Unavailable, "too many requests wait for the model")
    }

    /// Waits for requests, and takes as many as go together; whether nobody else waits or works; none at the end.
    fn next_batch(&self) -> Option<(Vec<Waiting>, bool)> {
        let mut queue = self.locked();
        loop {
            self.let_go(&mut queue);
            let Some(oldest) = queue.waiting.front() else {
                if queue.is_closed {
                    return None;
                }
                queue.idle += 1;
                queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let rows: usize = queue.waiting.iter().map(|waiting| waiting.job.payload.rows()).sum();
            let patience = self.batching.delay.saturating_sub(oldest.since.elapsed());
            if patience.is_zero() || rows >= self.batching.rows || queue.is_closed {
                let batch = self.take(&mut queue);
                queue.busy += 1;
                return Some((batch, queue.waiting.is_empty() && queue.busy == 1));
            }
            queue.idle += 1;
            let (guard, waited) =
                self.wake.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            // Nobody has woken it.
            queue.idle = queue.idle.saturating_sub(usize::from(waited.timed_out()));
        }
    }

    /// The oldest request and those behind it that go with it, as far as there is room.
    fn take(&self, queue: &mut Queue) -> Vec<Waiting> {
        let mut batch: Vec<Waiting> = Vec::new();
        let mut room = self.batching.rows;
        let mut left = VecDeque::with_capacity(queue.waiting.len());
        while let Some(next) = queue.waiting.pop_front() {
            let rows = next.job.payload.rows();
            let goes = match batch.first() {
                None => true,
                Some(first) => {
                    rows <= room
                        && first.job.role == next.job.role
                        && first.job.payload.joins(&next.job.payload)
                }
            };
            if goes {
                room = room.saturating_sub(rows);
                batch.push(next);
            } else {
                left.push_back(next);
            }
            if room == 0 {
                break;
            }
        }
        left.append(&mut queue.waiting);
        queue.waiting = left;
        batch
    }

    fn answer(&self, batch: Vec<Waiting>) {
        let started = tokio::time::Instant::now();
        let mut jobs = batch.into_iter().inspect(|waiting| {
            self.stats.queue_time.add(started.duration_since(waiting.since));
        });
        let Some(first) = jobs.next() else { return };
        let more: Vec<Waiting> = jobs.collect();
        if more.is_empty() {
            self.answer_one(first);
            return;
        }
        let mut joined = first.job.payload.clone();
        for waiting in &more {
            joined.append(&waiting.job.payload);
        }
        let all: Vec<Waiting> = std::iter::once(first).chain(more).collect();
        let ids: Vec<String> = all.iter().flat_map(|waiting| ids(&waiting.job)).collect();
        match self.run_observed(joined, ids, all.first().map_or(Role::Champion, |first| first.job.role)) {
            Err(_) => all.into_iter().for_each(|waiting| self.answer_one(waiting)),
            Ok(outcome) => {
                let mut from = 0;
                for waiting in all {
                    let rows = waiting.job.payload.rows();
                    self.reply(waiting, Ok(outcome.part(from..from + rows)), rows);
                    from += rows;
                }
            }
        }
    }

    fn answer_one(&self, mut waiting: Waiting) {
        let rows = waiting.job.payload.rows();
        let ids = ids(&waiting.job);
        let payload = std::mem::replace(&mut waiting.job.payload, Payload::Tensors(Vec::new()));
        let answer = self.run_observed(payload, ids, waiting.job.role);
        self.reply(waiting, answer, rows);
    }

    fn reply(&self, waiting: Waiting, answer: Result<Outcome, ApiError>, rows: usize) {
        let Job { reply, held, .. } = waiting.job;
        let Some(reply) = reply else { return };
        match &answer {
            Ok(_) => {
                self.stats.requests.fetch_add(1, Ordering::Relaxed);
                self.stats.inferences.fetch_add(rows as u64, Ordering::Relaxed);
                self.stats.request_time.add(waiting.since.elapsed());
            }
            Err(error) => self.stats.refused(error.kind),
        }
        // What the request held is free before its client can send the next one.
        drop(held);
        // Who has gone meanwhile misses nothing.
        let _sent = reply.send(answer).is_ok();
    }

    /// Asks the model, and tells who wants to know.
    fn run_observed(&self, payload: Payload, ids: Vec<String>, role: Role) -> Result<Outcome, ApiError> {
        let (Loaded::Rows(served), Payload::Rows(_), Some(observer)) =
            (&self.loaded, &payload, &self.telling.observer)
        else {
            return self.run(payload);
        };
        let Payload::Rows(cells) = payload else { return Err(ApiError::plain(ErrorKind::Failed)) };
        let table = cells::table(cells, served.signature())?;
        let outcome = self.guarded(|| Ok(Outcome::Predictions(served.predict(&table)?)), table.rows())?;
        if let Outcome::Predictions(predictions) = &outcome {
            observer.answered(Answered {
                model: Arc::clone(served),
                role,
                unix_ms: (self.telling.unix_ms)(),
                ids,
                table,
                predictions: predictions.clone(),
            });
        }
        Ok(outcome)
    }

    fn run(&self, payload: Payload) -> Result<Outcome, ApiError> {
        let rows = payload.rows();
        match (&self.loaded, payload) {
            (Loaded::Rows(served), Payload::Rows(cells)) => {
                let table = cells::table(cells, served.signature())?;
                self.guarded(|| Ok(Outcome::Predictions(served.predict(&table)?)), rows)
            }
            (Loaded::Tensors(network), Payload::Tensors(tensors)) => {
                self.guarded(|| Ok(Outcome::Tensors(network.run(tensors)?)), rows)
            }
            _ => Err(ApiError::plain(ErrorKind::Failed)),
        }
    }

    /// A panic is a failure of this batch alone.
    fn guarded(
        &self,
        ask: impl FnOnce() -> Result<Outcome, ApiError>,
        rows: usize,
    ) -> Result<Outcome, ApiError> {
        let started = tokio::time::Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_panic| {
            self.stats.panics.fetch_add(1, Ordering::Relaxed);
            Err(ApiError::new(ErrorKind::Failed, "the model gave up on this request"))
        });
        self.stats.executions.fetch_add(1, Ordering::Relaxed);
        self.stats.compute_time.add(started.elapsed());
        match answer {
            Ok(outcome) if outcome.rows() != Some(rows) => Err(ApiError::new(
                ErrorKind::Failed,
                "the model gave another number of rows than it was given",
            )),
            answer => answer,
        }
    }
}

impl Waiting {
    /// Whether nobody waits for the answer any longer.
    fn is_over(&self) -> bool {
        let is_gone = self.job.reply.as_ref().is_some_and(oneshot::Sender::is_closed);
        is_gone || tokio::time::Instant::now() >= self.job.deadline
    }
}

/// The name of each row: that of the request where it has one row, else with its place behind it.
pub(crate) fn row_ids(id: &str, rows: usize) -> Vec<String> {
    if rows == 1 { vec![id.to_owned()] } else { (0..rows).map(|row| format!("{id}-{row}")).collect() }
}

fn ids(job: &Job) -> Vec<String> {
    row_ids(&job.id, job.payload.rows())
}

#[cfg(test)]
mod tests;
