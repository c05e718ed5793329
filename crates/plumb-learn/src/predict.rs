//! A trained model at work: rows of a table to predictions, through the preparation that it was trained with.

use burn::tensor::Device;
use plumb_data::augment::VIEWS;
use plumb_data::pictures::Picture;
use plumb_data::prepare::{LabelScale, Preparation, Prepared, PreparedImages};
use plumb_data::{Lines, PredictError, Predictions, Predictor, Slopes, Table};
use plumb_ledger::Seed;
use plumb_stats::Task;

use crate::batches::Batch;
use crate::compress::Rounding;
use crate::explain::{self, Heat};
use crate::model::{ModelConfig, TabularNetwork};
use crate::network::{Network, Pass};
use crate::parameters::{Arrays, ArraysError, host};
use crate::pretrained::{from_stored, to_stored};

/// Rows that go through the network at once: their activations fit the second-level cache.
const ROWS: usize = 1024;
/// The same with pictures or texts, whose activations never do.
const PICTURES: usize = 64;

/// The network's outputs for prepared rows, row-major. The network must be on a plain device
/// ([`Module::valid`]).
pub fn outputs<N: Network>(network: &N, data: &Prepared) -> Vec<f32> {
    outputs_by(network, data, Pass::inference)
}

/// The same with passes of another kind.
pub(crate) fn outputs_by<N: Network>(network: &N, data: &Prepared, pass: impl Fn() -> Pass) -> Vec<f32> {
    let device = network.devices().into_iter().next().unwrap_or_else(Device::flex);
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let mut outputs = Vec::new();
    for rows in rows.chunks(if data.images.is_some() || data.texts.is_some() { PICTURES } else { ROWS }) {
        let batch = Batch::gather(data, rows, &device);
        outputs.extend(host(network.forward(&batch, &mut pass()).inner()));
    }
    outputs
}

/// What the head of a picture network sees of prepared rows, row by row, and how many numbers a row has; none for other networks.
fn features(network: &TabularNetwork, data: &Prepared) -> Option<(Vec<f32>, usize)> {
    let TabularNetwork::Pictures(network) = network else { return None };
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let mut features = Vec::new();
    for rows in rows.chunks(PICTURES) {
        let images = Batch::gather(data, rows, &Device::flex()).images?;
        features.extend(host(network.features(images, &mut Pass::inference()).inner()));
    }
    let width = features.len().checked_div(data.rows)?;
    Some((features, width))
}

/// The last thing that a network shows of prepared rows before its head: what it is, its numbers row by row, and how many a row has.
/// Features of pictures, the last hidden layer of tables (the mean over members where there are several); of other networks the
/// outputs. The network must be on a plain device.
pub fn last_activations(network: &TabularNetwork, data: &Prepared) -> (String, Vec<f32>, usize) {
    if let Some((features, width)) = features(network, data) {
        return ("features".to_owned(), features, width);
    }
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let is_table = !matches!(network, TabularNetwork::Text(_) | TabularNetwork::Mixed(_));
    let shown: Option<Vec<(String, Vec<f32>)>> =
        rows.chunks(ROWS).map(|rows| is_table.then(|| hidden(network, data, rows)).flatten()).collect();
    let (name, values) = match shown.unwrap_or_default().into_iter().reduce(|mut all, (_, more)| {
        all.1.extend(more);
        all
    }) {
        Some(shown) => shown,
        None => ("outputs".to_owned(), outputs(network, data)),
    };
    let width = values.len().checked_div(data.rows).unwrap_or(0);
    (name, values, width)
}

/// The last layer that shows its activation on some rows, the mean over its members.
fn hidden(network: &TabularNetwork, data: &Prepared, rows: &[u32]) -> Option<(String, Vec<f32>)> {
    let mut pass = Pass::inference().tapped();
    let _outputs = network.forward(&Batch::gather(data, rows, &Device::flex()), &mut pass);
    let (name, shown) = pass.take_taps().pop()?;
    let [all, width] = shown.dims();
    let members = all / rows.len().max(1);
    let mean = shown.reshape([members, rows.len(), width]).mean_dim(0);
    Some((name, host(mean.inner())))
}

