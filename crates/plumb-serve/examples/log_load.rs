//! What a request pays for the log, as one JSON object: the time of one note on a sound disk and on one that takes nothing.
//!
//! `log_load FOLDER ROWS`: batches of 8 rows of 12 columns; `scripts/check_monitor` holds the figures against each other.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_data::{Column, Kind, Predictions, Table};
use plumb_ledger::clock::Clock;
use plumb_serve::monitor::{LogSettings, Recorder};
use plumb_serve::observe::{Answered, Observer as _, Role};
use plumb_serve::signature::Input;
use plumb_serve::{ServeError, Served, Signature};
use plumb_stats::Task;
use serde_json::{Value, json};

const ROWS: usize = 8;
const COLUMNS: usize = 12;
/// Notes between pauses of a millisecond: about the batches that a busy server answers.
const BURST: usize = 32;

type Failure = Box<dyn std::error::Error>;

#[derive(Debug)]
struct Machine(Instant);

impl Clock for Machine {
    fn unix_ms(&self) -> u64 {
        0
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Debug)]
struct Model(Signature);

impl Served for Model {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn predict(&self, _table: &Table) -> Result<Predictions, ServeError> {
        Err(ServeError::Failed("only the log is measured".to_owned()))
    }
}

fn columns() -> Vec<Column> {
    let number = |place: usize| {
        let values = (0..ROWS).map(move |row| Some((row * COLUMNS + place) as f64 * 0.37));
        Column::number(&format!("x{place}"), Kind::Number, values)
    };
    let category = |place: usize| {
        Column::category(&format!("x{place}"), Kind::Category, (0..ROWS).map(|row| Some(["a", "b"][row % 2])))
    };
    (0..COLUMNS).map(|place| if place % 3 == 2 { category(place) } else { number(place) }).collect()
}

fn model() -> Arc<dyn Served> {
    let inputs = columns().into_iter().map(|column| Input { name: column.name, kind: column.kind }).collect();
    Arc::new(Model(Signature {
        name: "load".to_owned(),
        version: "0".to_owned(),
        task: Task::Regression,
        target: "y".to_owned(),
        classes: Vec::new(),
        inputs,
    }))
}

/// Tells of so many rows; the times of the notes and what became of the rows.
fn measured(folder: &Path, rows: usize, breaks: bool) -> Result<Value, Failure> {
    let settings = LogSettings {
        total_bytes: 64 << 20,
        segment_age: Duration::from_secs(1),
        ..LogSettings::new(folder.to_owned())
    };
    let recorder = Recorder::start(settings, Arc::new(Machine(Instant::now())))?;
    if breaks {
        std::fs::remove_dir_all(folder)?;
        std::fs::write(folder, "in the way")?;
    }
    let (model, table) = (model(), Table::new(columns())?);
    let mut times = Vec::with_capacity(rows / ROWS);
    for batch in 0..rows / ROWS {
        let answered = Answered {
            model: Arc::clone(&model),
            role: Role::Champion,
            unix_ms: batch as u64,
            ids: (0..ROWS).map(|row| format!("request-{batch}-{row}")).collect(),
            table: table.clone(),
            predictions: Predictions::Numbers(vec![0.5; ROWS]),
        };
        let start = Instant::now();
        recorder.answered(answered);
        times.push(start.elapsed());
        if batch % BURST == BURST - 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    recorder.close(Duration::from_mins(1));
    let counts = recorder.counts();
    times.sort_unstable();
    let micros = |share: f64| {
        let place = ((times.len() as f64 - 1.0) * share) as usize;
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Ok(json!({
        "p50_us": micros(0.5), "p99_us": micros(0.99), "p999_us": micros(0.999), "told": counts.told, "written": counts.written,
        "dropped": counts.dropped, "segments": counts.segments, "removed": counts.removed, "failures": counts.failures, "bytes": counts.bytes,
    }))
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("no folder is named")?);
    let rows = arguments.next().ok_or("no number of rows")?.parse()?;
    std::fs::create_dir_all(&folder)?;
    let sound = measured(&folder.join("sound"), rows, false)?;
    let broken = measured(&folder.join("broken"), rows, true)?;
    println!("{}", json!({"sound": sound, "broken": broken}));
    Ok(())
}
