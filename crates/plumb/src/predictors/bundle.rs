//! The model of a bundle, verified before it is loaded.

use std::path::Path;

use plumb_data::{Predictor, Table, Target};
use plumb_learn::predict::TrainedModel;
use plumb_package::{Bundle, BundleLimits, Refusal, SIGNATURE, SignatureState, Why};

use super::{Exported, Opened};
use crate::fault::Fault;
use crate::run::files;

/// Reads a bundle and holds every file against its digest; its signature is for `plumb verify`.
pub(super) fn read(path: &Path) -> Result<Bundle, Fault> {
    Ok(Bundle::open(path, None, &BundleLimits::DEFAULT)?)
}

/// The model; nothing in its files is run.
pub(crate) fn model(bundle: &Bundle) -> Result<TrainedModel, Fault> {
    let text = |path: &str| bundle.files.text_of(path);
    let weights = bundle.files.bytes_of("model/model.safetensors")?;
    let model = TrainedModel::read(text("model/model.json")?, weights, text("model/preparation.json")?);
    Ok(model.map_err(|error| Refusal::of(Why::Damaged(error.to_string()), "model"))?)
}

/// Loads the model for a table.
pub(super) fn open(bundle: &Bundle, table: &Table, target: &Target) -> Result<Opened, Fault> {
    let model = model(bundle)?;
    let target = target.knowing(model.classes());
    let signed = match bundle.signature {
        SignatureState::Absent => "it is not signed".to_owned(),
        _ => format!("`plumb verify --key KEY` checks {SIGNATURE}"),
    };
    let remarks = vec![format!("{} files of the bundle have their digests; {signed}", bundle.files.len())];
    let (predictor, _) = predictor(bundle, model)?;
    Ok(Opened { predictor, rows: None, table: table.clone(), target, remarks })
}

/// What answers, the model or a smaller graph in its place, and whether it is one.
pub(crate) fn predictor(bundle: &Bundle, model: TrainedModel) -> Result<(Box<dyn Predictor>, bool), Fault> {
    let smaller = files::SMALLER.iter().find_map(|name| bundle.files.get(name));
    let Some(file) = smaller else { return Ok((Box::new(model), false)) };
    let damaged = |error: &dyn std::fmt::Display| Refusal::of(Why::Damaged(error.to_string()), "model");
    let exported = Exported::new(model, file.bytes().to_vec()).map_err(|error| damaged(&error))?;
    Ok((Box::new(exported), true))
}
