//! Why a model answered rows as it did: on a thread of its own, one request after the other, so that asking for reasons never keeps
//! those waiting who ask for answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use plumb_data::Table;
use rayon::ThreadPool;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::{ApiError, ErrorKind, Served, Signature};

/// Why one row was answered as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasons {
    /// The place of the class whose probability is explained; 0 of a number.
    pub output: usize,
    /// What the model says on average of other rows, to which the parts are added; none where parts are what their absence takes away.
    pub base: Option<f64>,
    /// Columns, or words.
    pub parts: Vec<Part>,
}

/// A column, or a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its name, or the word.
    pub name: String,
    /// What it adds to the answer.
    pub adds: f64,
}

/// Where reasons are found.
#[derive(Debug)]
pub(crate) struct Desk {
    turn: Arc<Semaphore>,
    /// One thread, from the first request for reasons on; none where the system gave none.
    pool: Arc<OnceLock<Option<ThreadPool>>>,
}

/// A client that waits for reasons; it has gone when this is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), pool: Arc::default() }
    }

    /// The reasons for all rows of a table. Nothing is computed for who has gone, by the time of their turn or behind it.
    pub(crate) async fn explain(
        &self,
        served: &Arc<dyn Served>,
        table: Table,
        deadline: Instant,
    ) -> Result<Vec<Reasons>, ApiError> {
        let late = |_| ApiError::plain(ErrorKind::TimedOut);
        let failed = || ApiError::plain(ErrorKind::Failed);
        let waiting = tokio::time::timeout_at(deadline, Arc::clone(&self.turn).acquire_owned());
        let turn = waiting.await.map_err(late)?.map_err(|_closed| failed())?;
        let (served, pool, rows) = (Arc::clone(served), Arc::clone(&self.pool), table.rows());
        let is_gone = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(Arc::clone(&is_gone));
        let finding = tokio::task::spawn_blocking(move || {
            let found = alone(&pool, || served.explain(&table, &is_gone));
            drop(turn);
            found
        });
        let found = tokio::time::timeout_at(deadline, finding).await.map_err(late)?;
        let found = found.ok().flatten().ok_or_else(failed)?.ok_or_else(explains_nothing)??;
        if found.len() == rows { Ok(found) } else { Err(failed()) }
    }
}

/// Does it without help of other threads, which have rows to answer; none where it panicked.
fn alone<T: Send>(pool: &OnceLock<Option<ThreadPool>>, work: impl FnOnce() -> T + Send) -> Option<T> {
    let pool = pool.get_or_init(|| rayon::ThreadPoolBuilder::new().num_threads(1).build().ok()).as_ref()?;
    catch_unwind(AssertUnwindSafe(|| pool.install(work))).ok()
}

pub(crate) fn explains_nothing() -> ApiError {
    ApiError::bad("the model gives no reasons: its bundle has no rows to compare with, or it reads pictures")
}

/// The reasons of a row as JSON, the largest part first.
pub(crate) fn written(reasons: &Reasons, of: &Signature) -> Value {
    let mut parts: Vec<&Part> = reasons.parts.iter().collect();
    parts.sort_by(|one, other| other.adds.abs().total_cmp(&one.adds.abs()));
    let parts: Vec<Value> = parts.iter().map(|part| json!({"name": part.name, "adds": part.adds})).collect();
    let mut said = Map::new();
    said.insert("of".to_owned(), json!(of.classes.get(reasons.output).unwrap_or(&of.target)));
    if let Some(base) = reasons.base {
        said.insert("base".to_owned(), json!(base));
    }
    said.insert("parts".to_owned(), json!(parts));
    Value::Object(said)
}
