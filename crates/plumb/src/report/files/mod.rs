//! The files of a run folder as the report reads them: plain data, read leniently.
//!
//! A field that is missing takes its empty value and one that is unknown is passed over, so that a report can
//! be drawn of an older run, of a run that was stopped, and of a foreign one. A file that is no JSON is an error.

pub(crate) mod compression;
pub(crate) mod explanation;
pub(crate) mod gallery;
pub(crate) mod history;
pub(crate) mod lenient;
pub(crate) mod metrics;
pub(crate) mod preflight;
pub(crate) mod profile;
pub(crate) mod reading;
pub(crate) mod split;
pub(crate) mod worst;

use std::collections::BTreeMap;

use plumb_ledger::Ledger;
use serde::de::DeserializeOwned;

use super::ReportError;
use compression::Compression;
use explanation::Explanation;
use gallery::Gallery;
use history::History;
use metrics::Metrics;
use preflight::Preflight;
use profile::Profile;
use reading::Reading;
use split::SplitSummary;
use worst::WorstRows;

/// Everything that a report is drawn from. What is `None` or empty is left out of the page.
#[derive(Debug, Clone)]
pub(crate) struct RunFiles {
    /// `job.toml`, the resolved job.
    pub(crate) job_toml: String,
    /// `ledger.json`.
    pub(crate) ledger: Ledger,
    /// `data.json`, the profile of the table.
    pub(crate) profile: Option<Profile>,
    /// `split.json`, what the split looks like.
    pub(crate) split: Option<SplitSummary>,
    /// `preflight.json`, what was measured before training.
    pub(crate) preflight: Option<Preflight>,
    /// `history.jsonl`, one event a line.
    pub(crate) history: History,
    /// `metrics.json`.
    pub(crate) metrics: Option<Metrics>,
    /// Targets and predictions of the test part of a regression, from `predictions.parquet`.
    pub(crate) predictions: Option<Predictions>,
    /// `worst.json`, the rows that were predicted worst.
    pub(crate) worst: Option<WorstRows>,
    /// `pictures.json`, the pictures that a person should see.
    pub(crate) gallery: Option<Gallery>,
    /// `texts.json`, what the network reads in some texts.
    pub(crate) reading: Option<Reading>,
    /// `explanation.json`, why the model says what it says.
    pub(crate) explanation: Option<Explanation>,
    /// `compress.json`, what a smaller model was made from.
    pub(crate) compression: Option<Compression>,
    /// What a rerun needs to know beside the job: digests, seed, version, device, in this order.
    pub(crate) provenance: Vec<(String, String)>,
}

/// What was predicted for the rows of the test part: `actual[i]` belongs to `predicted[i]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Predictions {
    /// The targets.
    pub(crate) actual: Vec<f64>,
    /// The predictions.
    pub(crate) predicted: Vec<f64>,
}

impl RunFiles {
    /// Reads the files by their names in the run folder; those that are absent are left out, `ledger.json` alone
    /// must be there. One pass over the bytes. `predictions` and `provenance` are for the caller to fill in.
    pub(crate) fn from_bytes(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, ReportError> {
        let ledger = read_json(files, "ledger.json")?.ok_or(ReportError::Missing { file: "ledger.json" })?;
        Ok(Self {
            job_toml: files
                .get("job.toml")
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default(),
            ledger,
            profile: read_json(files, "data.json")?,
            split: read_json(files, "split.json")?,
            preflight: read_json(files, "preflight.json")?,
            history: files.get("history.jsonl").map(|bytes| History::read(bytes)).unwrap_or_default(),
            metrics: read_json(files, "metrics.json")?,
            predictions: None,
            worst: read_json(files, "worst.json")?,
            gallery: read_json(files, "pictures.json")?,
            reading: read_json(files, "texts.json")?,
            explanation: read_json(files, "explanation.json")?,
            compression: read_json(files, "compress.json")?,
            provenance: Vec::new(),
        })
    }
}

fn read_json<T: DeserializeOwned>(
    files: &BTreeMap<String, Vec<u8>>,
    file: &'static str,
) -> Result<Option<T>, ReportError> {
    let Some(bytes) = files.get(file) else { return Ok(None) };
    serde_json::from_slice(bytes).map(Some).map_err(|source| ReportError::Unreadable { source, file })
}
