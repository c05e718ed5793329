//! Every look at test rows is counted: the account is kept for the user, beside no data and in no run.

use std::io::Write as _;
use std::path::PathBuf;

use plumb_evaluate::{Evaluation, Subject, TestRead, TestReads};
use plumb_ledger::Sha256;
use plumb_ledger::clock::Clock as _;
use plumb_ledger::digest::Sha256Hasher;
use serde_json::json;

use super::judged_rows;
use crate::run::{Data, Screen};
use crate::user_state;

/// Reads that are kept in memory: more are no other verdict.
const MOST: usize = 1000;
/// Bytes of an account that are read.
const MOST_BYTES: u64 = 1 << 20;

/// The reads of the judged rows before this one, the oldest first; this one is added. An account that cannot be kept is told and
/// ends nothing.
pub(crate) fn take(
    data: &Data,
    subject: &Subject<'_>,
    evaluation: &Evaluation,
    predictor: &str,
    screen: &Screen,
) -> Option<TestReads> {
    let path = file(data, subject, evaluation)?;
    let before = read(&path);
    let predictions = digest_of(evaluation);
    let value = evaluation.headline().map(|metric| metric.value);
    let line = json!({
        "unix_ms": screen.clock().unix_ms(),
        "predictor": predictor,
        "predictions": predictions,
        "metric": evaluation.primary.metric.name,
        "value": value,
    });
    if let Err(error) = append(&path, &line.to_string()) {
        screen.say(&format!("the look at these rows is not counted ({error}): {}", path.display()));
    }
    Some(TestReads { before, predictions })
}

/// One file for these rows of this data and this target.
fn file(data: &Data, subject: &Subject<'_>, evaluation: &Evaluation) -> Option<PathBuf> {
    let mut digest = Sha256Hasher::default();
    let (of_data, part, rows) = judged_rows(data, evaluation);
    for bytes in [of_data.as_bytes(), part.as_str().as_bytes(), subject.target.name.as_bytes()] {
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    for row in rows {
        digest.update(&row.to_le_bytes());
    }
    let name: String = digest.finish().as_str().chars().take(32).collect();
    Some(user_state::folder()?.join("test-reads").join(format!("{name}.jsonl")))
}

/// What tells one set of predictions from another.
fn digest_of(evaluation: &Evaluation) -> String {
    let mut bytes = Vec::new();
    if let Some(part) = evaluation.judged() {
        part.scored.predicted.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    }
    Sha256::of(&bytes).to_string()
}

fn read(path: &std::path::Path) -> Vec<TestRead> {
    use std::io::Read as _;
    let mut text = String::new();
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    // A line that is torn or foreign is passed over.
    let _lossy = file.take(MOST_BYTES).read_to_string(&mut text);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).take(MOST).collect()
}

/// A torn last line is passed over when the account is read.
fn append(path: &std::path::Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{line}")
}
