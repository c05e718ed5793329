//! The new run folder: what the old one knew of data and training, the smaller model, what it says.

use std::collections::BTreeMap;
use std::path::Path;

use plumb_evaluate::{Evaluation, metrics_file};
use plumb_ledger::Ledger;
use serde_json::json;

use super::file::CompressionFile;
use super::variant::Variant;
use crate::evaluation::Ready;
use crate::fault::Fault;
use crate::report::{self, Predictions, RunFiles};
use crate::run::{self, Run, files};

/// Files that are true of the new run as they were of the old one.
const SAME: [&str; 7] = [
    files::PROVENANCE,
    files::DATA,
    files::SPLIT,
    files::SPLIT_SUMMARY,
    files::PREFLIGHT,
    files::HISTORY,
    files::TRAINED_ROWS,
];

/// The verdicts of a run.
pub(super) fn ledger_of(folder: &Path) -> Result<Ledger, Fault> {
    let path = folder.join(files::LEDGER);
    let damaged = |what: String| Fault::failed(format!("cannot read the file ({what}): {}", path.display()));
    let bytes = std::fs::read(&path).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))
}

/// Writes all of it; `metrics.json` last, so that it stands only in a finished run.
pub(super) fn all(
    run: &Run,
    ready: &Ready,
    (compressed_from, old): (&Path, &Path),
    (variants, found): (&[Variant], &CompressionFile),
    evaluation: &Evaluation,
) -> Result<(), Fault> {
    let folder = run.folder()?;
    let Some(last) = variants.last() else { return Ok(()) };
    run.write_job()?;
    let mut bytes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for name in SAME {
        if let Ok(same) = std::fs::read(old.join(name)) {
            run.write(name, &same)?;
            bytes.insert(name.to_owned(), same);
        }
    }
    write_model(run, variants)?;
    let target = &ready.opened.target;
    let predicted = run::predicted_rows(evaluation, Vec::new());
    run.write(files::PREDICTIONS, &run::predictions_file(target, &predicted)?)?;
    run.write_json(files::LEDGER, &run.ledger)?;
    run.write_json(files::WORST, &evaluation.worst)?;
    run.write_json(files::COMPRESSION, found)?;
    let digest = last.model.weights().sha256()?;
    let mut metrics = metrics_file(evaluation, target, Some(digest.as_str()));
    if let Some(fields) = metrics.as_object_mut() {
        fields.insert("compressed_from".to_owned(), json!(compressed_from.display().to_string()));
    }
    for (name, value) in [
        (files::LEDGER, serde_json::to_vec(&run.ledger)),
        (files::WORST, serde_json::to_vec(&evaluation.worst)),
        (files::METRICS, serde_json::to_vec(&metrics)),
        (files::COMPRESSION, serde_json::to_vec(found)),
    ] {
        let value = value.map_err(|e| Fault::failed(format!("cannot write {name} as JSON ({e})")))?;
        bytes.insert(name.to_owned(), value);
    }
    bytes.insert(files::JOB.to_owned(), run.job_text()?.into_bytes());
    let mut of_run = RunFiles::from_bytes(&bytes)?;
    of_run.predictions =
        run::numbers_of(evaluation).map(|(actual, predicted)| Predictions { actual, predicted });
    folder.write(files::REPORT, report::render(&of_run)?.as_bytes())?;
    Ok(folder.write_json(files::METRICS, &metrics)?)
}

/// The network and its file; where the last file says something else than the network, that one too.
fn write_model(run: &Run, variants: &[Variant]) -> Result<(), Fault> {
    let network = variants.iter().rev().find(|of| of.stored.is_none());
    let network = network.ok_or_else(|| Fault::failed("there is no model"))?;
    // First, for the folder is replaced whole.
    run::write_model(run, &network.model)?;
    run.write(files::ONNX, &network.file)?;
    let last = variants.last().and_then(|last| Some((last.stored?, &last.file)));
    last.map_or(Ok(()), |(name, file)| run.write(name, file))
}
