//! Models for tests that answer at once: a number for the length, and what the name of a site ends in.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumb_data::{Kind, Predictions, Table};
use plumb_stats::Task;

use crate::explain::{Part, Reasons};
use crate::signature::Input;
use crate::{ServeError, Served, Signature};

/// A signature of a number, a category and a time.
pub(crate) fn signature() -> Signature {
    let input = |name: &str, kind| Input { name: name.to_owned(), kind };
    Signature {
        name: "pens".to_owned(),
        version: "1".to_owned(),
        task: Task::Binary,
        target: "kind".to_owned(),
        classes: vec!["long".to_owned(), "short".to_owned()],
        inputs: vec![input("length", Kind::Number), input("site", Kind::Category), input("when", Kind::Time)],
    }
}

/// The probability of the first class is the length, of the second what is left. Panics over lengths below 0, fails over those above 1.
#[derive(Debug)]
pub(crate) struct Pens {
    signature: Signature,
    /// How many rows it was asked about, call by call.
    pub(crate) calls: std::sync::Mutex<Vec<usize>>,
    /// How long it thinks.
    pub(crate) pause: std::time::Duration,
    busy: AtomicUsize,
    /// How many asked at the same time, at most.
    pub(crate) most: AtomicUsize,
}

impl Pens {
    pub(crate) fn new(version: &str, pause_ms: u64) -> Self {
        let signature = Signature { version: version.to_owned(), ..signature() };
        let pause = std::time::Duration::from_millis(pause_ms);
        Self {
            signature,
            calls: std::sync::Mutex::default(),
            pause,
            busy: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

impl Served for Pens {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn explains(&self) -> bool {
        true
    }

    /// The length alone says what the first class has.
    fn explain(&self, table: &Table, _is_gone: &AtomicBool) -> Option<Result<Vec<Reasons>, ServeError>> {
        let lengths = table.column("length")?.numbers()?.clone();
        let of = |length: Option<f64>| {
            let adds = length.unwrap_or(0.5) - 0.5;
            assert!(adds >= -0.5, "a length below 0");
            Reasons { output: 0, base: Some(0.5), parts: vec![Part { name: "length".to_owned(), adds }] }
        };
        Some(Ok(lengths.iter().map(of).collect()))
    }

    fn predict(&self, table: &Table) -> Result<Predictions, ServeError> {
        self.calls.lock().unwrap().push(table.rows());
        self.most.fetch_max(self.busy.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        std::thread::sleep(self.pause);
        self.busy.fetch_sub(1, Ordering::Relaxed);
        let lengths = table.column("length").and_then(|column| column.numbers().cloned()).unwrap();
        let mut values = Vec::new();
        for length in lengths.iter().map(|length| length.unwrap_or(0.5)) {
            assert!(length >= 0.0, "a length below 0");
            if length > 1.0 {
                return Err(ServeError::Failed("a length above 1".to_owned()));
            }
            values.extend([length, 1.0 - length]);
        }
        Ok(Predictions::Probabilities { values, classes: 2 })
    }
}
