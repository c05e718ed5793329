//! What the `preflight.*` practices look at: measured facts, no tensors.

use plumb_data::prepare::TokenCount;

use crate::rate_finder::RateCurve;

/// Facts about a set-up before training. The default knows nothing: then every practice is skipped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PreflightContext {
    /// Whether labels stay with their inputs.
    pub labels: Option<LabelCheck>,
    /// How rows are put into batches.
    pub order: Option<BatchOrder>,
    /// Whether training rows are changed at random.
    pub augmented: bool,
    /// Moments of each scaled number that enters the model, over the training rows.
    pub inputs: Vec<InputMoments>,
    /// How pretrained weights want each colour scaled, and how it is.
    pub wanted: Vec<WantedMoments>,
    /// What of the texts the tokens hold.
    pub tokens: Option<TokenCount>,
    /// What changes of pictures do to their labels.
    pub preservation: Option<Preservation>,
    /// Whether the preparation has seen the training rows and no others.
    pub fitted_on_train_only: Option<bool>,
    /// The loss of the network as it starts.
    pub initial_loss: Option<f64>,
    /// What that loss would be for outputs that say nothing: ln(classes), or the variance of the target.
    pub uninformed_loss: Option<f64>,
    /// What a copy of the model learned from a few rows.
    pub subset: Option<Subset>,
    /// Whether rows of a batch influence each other.
    pub independence: Option<Independence>,
    /// The largest gradient norm of each parameter over the first steps.
    pub gradients: Vec<Gradient>,
    /// How large model and data are.
    pub size: Option<Size>,
    /// What a simple model reaches on growing shares of the training rows, in the primary metric.
    pub learning_curve: Vec<CurvePoint>,
    /// Simple predictions to beat.
    pub baselines: Vec<Baseline>,
    /// The job's highest learning rate.
    pub learning_rate: Option<f64>,
    /// What the range test saw.
    pub rate_curve: Option<RateCurve>,
}

/// Labels and inputs of gathered batches held against the prepared rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelCheck {
    /// Rows compared.
    pub rows: usize,
    /// Rows whose label or input differs from that of the prepared row of the same number.
    pub mismatched: Vec<u32>,
    /// The mean squared correlation of the inputs with the target.
    pub association: f64,
    /// The same with the labels shuffled, several times.
    pub shuffled: Vec<f64>,
}

/// Two epochs' order of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BatchOrder {
    /// Rows in an epoch.
    pub rows: usize,
    /// Whether both epochs have the same order.
    pub repeats: bool,
    /// The share of neighbours in the order that are neighbours in the data too.
    pub neighbours: f64,
    /// The chi-squared of the batches' classes against the mix of all batches, as standard errors above what a
    /// shuffle gives. None for regression.
    pub class_deviation: Option<f64>,
}

/// One input of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct InputMoments {
    /// Its name.
    pub name: String,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
}

/// How a colour is scaled, on a scale from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedMoments {
    /// The colour.
    pub name: String,
    /// Mean and deviation that the pretrained weights were trained with.
    pub wanted: [f64; 2],
    /// Those of the preparation.
    pub found: [f64; 2],
}

/// What a small network, trained on pictures as they are, says of changed ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preservation {
    /// Pictures that it was asked about.
    pub asked: usize,
    /// The share that it tells right as they are.
    pub accuracy: f64,
    /// The share of their most frequent class.
    pub chance: f64,
    /// Each kind of change, made always.
    pub changes: Vec<Change>,
}

/// One kind of change of pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// The share of the right answers that are given again for the changed picture.
    pub kept: f64,
}

/// A copy of the model trained on a few rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Subset {
    /// How many rows.
    pub rows: usize,
    /// Steps taken.
    pub steps: u64,
    /// The rate used.
    pub lr: f64,
    /// The loss on them at first, without dropout.
    pub first_loss: f64,
    /// The loss on them at the end.
    pub last_loss: f64,
    /// The loss of the trained copy on the same rows with all inputs set to 0.
    pub zeroed_loss: f64,
}

/// One row of a batch was exchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Independence {
    /// Rows in the batch.
    pub rows: usize,
    /// Whether two passes over the same rows give the same outputs.
    pub repeats: bool,
    /// Of texts: how much of a short one's outputs changed when a long one stood beside it, as a share of their size.
    pub padded_change: Option<f64>,
    /// Whether the exchanged row's own output changed.
    pub own_changed: bool,
    /// The largest change of another row's output.
    pub others_change: f64,
}

/// One parameter's gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// The parameter.
    pub name: String,
    /// The largest norm over the first steps.
    pub norm: f64,
}

/// How large model and data are, and what holds the model back.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// Trained numbers.
    pub parameters: usize,
    /// Training rows.
    pub rows: usize,
    /// Dropout's rate.
    pub dropout: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether a batch norm is in the model.
    pub batch_norm: bool,
    /// Whether validation rows choose the epoch.
    pub chooses_epoch: bool,
}

/// A simple model's scores after so many training rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The rows that it was fitted on.
    pub rows: usize,
    /// Its score on these rows.
    pub train: f64,
    /// Its score on the validation rows.
    pub valid: f64,
}

/// A simple prediction to beat.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// `majority`, `mean`, `linear`.
    pub name: String,
    /// `accuracy`, `rmse`.
    pub metric: String,
    /// Its value on the validation rows.
    pub value: f64,
}
