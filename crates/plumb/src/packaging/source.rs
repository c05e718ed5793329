//! What a bundle is made of: the files of a finished run, and rows of its data.

use std::path::{Path, PathBuf};

use plumb_data::read::read;
use plumb_data::{Predictor as _, Table};
use plumb_learn::predict::TrainedModel;
use plumb_ledger::{Ledger, Sha256};
use plumb_package::Description;
use plumb_package::description::{Input, Origin, SCHEMA};
use serde_json::Value;

use super::examples::{self, Chosen};
use super::{Ask, answers, reference};
use crate::comparison::{Outcomes, Predicted, part_rows};
use crate::fault::Fault;
use crate::job::{self, JobFile};
use crate::predictors::trained_model;
use crate::report::redact;
use crate::run::{Provenance, Screen, files, read_options};

pub(super) use crate::predictors::model_bytes as bytes;

/// A run as far as a bundle needs it.
#[derive(Debug)]
pub(super) struct Source {
    /// What the model is called.
    pub(super) name: String,
    /// Files that go along as they are, by their path in the bundle.
    pub(super) taken: Vec<(&'static str, Vec<u8>)>,
    /// The verdicts of the run.
    pub(super) ledger: Ledger,
    /// The model.
    pub(super) model: TrainedModel,
    /// Rows of the data, none where none go along.
    pub(super) examples: Option<Chosen>,
    /// The sample for monitoring, where one goes along.
    pub(super) reference: Option<Vec<u8>>,
    origin: Origin,
}

impl Source {
    /// Reads a finished run.
    pub(super) fn of(ask: &Ask<'_>, screen: &mut Screen) -> Result<Self, Fault> {
        let folder = ask.run;
        if !folder.join(files::METRICS).is_file() {
            return Err(Fault::usage(format!(
                "no finished run, `{}` is missing: {}",
                files::METRICS,
                folder.display()
            ))
            .hint("name the folder of a finished run, such as `runs/penguins-1`"));
        }
        let model = trained_model(folder)?;
        let job_text = text(&folder.join(files::JOB))?;
        let shown = redact::job(&job_text).ok_or_else(|| {
            Fault::failed(format!("the job is no TOML: {}", folder.join(files::JOB).display()))
        })?;
        let metrics: Value = json(&folder.join(files::METRICS))?;
        check_weights(&model, &metrics)?;
        let mut taken = vec![(files::JOB, shown.clone().into_bytes())];
        let own = [
            files::METRICS,
            files::REPORT,
            files::PREDICTIONS,
            files::TRAINED_ROWS,
            files::COMPRESSION,
            files::ONNX,
        ];
        for name in own.into_iter().chain(files::SMALLER) {
            if folder.join(name).is_file() {
                taken.push((name, bytes(&folder.join(name))?));
            }
        }
        for name in ["model/model.safetensors", "model/model.json", "model/preparation.json"] {
            taken.push((name, bytes(&folder.join(name))?));
        }
        if let Some(license) = ask.license {
            taken.push(("LICENSE", license_text(license)?));
        }
        let job = job::load(&folder.join(files::JOB), &[])?;
        let drawn = drawn(ask, &job, folder, screen)?;
        let of_drawn = |most: usize| drawn.as_ref().filter(|_| most > 0);
        let examples =
            of_drawn(ask.examples).map(|drawn| examples_of(ask, &job, &model, drawn)).transpose()?;
        let reference =
            of_drawn(ask.reference).map(|drawn| reference_of(ask, &job, &model, drawn)).transpose()?;
        let origin = origin(folder, &shown, &job, &metrics)?;
        Ok(Self {
            name: name(folder),
            taken,
            ledger: json(&folder.join(files::LEDGER))?,
            model,
            examples,
            reference,
            origin,
        })
    }

    /// `bundle.json`, but for the list of files.
    pub(super) fn about(&self) -> Description {
        let preparation = self.model.preparation();
        let input = |column: &plumb_data::prepare::PreparedColumn| Input {
            name: column.name.clone(),
            kind: column.kind.as_str().to_owned(),
        };
        Description {
            schema: SCHEMA,
            plumb: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
            task: self.model.task(),
            target: preparation.target.clone(),
            classes: self.model.classes().to_vec(),
            inputs: preparation.columns.iter().map(input).collect(),
            origin: self.origin.clone(),
            files: Vec::new(),
            sha256: String::new(),
        }
    }

    /// A file that was taken.
    pub(super) fn taken(&self, path: &str) -> Option<&[u8]> {
        self.taken.iter().find(|(name, _)| *name == path).map(|(_, bytes)| bytes.as_slice())
    }
}

/// The name of a run, in letters that a path may have.
pub(super) fn name(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    Some(name.chars().map(plain).collect())
        .filter(|name: &String| !name.is_empty())
        .unwrap_or_else(|| "model".to_owned())
}

fn text(path: &Path) -> Result<String, Fault> {
    String::from_utf8(bytes(path)?)
        .map_err(|_not_text| Fault::failed(format!("the file is not UTF-8: {}", path.display())))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    serde_json::from_slice(&bytes(path)?)
        .map_err(|error| Fault::failed(format!("the file is damaged ({error}): {}", path.display())))
}

/// The weights must be those that the metrics were measured with.
pub(super) fn check_weights(model: &TrainedModel, metrics: &Value) -> Result<(), Fault> {
    let Some(stated) = metrics["weights_sha256"].as_str() else { return Ok(()) };
    let found = model.weights().sha256().map_err(|error| Fault::failed(error.to_string()))?;
    if found.as_str() == stated {
        return Ok(());
    }
    Err(Fault::failed(
        "the weights are not those that the metrics were measured with: model/model.safetensors",
    )
    .hint("a file of the run was changed after it: run the job again"))
}

fn license_text(license: &str) -> Result<Vec<u8>, Fault> {
    let path = Path::new(license);
    if path.is_file() {
        return Ok(text(path)?.into_bytes());
    }
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ' ' | '(' | ')');
    if license.is_empty() || !license.chars().all(is_id) {
        return Err(Fault::usage(format!("no licence and no file of one: {license}"))
            .hint("name a file, or an SPDX expression such as `Apache-2.0`"));
    }
    Ok(format!("SPDX-License-Identifier: {license}\n").into_bytes())
}

