//! The model of a finished run.

use std::path::Path;

use plumb_data::{Predictor, Table, Target};
use plumb_learn::predict::TrainedModel;

use super::{Exported, Opened};
use crate::fault::Fault;
use crate::run::files;

/// Bytes of a file of a model at most: 8 GiB, two billion weights.
const MOST_BYTES: u64 = 8 << 30;

/// Refuses a folder without a model.
pub(crate) fn check(folder: &Path) -> Result<(), Fault> {
    if folder.join(files::MODEL).join("model.json").is_file() {
        return Ok(());
    }
    Err(Fault::usage(format!("no model in the folder: {}", folder.display()))
        .hint("name the folder of a finished run, such as `runs/penguins-1`"))
}

/// Loads the model; nothing in its files is run.
pub(super) fn open(folder: &Path, table: &Table, target: &Target) -> Result<Opened, Fault> {
    let model = model(folder)?;
    let target = target.knowing(model.classes());
    let predictor: Box<dyn Predictor> = match smaller(folder)? {
        Some(file) => Box::new(Exported::new(model, file).map_err(|e| Fault::failed(e.to_string()))?),
        None => Box::new(model),
    };
    Ok(Opened { predictor, rows: None, table: table.clone(), target, remarks: Vec::new() })
}

/// The graph that answers in the network's place; none where the run was not compressed.
fn smaller(folder: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let found = files::SMALLER.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.map(|path| bytes(&path)).transpose()
}

/// The model of a finished run.
pub(crate) fn model(folder: &Path) -> Result<TrainedModel, Fault> {
    let model = folder.join(files::MODEL);
    let bytes = |name: &str| bytes(&model.join(name));
    let text = |name: &str| {
        String::from_utf8(bytes(name)?).map_err(|_not_text| {
            Fault::failed(format!("the file is not UTF-8: {}", model.join(name).display()))
        })
    };
    TrainedModel::read(&text("model.json")?, &bytes("model.safetensors")?, &text("preparation.json")?)
        .map_err(|e| {
            Fault::failed(format!("the model cannot be loaded ({e}): {}", model.display()))
                .hint("the run may be of another version of plumb: train it again, or use that version")
        })
}

/// The bytes of a model's file, under a limit.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let cannot = |e: std::io::Error| Fault::failed(format!("cannot read the file ({e}): {}", path.display()));
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > MOST_BYTES {
        return Err(Fault::failed(format!(
            "the file is larger than {} GiB: {}",
            MOST_BYTES >> 30,
            path.display()
        )));
    }
    std::fs::read(path).map_err(cannot)
}
