//! `plumb export RUN`: the model of a run as a file for other programs, and how far that file agrees with the model.

use std::path::{Path, PathBuf};

use plumb_data::Predictor as _;
use plumb_data::read::read;
use plumb_learn::predict::TrainedModel;
use plumb_ledger::ExitCode;
use plumb_package::practices::Agreement;
use serde_json::json;

use crate::console;
use crate::fault::Fault;
use crate::job;
use crate::packaging::answers::{self, SAME};
use crate::predictors::trained_model;
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

/// Rows that a file is tried on.
const TRIED: usize = 1000;

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
    if let Some(Ok(Agreement { rows, difference, .. })) = &parity
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

fn tell(
    file: &Path,
    bytes: usize,
    parity: Option<&Result<Agreement, Fault>>,
    json: bool,
) -> Result<(), Fault> {
    if json {
        let parity = parity.map(|parity| match parity {
            Ok(Agreement { rows, difference, .. }) => json!({"rows": rows, "difference": difference}),
            Err(reason) => json!({"not_tried": reason.message()}),
        });
        let answer =
            json!({"schema": 1, "file": file.display().to_string(), "bytes": bytes, "parity": parity});
        return console::result(format!("{answer:#}"));
    }
    let tried = match parity {
        Some(Ok(Agreement { rows, difference, .. })) => {
            format!("; it says what the model says, within {difference:.0e} on {rows} rows")
        }
        Some(Err(reason)) => format!("; it was not tried ({})", reason.message()),
        None => String::new(),
    };
    console::result(format!("{} ({} kB){tried}", file.display(), bytes.div_ceil(1000)))
}

/// What the file says of rows of the run's data, beside the model.
fn parity(folder: &Path, file: Vec<u8>, model: &TrainedModel) -> Result<Agreement, Fault> {
    let job = job::load(&folder.join(files::JOB), &[])?;
    let table = read(&read_options(&job, job.data.files.clone()), &|_| {})?.table;
    let rows: Vec<usize> = (0..table.rows().min(TRIED)).collect();
    let table = table.keep(&rows);
    let own = answers::native(model, &table)?;
    let found = answers::onnx(file, model, &table)?;
    Ok(answers::agreement(&own, &found, model.classes().len().max(1), SAME))
}