/// What the run has recorded; of a run of an earlier version, what can be told from its other files.
fn origin(folder: &Path, shown: &str, job: &JobFile, metrics: &Value) -> Result<Origin, Fault> {
    let path = folder.join(files::PROVENANCE);
    let known: Option<Provenance> = path.is_file().then(|| json(&path)).transpose()?;
    Ok(Origin {
        run: name(folder),
        commit: known.as_ref().and_then(|known| known.commit.clone()),
        changed: known.as_ref().and_then(|known| known.changed),
        data_sha256: known.as_ref().map(|known| known.data_sha256.clone()),
        job_sha256: Some(Sha256::of(shown.as_bytes()).to_string()),
        seed: Some(job.train.seed),
        toolchain: known.map(|known| known.toolchain),
        weights_sha256: metrics["weights_sha256"].as_str().map(str::to_owned),
    })
}

/// The data of a run with what was predicted of it, where rows of it go along.
struct Drawn {
    table: Table,
    predicted: Predicted,
    folder: PathBuf,
}

impl Drawn {
    fn unusable(&self, why: &dyn std::fmt::Display) -> Fault {
        unusable(&self.folder, why)
    }
}

fn unusable(folder: &Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::failed(format!("no rows of the data can go along ({why}): {}", folder.display())).hint(
        "`--examples 0 --reference 0` makes a bundle without, which `plumb verify` cannot ask and `plumb monitor` has nothing to hold beside",
    )
}

/// Reads the data of a run; none where no row of it is wanted.
fn drawn(ask: &Ask<'_>, job: &JobFile, folder: &Path, screen: &mut Screen) -> Result<Option<Drawn>, Fault> {
    if ask.examples == 0 && ask.reference == 0 {
        return Ok(None);
    }
    let predicted = Predicted::read(folder).map_err(|why| unusable(folder, &why))?;
    screen.say("reading the data of the run for the rows that go along");
    let options = read_options(job, job.data.files.clone());
    let table = read(&options, &|_| {}).map_err(|error| unusable(folder, &error))?.table;
    Ok(Some(Drawn { table, predicted, folder: folder.to_owned() }))
}

/// Draws rows of the judged part for monitoring.
fn reference_of(ask: &Ask<'_>, job: &JobFile, model: &TrainedModel, drawn: &Drawn) -> Result<Vec<u8>, Fault> {
    let (_, places) = part_rows(&drawn.predicted);
    let places = reference::choose(&places, ask.reference, job.train.seed);
    reference::file(&drawn.table, &drawn.predicted, &places, model).map_err(|why| drawn.unusable(&why))
}

/// Draws rows of the judged part and holds what the model says of them against what it said in the run.
fn examples_of(ask: &Ask<'_>, job: &JobFile, model: &TrainedModel, drawn: &Drawn) -> Result<Chosen, Fault> {
    let Drawn { table, predicted, folder } = drawn;
    let (_, places) = part_rows(predicted);
    let places = examples::choose(predicted, &places, ask.examples, job.train.seed);
    let rows: Vec<u32> = places.iter().filter_map(|&place| predicted.rows.get(place).copied()).collect();
    if rows.iter().any(|&row| row as usize >= table.rows()) {
        return Err(drawn.unusable(&format!("the data has {} rows and had more", table.rows())));
    }
    let mut chosen = Chosen::of(table, &rows, model).map_err(|why| drawn.unusable(&why))?;
    let width = model.classes().len().max(1);
    let then = recorded(predicted, &places, model);
    let now = answers::native(model, &chosen.table)?;
    chosen.as_in_run = answers::agreement(&then, &now, width, answers::SAME);
    if let Some(smaller) = files::SMALLER.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        // A compressed run has measured the graph that answers in the network's place.
        let now = answers::onnx(bytes(&smaller)?, model, &chosen.table)?;
        chosen.as_in_run = answers::agreement(&then, &now, width, answers::QUANTIZED);
    }
    if !chosen.as_in_run.holds() {
        return Err(drawn.unusable(
            &"the model does not say of them what it said in the run: the data or the model has changed",
        ));
    }
    Ok(chosen)
}

/// What was predicted in the run at these places, in the order of the model's classes.
pub(crate) fn recorded(predicted: &Predicted, places: &[usize], model: &TrainedModel) -> Vec<f64> {
    match &predicted.outcomes {
        Outcomes::Numbers { predicted, .. } => {
            places.iter().filter_map(|&place| predicted.get(place).copied()).collect()
        }
        Outcomes::Classes { names, probabilities, .. } => {
            let order: Vec<Option<usize>> =
                model.classes().iter().map(|class| names.iter().position(|name| name == class)).collect();
            let of = |place: usize, class: Option<usize>| {
                class
                    .and_then(|class| probabilities.get(place * names.len() + class).copied())
                    .unwrap_or(f64::NAN)
            };
            places.iter().flat_map(|&place| order.iter().map(move |&class| of(place, class))).collect()
        }
    }
}
