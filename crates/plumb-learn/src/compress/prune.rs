//! Pruning: whole units go, so that the network is smaller and faster in fact.

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_ledger::clock::Clock;
use plumb_ledger::{ExitCode, Explain};
use plumb_stats::Task;
use serde::{Deserialize, Serialize};

use super::choose::{FLOOR, kept};
use super::cost::{Cost, of_units};
use super::cut::without;
use super::importance::{self, Importance};
use super::tune::{TuneError, Tuning, tuned};
use super::units::{self, UnitKind, Units};
use crate::losses::Loss;
use crate::model::ModelConfig;
use crate::parameters::ArraysError;
use crate::predict::{ModelError, TrainedModel};
use crate::train::{Observer, TrainConfig, TrainData};

/// How to prune.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruning {
    /// The share of units that goes, of each kind, in `(0, 1)`.
    pub share: f64,
    /// What a unit is worth.
    pub importance: Importance,
    /// In how many steps they go, at least 1; each takes the same share of what is left.
    pub steps: usize,
    /// Epochs of training after each step; 0 for none.
    pub epochs: u64,
    /// What the training's own rate is multiplied by; it falls to 0 along half a cosine.
    pub rate: f64,
}

/// A model that lost units.
#[derive(Debug, Clone)]
pub struct Pruned {
    /// The model.
    pub model: TrainedModel,
    /// What became of each layer that has units which can go.
    pub layers: Vec<PrunedLayer>,
    /// What the model cost.
    pub before: Cost,
    /// What it costs now.
    pub after: Cost,
}

/// What became of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedLayer {
    /// The layer.
    pub layer: String,
    /// What its units are: `channels`.
    pub kind: String,
    /// Units before.
    pub before: usize,
    /// Units after.
    pub after: usize,
}

/// Why a model cannot be pruned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PruneError {
    /// The share is no share.
    #[error("the share to prune is {0}, it must be above 0 and below 1")]
    Share(f64),
    /// The network has no units that can go.
    #[error("this network cannot be pruned: {0}")]
    NoUnits(&'static str),
    /// Nothing tells what units are worth.
    #[error("no train rows with labels to tell what units are worth")]
    NoRows,
    /// The training between steps came to nothing.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// The smaller model does not fit together.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<ArraysError> for PruneError {
    fn from(error: ArraysError) -> Self {
        Self::Model(error.into())
    }
}

impl Explain for PruneError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Share(_) => "0.5 takes half of the units".to_owned(),
            Self::NoUnits(_) => {
                "quantize it, or train a smaller network with it as `train.teacher`".to_owned()
            }
            Self::NoRows => "prune with the table and the split that the model was trained on".to_owned(),
            Self::Tune(error) => return error.hint(),
            Self::Model(_) => "the model may be of another version of plumb: train it again".to_owned(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Share(_) | Self::NoUnits(_) => ExitCode::Usage,
            Self::NoRows => ExitCode::Data,
            Self::Tune(error) => error.exit_code(),
            Self::Model(_) => ExitCode::Failed,
        }
    }
}

/// The model without `share` of its units, as they are worth on `rows`: train rows, prepared, with labels where gradients are asked.
/// Nothing is trained: [`prune_gradually`] does that, too.
pub fn prune(
    model: &TrainedModel,
    share: f64,
    importance: Importance,
    rows: &Prepared,
) -> Result<Pruned, PruneError> {
    step(model, (share, FLOOR), importance, rows)
}

fn step(
    model: &TrainedModel,
    (share, floor): (f64, f64),
    importance: Importance,
    rows: &Prepared,
) -> Result<Pruned, PruneError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(PruneError::Share(share));
    }
    let is_told = rows.rows > 0 && rows.labels != PreparedLabels::Absent;
    if importance == Importance::Taylor && !is_told {
        return Err(PruneError::NoRows);
    }
    let before = Cost::of(model, rows);
    let sets = units::of(&model.config().network).map_err(PruneError::NoUnits)?;
    let scores = match importance {
        Importance::Taylor => {
            let loss = loss(model.preparation().task);
            importance::taylor(&model.with_gradients()?, &sets, rows, &loss)
        }
        Importance::Magnitude => importance::magnitude(&model.weights(), &sets),
    };
    let kept = kept(&sets, (&scores, &of_units(model, rows, &sets)), (share, floor));
    let layer = |(units, kept): (&Units, &Vec<usize>)| PrunedLayer {
        layer: units.layer.clone(),
        kind: UnitKind::as_str(units.kind).to_owned(),
        before: units.count,
        after: kept.len(),
    };
    let layers: Vec<PrunedLayer> = sets.iter().zip(&kept).map(layer).collect();
    let counts: Vec<usize> = kept.iter().map(Vec::len).collect();
    let weights = without(&model.weights(), &sets.into_iter().zip(kept).collect::<Vec<_>>());
    let network = units::with_counts(&model.config().network, &counts);
    let config = ModelConfig { network, ..model.config().clone() };
    let model = TrainedModel::new(config, model.preparation().clone(), &weights)?;
    let after = Cost::of(&model, rows);
    Ok(Pruned { model, layers, before, after })
}

fn loss(task: Task) -> Loss {
    match task {
        Task::Binary | Task::Multiclass => Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() },
        Task::Regression => Loss::SquaredError,
    }
}

/// The same in steps, the rest trained on `data` after each of them, with the settings that the model was trained with but for the
/// rate, its schedule and the epochs. `data` must be prepared by the model's own preparation. The same inputs give the same weights;
/// `clock` and `observer` change none.
pub fn prune_gradually(
    model: &TrainedModel,
    how: &Pruning,
    data: &TrainData<'_>,
    train: &TrainConfig,
    observer: &mut dyn Observer,
    clock: &dyn Clock,
) -> Result<Pruned, PruneError> {
    if !(how.share > 0.0 && how.share < 1.0) {
        return Err(PruneError::Share(how.share));
    }
    let steps = how.steps.max(1);
    // The same share of what is left each time: after the last step `1 - share` is.
    let of_step = |whole: f64| whole.powf(1.0 / steps as f64);
    let (share, floor) = (1.0 - of_step(1.0 - how.share), of_step(FLOOR));
    let mut whole: Option<Pruned> = None;
    for at in 0..steps {
        let last = whole.as_ref().map_or(model, |pruned| &pruned.model);
        let mut pruned = step(last, (share, floor), how.importance, data.train)?;
        if how.epochs > 0 {
            let more = Tuning { epochs: how.epochs, rate: how.rate, round: 1 + at as u64 };
            pruned.model = tuned(&pruned.model, more, data, train, observer, clock)?;
        }
        whole = Some(match whole {
            Some(first) => joined(first, pruned),
            None => pruned,
        });
    }
    whole.ok_or(PruneError::Share(how.share))
}

/// Two steps as one.
fn joined(first: Pruned, second: Pruned) -> Pruned {
    let layer = |(first, second): (PrunedLayer, PrunedLayer)| PrunedLayer { after: second.after, ..first };
    Pruned {
        layers: first.layers.into_iter().zip(second.layers).map(layer).collect(),
        before: first.before,
        ..second
    }
}
