//! `history.jsonl`: what happened at each step and epoch of the training.

use serde::Deserialize;

use super::lenient::{Number, Ordered};

/// The events by their kinds, each in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// Training steps.
    pub(crate) steps: Vec<StepEvent>,
    /// Samples of the layers' figures.
    pub(crate) layers: Vec<LayersEvent>,
    /// Epochs.
    pub(crate) epochs: Vec<EpochEvent>,
    /// Lines that could not be read: the last line of a run that was killed, say.
    pub(crate) unreadable: usize,
}

/// One optimizer step.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StepEvent {
    /// The step, counted from the start of the run.
    pub(crate) step: Number,
    /// The loss of its batch.
    pub(crate) loss: Number,
    /// The learning rate.
    pub(crate) lr: Number,
    /// The norm of all gradients together.
    pub(crate) grad_norm: Number,
}

/// The figures of all layers at one step.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LayersEvent {
    /// The step.
    pub(crate) step: Number,
    /// By parameter: `grad_norm`, `weight_norm`, `update_ratio`.
    pub(crate) layers: Ordered<Ordered<Number>>,
    /// By activation: `mean`, `sd`, `dead`, `saturated`.
    pub(crate) activations: Ordered<Ordered<Number>>,
    /// By layer with attention: how evenly each head attends.
    pub(crate) attention: Ordered<Vec<Number>>,
}

/// One epoch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EpochEvent {
    /// The epoch.
    pub(crate) epoch: Number,
    /// The mean loss over the epoch's batches.
    pub(crate) train_loss: Number,
    /// The loss and the metrics on the valid part.
    pub(crate) valid: Ordered<Number>,
    /// Whether it is the best one so far.
    pub(crate) best: bool,
    /// Seconds since the training began, or since it was resumed.
    pub(crate) seconds: Number,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Step(StepEvent),
    Layers(LayersEvent),
    Epoch(EpochEvent),
    #[serde(other)]
    Other,
}

impl History {
    /// Reads the lines one by one; one that is no event is counted and passed over.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut history = Self::default();
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Event::Step(step)) => history.steps.push(step),
                Ok(Event::Layers(layers)) => history.layers.push(layers),
                Ok(Event::Epoch(epoch)) => history.epochs.push(epoch),
                Ok(Event::Other) => {}
                Err(_) => history.unreadable += 1,
            }
        }
        history
    }

    /// How long the training took, in seconds: the clock begins anew where a run was resumed.
    pub(crate) fn seconds(&self) -> f64 {
        let clock = self.epochs.iter().map(|epoch| epoch.seconds.0).filter(|seconds| seconds.is_finite());
        let (before, last) =
            clock.fold(
                (0.0, 0.0),
                |(before, last), now| {
                    if now < last { (before + last, now) } else { (before, now) }
                },
            );
        before + last
    }

    /// The last epoch that was the best so far: the one whose weights are kept.
    pub(crate) fn best_epoch(&self) -> Option<&EpochEvent> {
        self.epochs.iter().rev().find(|epoch| epoch.best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_adds_up_over_a_resume() {
        let epoch = |seconds| EpochEvent { seconds: Number(seconds), ..EpochEvent::default() };
        let epochs = [10.0, 20.0, f64::NAN, 5.0, 15.0].map(epoch).to_vec();
        assert!((History { epochs, ..History::default() }.seconds() - 35.0).abs() < 1e-9);
    }

    #[test]
    fn a_torn_last_line_is_counted() {
        let text = concat!(
            "{\"event\":\"step\",\"step\":1,\"epoch\":0,\"loss\":null,\"lr\":0.1,\"grad_norm\":\"inf\"}\n",
            "{\"event\":\"layers\",\"step\":1,\"layers\":{\"a\":{\"grad_norm\":1}},\"activations\":{}}\n",
            "{\"event\":\"epoch\",\"epoch\":0,\"step\":1,\"train_loss\":0.5,\"valid\":{\"loss\":0.4},\"best\":true,\"seconds\":1}\n",
            "{\"event\":\"saved\"}\n\n",
            "{\"event\":\"ste"
        );
        let history = History::read(text.as_bytes());
        assert_eq!((history.steps.len(), history.layers.len(), history.epochs.len()), (1, 1, 1));
        assert_eq!(history.unreadable, 1);
        assert!(history.steps[0].loss.0.is_nan());
        assert_eq!(history.best_epoch().unwrap().valid.get("loss"), Some(&Number(0.4)));
    }
}
