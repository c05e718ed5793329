//! Checkpoints: everything that the next step depends on, as the bytes of a folder's files.

use std::collections::BTreeMap;

use plumb_ledger::Seed;

use super::state::{Progress, State};
use super::{TrainConfig, TrainError};
use crate::layers::Linear;
use crate::model::training_device;
use crate::network::Network;
use crate::optim::OptimizerState;
use crate::parameters::{Array, Arrays};

/// Files by name: `model.safetensors`, `best.safetensors`, `optimizer.safetensors`, `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The bytes of each file.
    pub files: BTreeMap<String, Vec<u8>>,
}

const MODEL: &str = "model.safetensors";
const BEST: &str = "best.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";

impl Checkpoint {
    fn file(&self, name: &str) -> Result<&[u8], TrainError> {
        let missing = || TrainError::Checkpoint(format!("no file `{name}`"));
        self.files.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// The weights of the best epoch as the bytes of a safetensors file, if one was completed.
    pub fn best_bytes(&self) -> Option<&[u8]> {
        self.files.get(BEST).map(Vec::as_slice)
    }

    /// The weights of the best epoch, if one was completed.
    pub fn best(&self) -> Result<Option<Arrays>, TrainError> {
        Ok(self.best_bytes().map(Arrays::from_safetensors).transpose()?)
    }
}

pub(super) fn make<N: Network>(network: &N, state: &State) -> Result<Checkpoint, TrainError> {
    let memory = state.optimizer.state();
    let progress = Progress { updates: memory.steps.clone(), ..state.progress.clone() };
    let mut files = BTreeMap::new();
    files.insert(MODEL.to_owned(), Arrays::of(network).to_safetensors()?);
    if let Some(best) = &state.best {
        files.insert(BEST.to_owned(), best.to_safetensors()?);
    }
    files.insert(OPTIMIZER.to_owned(), pack(state, memory).to_safetensors()?);
    let text = serde_json::to_vec_pretty(&progress).map_err(|e| TrainError::Checkpoint(e.to_string()))?;
    files.insert(STATE.to_owned(), text);
    Ok(Checkpoint { files })
}

/// The network and the state that `checkpoint` holds.
pub(super) fn restore<N: Network>(
    checkpoint: &Checkpoint,
    network: N,
    config: &TrainConfig,
) -> Result<(N, State), TrainError> {
    let mut state = State::new(config)?;
    state.progress = serde_json::from_slice(checkpoint.file(STATE)?)
        .map_err(|error| TrainError::Checkpoint(format!("{error}, `{STATE}`")))?;
    same_run(&state.progress, config)?;
    unpack(Arrays::from_safetensors(checkpoint.file(OPTIMIZER)?)?, &mut state)?;
    state.best = checkpoint.best()?;
    let network = Arrays::from_safetensors(checkpoint.file(MODEL)?)?.load(network)?;
    Ok((network, state))
}

fn same_run(progress: &Progress, config: &TrainConfig) -> Result<(), TrainError> {
    if progress.schema != 1 {
        return Err(TrainError::Checkpoint(format!("unknown schema {}, `{STATE}`", progress.schema)));
    }
    let names = progress.identity.keys().chain(config.identity.keys());
    let value = |of: &BTreeMap<String, String>, name: &str| of.get(name).cloned().unwrap_or_default();
    for what in names {
        let (found, wanted) = (value(&progress.identity, what), value(&config.identity, what));
        if found != wanted {
            return Err(TrainError::OtherRun { what: what.clone(), found, wanted });
        }
    }
    Ok(())
}

/// Optimizer, moving average and map of features as one set of arrays: `first/NAME`, `second/NAME`, `ema/NAME`, `map/NAME`.
fn pack(state: &State, memory: OptimizerState) -> Arrays {
    let mut arrays = BTreeMap::new();
    let averages = state.ema.as_ref().map(|ema| ema.averages().clone()).unwrap_or_default();
    for (kind, named) in [("first", memory.first), ("second", memory.second), ("ema", averages)] {
        for (name, values) in named {
            arrays.insert(format!("{kind}/{name}"), Array { shape: vec![values.len()], values });
        }
    }
    for (name, array) in state.map.as_ref().map_or_else(BTreeMap::new, |map| Arrays::of(map).0) {
        arrays.insert(format!("map/{name}"), array);
    }
    Arrays(arrays)
}

/// The map of features that a checkpoint holds; none where it holds none.
fn restored_map(arrays: &Arrays) -> Result<Option<Linear>, TrainError> {
    let Some([inputs, outputs]) = arrays.0.get("weight").map(|weight| weight.shape.as_slice()) else {
        return Ok(None);
    };
    let map = Linear::new(*inputs, *outputs, Seed(0).stream("empty"), &training_device());
    Ok(Some(arrays.load(map)?))
}

fn unpack(arrays: Arrays, state: &mut State) -> Result<(), TrainError> {
    let mut memory = OptimizerState { steps: state.progress.updates.clone(), ..OptimizerState::default() };
    let (mut averages, mut map) = (BTreeMap::new(), BTreeMap::new());
    for (key, array) in arrays.0 {
        let unknown = || TrainError::Checkpoint(format!("unknown array `{key}`, `{OPTIMIZER}`"));
        let (kind, name) = key.split_once('/').ok_or_else(unknown)?;
        let named = match kind {
            "first" => &mut memory.first,
            "second" => &mut memory.second,
            "ema" => &mut averages,
            "map" => {
                map.insert(name.to_owned(), array);
                continue;
            }
            _ => return Err(unknown()),
        };
        named.insert(name.to_owned(), array.values);
    }
    state.optimizer.restore(memory)?;
    if let Some(ema) = &mut state.ema {
        ema.restore(averages);
    }
    state.map = restored_map(&Arrays(map))?;
    Ok(())
}
