//! `plumb export RUN`: the model of a run as a file for other programs, and how far that file agrees with the model.

use std::path::{Path, PathBuf};

use plumb_data::read::read;
use plumb_data::{PredictError, Predictions, Predictor as _};
use plumb_learn::predict::TrainedModel;
use plumb_ledger::ExitCode;
use serde_json::json;

use crate::console;
use crate::fault::Fault;
use crate::job;
use crate::predictors::{Exported, trained_model};
use crate::run::{files, read_options};

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A graph with the preparation in it.
    Onnx,
    /// The weights.
    Safetensors,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }
}

/// How a file and the model that it was written from agree.
struct Parity {
    rows: usize,
    /// The largest difference of a probability; of numbers, beside the range of the model's.
    difference: f64,
}

/// Rows that a file is tried on.
const TRIED: u32 = 1000;
/// A difference up to which both are called the same: single precision, and sums in another order.
const SAME: f64 = 1e-4;

/// Writes the file and tries it.
pub(crate) fn export(
    folder: &Path,
    format: Format,
    out: Option<&Path>,
    json: bool,
) -> Result<ExitCode, Fault> {
    let model = trained_model(folder)?;
    let file = out.map_or_else(|| named(folder, format), Path::to_owned);
    let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot write {} ({e})", file.display()));
    let bytes = match format {
        Format::Onnx => model.to_onnx(env!("CARGO_PKG_VERSION"))?,
        Format::Safetensors => model.weights_file().map_err(|e| failed(&e))?,
    };
    let parity = match format {
        Format::Onnx => Some(parity(folder, bytes.clone(), &model)),
        Format::Safetensors => None,
    };
    if let Some(Ok(Parity { rows, difference })) = &parity
        && (difference.is_nan() || *difference > SAME)
    {
        let text = format!(
            "the file would differ from the model by {difference:.1e} on {rows} rows: it is not written"
        );
        return Err(
            Fault::failed(text).hint("`--format safetensors` keeps the weights; please report the model")
        );
    }
    plumb_ledger::atomic::write_file(&file, &bytes).map_err(|e| failed(&e))?;
    tell(&file, bytes.len(), parity.as_ref(), json)?;
    Ok(ExitCode::Done)
}

fn named(folder: &Path, format: Format) -> PathBuf {
    let name =
        folder.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    PathBuf::from(format!("{name}.{}", format.extension()))
}

fn tell(file: &Path, bytes: usize, parity: Option<&Result<Parity, Fault>>, json: bool) -> Result<(), Fault> {
    if json {
        let parity = parity.map(|parity| match parity {
            Ok(Parity { rows, difference }) => json!({"rows": rows, "difference": difference}),
            Err(reason) => json!({"not_tried": reason.message()}),
        });
        let answer =
            json!({"schema": 1, "file": file.display().to_string(), "bytes": bytes, "parity": parity});
        return console::result(format!("{answer:#}"));
    }
    let tried = match parity {
        Some(Ok(Parity { rows, difference })) => {
            format!("; it says what the model says, within {difference:.0e} on {rows} rows")
        }
        Some(Err(reason)) => format!("; it was not tried ({})", reason.message()),
        None => String::new(),
    };
    console::result(format!("{} ({} kB){tried}", file.display(), bytes.div_ceil(1000)))
}

/// What the file says of rows of the run's data, beside the model.
fn parity(folder: &Path, file: Vec<u8>, model: &TrainedModel) -> Result<Parity, Fault> {
    let job = job::load(&folder.join(files::JOB), &[])?;
    let table = read(&read_options(&job, job.data.files.clone()), &|_| {})?.table;
    let written = Exported::new(model.clone(), file).map_err(|error| Fault::failed(error.to_string()))?;
    let rows: Vec<u32> = (0..TRIED.min(table.rows() as u32)).collect();
    let failed = |error: PredictError| Fault::failed(error.message);
    let own = values(model.predict(&table, &rows).map_err(failed)?);
    let unit = if model.classes().is_empty() { range(&own) } else { 1.0 };
    let found = values(written.predict(&table, &rows).map_err(failed)?);
    let difference = if own.len() == found.len() {
        own.iter().zip(&found).map(|(own, found)| (own - found).abs() / unit).fold(0.0, worse)
    } else {
        f64::NAN
    };
    Ok(Parity { rows: rows.len(), difference })
}

/// The larger difference; one that is no number is larger than any.
fn worse(most: f64, off: f64) -> f64 {
    if off > most || off.is_nan() { off } else { most }
}

fn values(of: Predictions) -> Vec<f64> {
    match of {
        Predictions::Probabilities { values, .. } | Predictions::Numbers(values) => values,
    }
}

fn range(numbers: &[f64]) -> f64 {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high > low { high - low } else { 1.0 }
}
