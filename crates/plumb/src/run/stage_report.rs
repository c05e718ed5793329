//! Stage 7: the page for people, then `metrics.json`, which marks the run as finished.

use std::collections::BTreeMap;

use plumb_evaluate::{Evaluation, Truth};

use super::stage_data::Data;
use super::stage_evaluate::Measured;
use super::stage_train::Fit;
use super::{Run, files, provenance};
use crate::commit::Commit;
use crate::fault::Fault;
use crate::report::{self, Predictions, RunFiles};

/// Draws the report from the files of the run, which was started at a commit.
pub(crate) fn stage(
    run: &Run,
    data: &Data,
    measured: &Measured,
    fit: &Fit,
    commit: Option<Commit>,
) -> Result<(), Fault> {
    let Some(folder) = &run.folder else { return Ok(()) };
    let names = [
        files::JOB,
        files::LEDGER,
        files::DATA,
        files::SPLIT_SUMMARY,
        files::PREFLIGHT,
        files::HISTORY,
        files::WORST,
    ];
    let mut bytes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for name in names {
        let read = std::fs::read(folder.join(name));
        let failed =
            |e| Fault::failed(format!("cannot read the file ({e}): {}", folder.join(name).display()));
        bytes.insert(name.to_owned(), read.map_err(failed)?);
    }
    for name in [files::PICTURES, files::TEXTS] {
        if let Ok(shown) = std::fs::read(folder.join(name)) {
            bytes.insert(name.to_owned(), shown);
        }
    }
    bytes.insert(files::METRICS.to_owned(), measured.metrics.to_string().into_bytes());
    let mut of_run = RunFiles::from_bytes(&bytes)?;
    of_run.predictions =
        numbers(&measured.evaluation).map(|(actual, predicted)| Predictions { actual, predicted });
    let provenance = provenance::of(run, data, fit.weights_sha256.as_str(), commit)?;
    of_run.provenance = provenance.facts();
    folder.write_json(files::PROVENANCE, &provenance)?;
    folder.write(files::REPORT, report::render(&of_run)?.as_bytes())?;
    Ok(folder.write_json(files::METRICS, &measured.metrics)?)
}

/// Targets and predictions of a regression.
pub(crate) fn numbers(evaluation: &Evaluation) -> Option<(Vec<f64>, Vec<f64>)> {
    let scored = &evaluation.judged()?.scored;
    let Truth::Numbers(actual) = &scored.truth else { return None };
    Some((actual.clone(), scored.predicted.clone()))
}