/// Softmax of each row of logits, in 64 bits.
pub fn probabilities(logits: &[f32], classes: usize) -> Vec<f64> {
    let mut probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes.max(1)) {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let start = probabilities.len();
        probabilities.extend(row.iter().map(|&x| f64::from(x - top).exp()));
        let total: f64 = probabilities[start..].iter().sum();
        probabilities[start..].iter_mut().for_each(|p| *p /= total);
    }
    probabilities
}

/// The class with the largest output of each row; the first one among equals.
pub fn most_likely(outputs: &[f32], classes: usize) -> Vec<u32> {
    let best = |row: &[f32]| {
        let ranked = row.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1));
        ranked.map_or(0, |(class, _)| class as u32)
    };
    outputs.chunks_exact(classes.max(1)).map(best).collect()
}

/// Outputs of a regression in the target's own unit, within the range of the training labels.
pub fn numbers_of(outputs: &[f32], scale: Option<LabelScale>) -> Vec<f64> {
    let restore = |&output: &f32| {
        let output = f64::from(output);
        scale.map_or(output, |scale| scale.restore(output))
    };
    outputs.iter().map(restore).collect()
}

/// A trained network and its preparation.
#[derive(Debug, Clone)]
pub struct TrainedModel {
    config: ModelConfig,
    preparation: Preparation,
    network: TabularNetwork,
}

