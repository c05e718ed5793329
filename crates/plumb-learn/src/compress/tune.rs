//! Some more epochs of a network that has been changed.

use plumb_ledger::clock::Clock;
use plumb_ledger::{ExitCode, Explain};

use crate::predict::{ModelError, TrainedModel};
use crate::schedules::{Cosine, ScheduleConfig};
use crate::train::{self, Observer, Stopped, TrainConfig, TrainData, TrainError};

/// How to train on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// For how many epochs.
    pub epochs: u64,
    /// What the training's own rate is multiplied by; it falls to 0 along half a cosine.
    pub rate: f64,
    /// Which training this is after the first: each has shuffles of its own.
    pub round: u64,
}

/// Why a network could not be trained on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TuneError {
    /// Somebody stopped it.
    #[error("stopped while the changed network was trained on")]
    Interrupted,
    /// The training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// What was trained does not fit together.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Explain for TuneError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Interrupted => Some("begin again: nothing was written".to_owned()),
            Self::Train(error) => error.hint(),
            Self::Model(_) => Some("the model may be of another version of plumb: train it again".to_owned()),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Interrupted => ExitCode::Interrupted,
            Self::Train(error) => error.exit_code(),
            Self::Model(_) => ExitCode::Failed,
        }
    }
}

/// The model after some more epochs, with the settings that it was trained with but for the rate, its schedule and the epochs. `data` must
/// be prepared by the model's own preparation. The same inputs give the same weights; `clock` and `observer` change none.
pub fn tuned(
    model: &TrainedModel,
    how: Tuning,
    data: &TrainData<'_>,
    train: &TrainConfig,
    observer: &mut dyn Observer,
    clock: &dyn Clock,
) -> Result<TrainedModel, TuneError> {
    let config = TrainConfig {
        seed: train.seed.wrapping_add(how.round),
        epochs: how.epochs,
        lr: train.lr * how.rate,
        schedule: ScheduleConfig::Cosine(Cosine::DEFAULT),
        decay_schedule: ScheduleConfig::Constant,
        dropout_schedule: ScheduleConfig::Constant,
        patience: None,
        transfer: None,
        ..train.clone()
    };
    let network = model.with_gradients().map_err(ModelError::from)?;
    let trained = train::train(network, data, &config, None, observer, clock)?;
    if trained.stopped == Stopped::Interrupted {
        return Err(TuneError::Interrupted);
    }
    Ok(TrainedModel::new(model.config().clone(), model.preparation().clone(), &trained.weights)?)
}
