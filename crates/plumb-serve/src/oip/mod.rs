//! The Open Inference Protocol, version 2: what it asks in tensors and what it is answered, whichever transport brings it.

mod answer;
mod elements;
mod request;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use plumb_data::Predictions;

pub(crate) use answer::written;
pub(crate) use request::{Headed, check_id, read, read_raw};

use crate::lane::{Lane, Outcome, Payload};
use crate::served::{LABEL, PREDICTION, PROBABILITIES, check_tensors};
use crate::tensor::{Data, Tensor};
use crate::{ApiError, Limits, Loaded, cells};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Asked {
    /// What the client calls it.
    pub(crate) id: Option<String>,
    /// What goes in.
    pub(crate) tensors: Vec<Tensor>,
    /// What is to come out; everything where none is named.
    pub(crate) outputs: Vec<Wanted>,
    /// Whether outputs are binary that say nothing themselves.
    pub(crate) is_binary: bool,
    /// How long the client waits at most.
    pub(crate) timeout: Option<Duration>,
}

/// An output that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// Whether as binary; none where it does not say.
    pub(crate) is_binary: Option<bool>,
}

impl Asked {
    /// What the model is asked. Pictures are not decoded yet.
    pub(crate) fn payload(&mut self, lane: &Lane, limits: &Limits) -> Result<Payload, ApiError> {
        if let Some(strange) =
            self.outputs.iter().find(|wanted| !lane.outputs().iter().any(|port| port.name == wanted.name))
        {
            return Err(ApiError::bad(format!("the model has no output `{}`", strange.name)));
        }
        let tensors = std::mem::take(&mut self.tensors);
        match lane.loaded() {
            Loaded::Rows(served) => {
                cells::of_tensors(&tensors, served.signature(), limits).map(Payload::Rows)
            }
            Loaded::Tensors(network) => {
                check_tensors(&tensors, network.inputs())?;
                Ok(Payload::Tensors(tensors))
            }
        }
    }

    /// Whether an output is to come as binary.
    pub(crate) fn is_binary(&self, output: &str) -> bool {
        let named = self.outputs.iter().find(|wanted| wanted.name == output);
        named.and_then(|wanted| wanted.is_binary).unwrap_or(self.is_binary)
    }
}

/// The outputs that are wanted, in the order in which they were named.
pub(crate) fn outputs(outcome: Outcome, lane: &Lane, wanted: &[Wanted]) -> Result<Vec<Tensor>, ApiError> {
    let all = match outcome {
        Outcome::Tensors(tensors) => tensors,
        Outcome::Predictions(predictions) => of_predictions(&predictions, lane)?,
    };
    if wanted.is_empty() {
        return Ok(all);
    }
    let named = wanted.iter().filter_map(|wanted| all.iter().find(|tensor| tensor.name() == wanted.name));
    Ok(named.cloned().collect())
}

fn of_predictions(predictions: &Predictions, lane: &Lane) -> Result<Vec<Tensor>, ApiError> {
    match predictions {
        Predictions::Numbers(values) => {
            Ok(vec![Tensor::new(PREDICTION, vec![values.len()], Data::Fp64(values.clone()))?])
        }
        Predictions::Probabilities { values, classes } => {
            let Loaded::Rows(served) = lane.loaded() else { return Ok(Vec::new()) };
            let names = &served.signature().classes;
            let label = |class: u32| {
                names
                    .get(class as usize)
                    .map_or_else(Bytes::new, |name| Bytes::copy_from_slice(name.as_bytes()))
            };
            let labels: Vec<Bytes> = predictions.classes().into_iter().map(label).collect();
            let rows = labels.len();
            let shares = values.iter().map(|&value| value as f32).collect();
            Ok(vec![
                Tensor::new(LABEL, vec![rows], Data::Bytes(labels))?,
                Tensor::new(PROBABILITIES, vec![rows, *classes], Data::Fp32(shares))?,
            ])
        }
    }
}