/// Why stored parts make no model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// `model.json` cannot be read.
    #[error("damaged model description: {0}")]
    Description(String),
    /// The preparation cannot be read.
    #[error(transparent)]
    Preparation(#[from] plumb_data::prepare::PrepareError),
    /// The weights cannot be read or do not fit.
    #[error(transparent)]
    Weights(#[from] ArraysError),
}

impl TrainedModel {
    /// A model of these parts; the weights must fit the description.
    pub fn new(config: ModelConfig, preparation: Preparation, weights: &Arrays) -> Result<Self, ModelError> {
        let network = weights.load(config.empty(&Device::flex()))?;
        Ok(Self { config, preparation, network })
    }

    /// The model that `model.json`, `model.safetensors` and `preparation.json` describe.
    pub fn read(description: &str, weights: &[u8], preparation: &str) -> Result<Self, ModelError> {
        let config: ModelConfig =
            serde_json::from_str(description).map_err(|e| ModelError::Description(e.to_string()))?;
        let stored = Arrays::from_safetensors(weights)?;
        let weights = from_stored(&config.network, stored, &Arrays::of(&config.empty(&Device::flex())));
        Self::new(config, Preparation::from_json(preparation)?, &weights)
    }

    /// `model.safetensors`: a picture network's as torchvision or timm loads it, an encoder of BERT's family as Hugging Face's
    /// `transformers` does.
    pub fn weights_file(&self) -> Result<Vec<u8>, ModelError> {
        Ok(to_stored(&self.config.network, self.weights()).to_safetensors()?)
    }

    /// `model.json`.
    pub fn description(&self) -> Result<String, ModelError> {
        serde_json::to_string_pretty(&self.config).map_err(|e| ModelError::Description(e.to_string()))
    }

    /// The preparation.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// The description.
    pub(crate) fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The network.
    pub(crate) fn network(&self) -> &TabularNetwork {
        &self.network
    }

    /// How many of the layers that are to be rounded the network has.
    pub fn layers_found(&self, rounding: &Rounding) -> usize {
        rounding.found(&self.network)
    }

    /// The weights.
    pub fn weights(&self) -> Arrays {
        Arrays::of(&self.network)
    }

    /// What the head of a picture network sees of prepared rows, row by row, and how many numbers a row has; none for other
    /// networks.
    pub fn features(&self, data: &Prepared) -> Option<(Vec<f32>, usize)> {
        features(&self.network, data)
    }

    /// What the network shows of prepared rows last: [`last_activations`].
    pub fn last_activations(&self, data: &Prepared) -> (String, Vec<f32>, usize) {
        last_activations(&self.network, data)
    }

    /// Where the units of a picture network respond to a picture that the preparation has made: a map for the last layer of
    /// each extent, finest first, with its name; none for other networks.
    pub fn activations(&self, picture: &Picture) -> Vec<(String, Heat)> {
        let (TabularNetwork::Pictures(network), Some(encoding)) = (&self.network, self.preparation.image())
        else {
            return Vec::new();
        };
        explain::activations(network, explain::input(encoding, picture, &Device::flex()))
    }

    /// A copy of the network on a device that records gradients.
    pub fn with_gradients(&self) -> Result<TabularNetwork, ArraysError> {
        self.weights().load(self.config.empty(&crate::model::training_device()))
    }

    /// A copy of the network that records gradients by what goes in; with a seed, the values of each of its tensors in another order.
    fn by_inputs(&self, shuffled: Option<Seed>) -> Result<TabularNetwork, PredictError> {
        let empty = self.config.empty(&crate::model::training_device());
        explain::on_gradients(empty, self.weights(), shuffled)
    }

    /// The predictions for prepared rows.
    pub fn predict_prepared(&self, data: &Prepared) -> Predictions {
        self.predictions(self.values(data))
    }

    /// The predictions for prepared rows of the network in 8 bits, as a training that is to feel them sees it; of one view.
    pub fn predict_rounded(&self, data: &Prepared, rounding: &Rounding) -> Predictions {
        self.predictions(self.meant(&rounding.outputs(&self.network, data)))
    }

    /// Probabilities or numbers that the network's outputs mean.
    fn meant(&self, outputs: &[f32]) -> Vec<f64> {
        if self.preparation.task == Task::Regression {
            numbers_of(outputs, self.preparation.label_scale)
        } else {
            probabilities(outputs, self.config.outputs)
        }
    }

    fn predictions(&self, values: Vec<f64>) -> Predictions {
        if self.preparation.task == Task::Regression {
            return Predictions::Numbers(values);
        }
        Predictions::Probabilities { values, classes: self.config.outputs }
    }

    /// Probabilities or numbers, the mean over the views.
    fn values(&self, data: &Prepared) -> Vec<f64> {
        let plain = |data: &Prepared| self.meant(&outputs(&self.network, data));
        let views = VIEWS.iter().filter(|view| self.config.views.iter().any(|name| name == view.name));
        let (Some(images), views) = (&data.images, views.collect::<Vec<_>>()) else { return plain(data) };
        if views.is_empty() {
            return plain(data);
        }
        let mut sum: Vec<f64> = Vec::new();
        for view in &views {
            let images = PreparedImages { view: **view, ..images.clone() };
            let values = plain(&Prepared { images: Some(images), ..data.clone() });
            sum.resize(values.len(), 0.0);
            sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / views.len() as f64);
        }
        sum
    }
}

impl Predictor for TrainedModel {
    fn task(&self) -> Task {
        self.preparation.task
    }

    fn classes(&self) -> &[String] {
        &self.preparation.classes
    }

    fn embed(&self, table: &Table, rows: &[u32]) -> Option<Result<(Vec<f32>, usize), PredictError>> {
        let shown = |data: &Prepared| {
            let (_, values, width) = self.last_activations(data);
            (values, width)
        };
        let failed = |error: plumb_data::prepare::PrepareError| PredictError { message: error.to_string() };
        Some(self.preparation.apply(table, rows, None).map(|data| shown(&data)).map_err(failed))
    }

    fn slopes(&self, table: &Table, lines: &Lines<'_>) -> Option<Result<Slopes, PredictError>> {
        explain::Explained::new(&self.network, &self.preparation, self.config.outputs)?;
        let network = match self.by_inputs(lines.shuffled) {
            Ok(network) => network,
            Err(error) => return Some(Err(error)),
        };
        let explained = explain::Explained::new(&network, &self.preparation, self.config.outputs)?;
        Some(explained.slopes(table, lines))
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let failed = |error: plumb_data::prepare::PrepareError| PredictError { message: error.to_string() };
        Ok(self.predict_prepared(&self.preparation.apply(table, rows, None).map_err(failed)?))
    }
}
