//! A bundle as far as monitoring reads it.

use std::path::Path;

use plumb_data::{Predictions, Predictor};
use plumb_learn::predict::TrainedModel;
use plumb_package::{Bundle, BundleLimits, Refusal, Why, is_bundle};
use plumb_serve::monitor::figures::Replayed;
use plumb_serve::monitor::{Layout, Rows, Sample, Truth};
use plumb_stats::{Metric, metric};
use serde_json::Value;

use crate::comparison::{Predicted, part_rows};
use crate::fault::Fault;
use crate::packaging::answers::{self, QUANTIZED, SAME};
use crate::packaging::recorded;
use crate::packaging::reference::{self, REFERENCE};
use crate::predictors;
use crate::run::files;

/// Digits of a bundle's digest that name its version.
const VERSION: usize = 12;
/// Logged rows that are asked again.
const REPLAYED: usize = 256;

/// A model that is monitored.
pub(crate) struct Monitored {
    /// What it is called.
    pub(crate) name: String,
    /// The first twelve digits of its bundle's digest: the version in the log.
    pub(crate) version: String,
    /// The digest of its bundle.
    pub(crate) sha256: String,
    /// The columns of its rows.
    pub(crate) layout: Layout,
    /// The model.
    pub(crate) model: TrainedModel,
    /// What answers: the model, or a smaller graph in its place.
    pub(crate) predictor: Box<dyn Predictor>,
    /// The metric that it is judged by.
    pub(crate) metric: &'static Metric,
    /// Rows of the part that it was judged on.
    pub(crate) reference: Sample,
    /// The digest of their file.
    pub(crate) reference_sha256: String,
    /// What it said of the whole judged part, and what was true there; none of a bundle without predictions.
    pub(crate) judged: Option<(Predictions, Truth)>,
    is_smaller: bool,
}

impl std::fmt::Debug for Monitored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitored")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Monitored {
    /// Verifies a bundle and loads its model.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        if !is_bundle(path) {
            return Err(Fault::usage(format!("no bundle: {}", path.display()))
                .hint("`plumb package RUN` makes one: a file `NAME.plumb`, or a folder with `bundle.json`"));
        }
        let bundle = Bundle::open(path, None, &BundleLimits::DEFAULT)?;
        let Some(sample) = bundle.files.get(REFERENCE) else {
            return Err(Fault::usage(format!("the bundle has no `{REFERENCE}`: {}", path.display()))
                .hint("`plumb package RUN` puts one in, unless it is told `--reference 0`"));
        };
        let model = predictors::bundle_model(&bundle)?;
        let layout = reference::layout(&model);
        let damaged = |why: String, file: &str| Refusal::of(Why::Damaged(why), file);
        let reference =
            Sample::read(REFERENCE, sample.bytes(), &layout).map_err(|why| damaged(why, REFERENCE))?;
        let stated: Value = serde_json::from_str(bundle.files.text_of(files::METRICS)?)
            .map_err(|error| damaged(error.to_string(), files::METRICS))?;
        let metric = stated["primary"].as_str().and_then(metric);
        let metric =
            metric.ok_or_else(|| damaged("it names no primary metric".to_owned(), files::METRICS))?;
        let judged = judged(&bundle, &model)?;
        let (predictor, is_smaller) = predictors::bundle_predictor(&bundle, model.clone())?;
        let sha256 = bundle.description.sha256.clone();
        Ok(Self {
            name: bundle.description.name.clone(),
            version: sha256.chars().take(VERSION).collect(),
            sha256,
            layout,
            predictor,
            metric,
            reference_sha256: sample.sha256().to_string(),
            reference,
            judged,
            is_smaller,
            model,
        })
    }

    /// Some logged rows asked again; none of a model whose rows are logged as what its last layer shows, or that cannot answer.
    pub(crate) fn replayed(&self, rows: &Rows) -> Option<Replayed> {
        if self.layout.is_embedded || rows.is_empty() {
            return None;
        }
        let newest: Vec<usize> = (rows.len().saturating_sub(REPLAYED)..rows.len()).collect();
        let rows = rows.keep(&newest);
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let found = answers::values(self.predictor.predict(&rows.table, &all).ok()?);
        let width = self.model.classes().len().max(1);
        let tolerance = if self.is_smaller { QUANTIZED } else { SAME };
        let found = answers::agreement(&answers::values(rows.predictions), &found, width, tolerance);
        let difference = Some(found.difference).filter(|difference| difference.is_finite());
        Some(Replayed { rows: found.rows, difference, tolerance })
    }
}

/// What was predicted of the judged part, and what was true there.
fn judged(bundle: &Bundle, model: &TrainedModel) -> Result<Option<(Predictions, Truth)>, Fault> {
    let Some(file) = bundle.files.get(files::PREDICTIONS) else { return Ok(None) };
    let predicted = Predicted::from_bytes(file.bytes())
        .map_err(|why| Refusal::of(Why::Damaged(why.to_string()), files::PREDICTIONS))?;
    let (_, places) = part_rows(&predicted);
    let values = recorded(&predicted, &places, model);
    let predictions = match model.classes().len() {
        0 => Predictions::Numbers(values),
        classes => Predictions::Probabilities { values, classes },
    };
    Ok(Some((predictions, reference::truth(&predicted, &places, model))))
}
