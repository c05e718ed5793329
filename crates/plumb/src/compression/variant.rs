//! A model on the way to a smaller one.

use plumb_data::Predictor;
use plumb_evaluate::Scored;
use plumb_evaluate::compress::{Kept, Latency, LayerCost};
use plumb_learn::predict::TrainedModel;

use crate::fault::Fault;
use crate::predictors::Exported;

/// A model, its file, and what was measured of it.
pub(super) struct Variant {
    /// What it is: `as it was`, `8 bits`.
    pub(super) name: String,
    /// How it was made, one line; empty for the first.
    pub(super) made: String,
    /// What it follows from: the network and its preparation.
    pub(super) model: TrainedModel,
    /// Its file as ONNX.
    pub(super) file: Vec<u8>,
    /// The name of its file, where it is not the network's own.
    pub(super) stored: Option<&'static str>,
    /// The file as it is served.
    pub(super) served: Exported,
    /// Numbers that were learned.
    pub(super) parameters: usize,
    /// What each layer costs, the most costly first.
    pub(super) layers: Vec<LayerCost>,
    /// How long requests take.
    pub(super) latency: Vec<Latency>,
    /// What it says of the judged rows.
    pub(super) scored: Option<Scored>,
    /// What that is beside the first.
    pub(super) kept: Option<Kept>,
}

impl std::fmt::Debug for Variant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variant").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Variant {
    /// The model of the run.
    pub(super) fn original(model: TrainedModel) -> Result<Self, Fault> {
        Self::of_network("as it was", String::new(), model)
    }

    /// A trained network: it answers itself, its file is served.
    pub(super) fn of_network(name: &str, made: String, model: TrainedModel) -> Result<Self, Fault> {
        let file = model.to_onnx(env!("CARGO_PKG_VERSION"))?;
        let served = served(&model, &file)?;
        let parameters = model.weights().count();
        Ok(Self::new(name, made, model, file, served, parameters))
    }

    /// A file that says nearly what the network of another variant says; it answers itself.
    pub(super) fn of_file(
        of: &Self,
        (name, made): (&str, String),
        (stored, file): (&'static str, Vec<u8>),
        layers: Vec<LayerCost>,
    ) -> Result<Self, Fault> {
        let model = of.model.clone();
        let served = served(&model, &file)?;
        let made = Self::new(name, made, model, file, served, of.parameters);
        Ok(Self { stored: Some(stored), layers, ..made })
    }

    fn new(
        name: &str,
        made: String,
        model: TrainedModel,
        file: Vec<u8>,
        served: Exported,
        parameters: usize,
    ) -> Self {
        Self {
            name: name.to_owned(),
            made,
            model,
            file,
            stored: None,
            served,
            parameters,
            layers: Vec::new(),
            latency: Vec::new(),
            scored: None,
            kept: None,
        }
    }

    /// What answers: the trained network, or the file where that says something else.
    pub(super) fn predictor(&self) -> &dyn Predictor {
        if self.stored.is_some() { &self.served } else { &self.model }
    }

    /// Bytes of its file.
    pub(super) fn bytes(&self) -> usize {
        self.file.len()
    }
}

fn served(model: &TrainedModel, file: &[u8]) -> Result<Exported, Fault> {
    Exported::new(model.clone(), file.to_vec()).map_err(|error| Fault::failed(error.to_string()))
}
