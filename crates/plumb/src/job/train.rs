//! `[train]`: how the network learns.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Auto;

/// The rule that turns gradients into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OptimizerName {
    /// Stochastic gradient descent; see `train.momentum`.
    Sgd,
    /// Adam (Kingma, Ba 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov, Hutter 2019).
    Adamw,
}

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleName {
    /// The same rate throughout.
    Constant,
    /// A tenth of the rate after each third of the run.
    Step,
    /// Up for a tenth of the run, then down in a line.
    Linear,
    /// Half a cosine, from the rate to 0.
    Cosine,
    /// Cosines that start anew (SGDR).
    WarmRestarts,
    /// Up, then down, over the whole run (Smith 2018).
    OneCycle,
    /// A tenth of the rate whenever the valid metric has stopped improving.
    Plateau,
    /// Four lengthening cosine cycles, each ending at 0 (RealMLP-TD).
    Coslog4,
    /// The rate for half the run, then half a cosine to 0.
    FlatCos,
}

impl ScheduleName {
    /// The word, as it stands in a job.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Step => "step",
            Self::Linear => "linear",
            Self::Cosine => "cosine",
            Self::WarmRestarts => "warm_restarts",
            Self::OneCycle => "one_cycle",
            Self::Plateau => "plateau",
            Self::Coslog4 => "coslog4",
            Self::FlatCos => "flat_cos",
        }
    }
}

/// How much each class counts in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClassWeights {
    /// Every row counts the same.
    None,
    /// Every class counts the same: rows are weighted by the inverse of their class's share.
    Balanced,
}

/// What is done about differences between groups of people while the network learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mitigation {
    /// Nothing.
    #[default]
    None,
    /// Rows are weighted so that group and class are independent (Kamiran, Calders 2012).
    Reweigh,
    /// The shares of the groups that are called positive are held together (demographic parity).
    SelectionRates,
    /// The shares of their positive rows that are called positive are held together (equal opportunity).
    TruePositiveRates,
    /// Those, and the same shares of their negative rows (equalized odds).
    ErrorRates,
}

/// How a network that was trained before is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransferName {
    /// The head first, then one stage after the other joins, from the head backwards.
    Gradual,
    /// The head alone: the features stay as they were.
    Head,
    /// All stages from the beginning.
    Full,
}

/// How batches are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sampling {
    /// Every row once an epoch, in a new order each time.
    #[default]
    Shuffle,
    /// With replacement, every class as often as the others.
    Balanced,
}

/// The learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Rate {
    /// The preset's.
    #[default]
    Auto,
    /// The one that the range test finds.
    Find,
    /// This one.
    Value(f64),
}

impl Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Find => serializer.serialize_str("find"),
            Self::Value(rate) => serializer.serialize_f64(*rate),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(word) if word == "auto" => Ok(Self::Auto),
            toml::Value::String(word) if word == "find" => Ok(Self::Find),
            toml::Value::Float(rate) => Ok(Self::Value(rate)),
            toml::Value::Integer(rate) => Ok(Self::Value(rate as f64)),
            _ => Err(D::Error::custom("the rate is no number, `auto` or `find`")),
        }
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "enum": ["auto", "find"] }, { "type": "number" }] })
    }
}

/// How the network learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrainSection {
    /// What all chance in the run follows from: the split, the start, the order, the dropout.
    ///
    /// The same job, data, build and seed give the same weights, whatever the number of threads.
    #[schemars(range(min = 0, max = 9_223_372_036_854_775_807i64))]
    pub(crate) seed: u64,
    /// How many times to train, each with its own seed; the spread is reported.
    ///
    /// `auto` is 1, and 3 where an encoder of texts is fine-tuned on fewer than 5,000 rows: there one run can be far better
    /// than the next. Three or more show whether a gain is larger than chance (`evaluate.seed-variance`).
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub(crate) seeds: Auto<usize>,
    /// How many times every train row is seen.
    ///
    /// `auto` is the preset's: 256 for `realmlp`; 100 for `tabm` and `mlp`, which stop before when they improve no more; for
    /// pictures so many that 500,000 are seen, 12 to 60; with pretrained weights 16,000, 4 to 20; for texts 200,000, 6 to 40, and
    /// 12,000, 3 to 10.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000_000))]
    pub(crate) epochs: Auto<u64>,
    /// How many rows make one step.
    ///
    /// `auto` is the preset's: 256 for `realmlp`, 32 to 512 by the number of rows for `tabm` and `mlp`, 128 for
    /// pictures, 32 for texts and with pretrained weights.
    #[schemars(extend("minimum" = 1, "maximum" = 1_048_576))]
    pub(crate) batch_size: Auto<usize>,
    /// How many batches make one step: the gradient equals that of one batch of their rows together.
    #[schemars(range(min = 1, max = 4096))]
    pub(crate) accumulate: usize,
    /// The rule that turns gradients into steps.
    ///
    /// `auto` is the preset's: AdamW, with betas 0.9 and 0.95 for `realmlp`; SGD for pictures,
    /// AdamW with pretrained weights.
    pub(crate) optimizer: Auto<OptimizerName>,
    /// The momentum of `sgd`.
    ///
    /// 0.9, with Nesterov's correction, as in every published recipe that uses it.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) momentum: f64,
    /// The learning rate: a number, `auto` (the preset's) or `find` (by a range test before training).
    ///
    /// `auto` is 0.006 with `tabm`, 0.04 for classes and 0.2 for numbers with `realmlp`, 0.001 with `mlp`, 0.1
    /// for pictures, 0.001 for them with pretrained weights and for texts; 0.00005 for a pretrained encoder of texts with vectors of
    /// 768, in inverse proportion for others.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000))]
    pub(crate) lr: Rate,
    /// How the learning rate changes over the run.
    ///
    /// `auto` is the preset's: `constant` for `tabm`, `coslog4` for `realmlp`, `cosine` for `mlp` and texts, `one_cycle` for
    /// pictures, `linear` for a pretrained encoder of texts.
    pub(crate) schedule: Auto<ScheduleName>,
    /// How strongly weights are pulled to 0, apart from the gradient; never biases and norms.
    ///
    /// `auto` is the preset's: 0.0003 for `tabm`, 0.02 for `realmlp`, 0.01 for `mlp`, 0.0005 for pictures,
    /// 0.01 with pretrained weights.
    #[schemars(extend("minimum" = 0, "maximum" = 10))]
    pub(crate) weight_decay: Auto<f64>,
    /// How much of the label is spread over all classes.
    ///
    /// `auto` is the preset's: for `realmlp` and for pictures 0.1 when accuracy is the primary metric; else 0.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) label_smoothing: Auto<f64>,
    /// How much each class counts in the loss.
    ///
    /// `auto` is `none`: weights distort the probabilities. Use `balanced` when rare classes must be found.
    pub(crate) class_weights: Auto<ClassWeights>,
    /// What is done about differences between the groups of `train.mitigation_column` while the network learns.
    ///
    /// `reweigh` is for any classes, the others are for two: a multiplier for each group grows while its rate is off, and the epoch that
    /// is kept is the best of those in which the groups are together on the valid part. `plumb ablate` tells what it buys and costs,
    /// `fairness.mitigation` what thresholds would add.
    pub(crate) mitigation: Mitigation,
    /// The column of the groups.
    ///
    /// `auto` is the first of `evaluate.groups`.
    pub(crate) mitigation_column: Auto<String>,
    /// How far the rates of two groups may be apart before they are held.
    ///
    /// 0.05: half of what `fairness.equalized-odds` warns of, because the valid part shows a rate with an error of its own.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) mitigation_slack: f64,
    /// The folder of a finished run whose model the network learns from, beside the labels: a large one teaches a small one.
    ///
    /// None. It must be for the same target and the same classes, and its run of the same data and split: a teacher that was trained on
    /// the rows by which the student is judged is refused. It may have another preset and another preparation. Where pictures or texts
    /// are changed at random, it sees the same change (Hinton, Vinyals, Dean 2015).
    pub(crate) teacher: Option<String>,
    /// The share of the loss that is the teacher's; the rest is the labels'.
    ///
    /// 0.9, as Tian, Krishnan, Isola 2020 have it. With 0, and none of the features, it is as if there were no teacher.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) distill_weight: f64,
    /// What the logits of both are divided by before they are compared: more shows more of what the teacher holds possible.
    ///
    /// 4, as Tian, Krishnan, Isola 2020 have it. Without meaning for numbers.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000))]
    pub(crate) distill_temperature: f64,
    /// What the distance between what the heads of both see is multiplied by; 0 is none.
    ///
    /// None. A linear map from the student's last features to the teacher's is learned along and dropped afterwards (Romero et al. 2015); the
    /// distance is 1 where the map says nothing.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) distill_features: f64,
    /// How batches are drawn.
    pub(crate) sampling: Sampling,
    /// The largest norm of the whole gradient; a longer one is shortened. 0 is no limit.
    ///
    /// `auto` is the preset's: 1 for `tabm` and with pretrained weights, no limit for the others.
    #[schemars(extend("minimum" = 0))]
    pub(crate) clip_norm: Auto<f64>,
    /// How slowly the average of the weights follows them; 0 is no average.
    ///
    /// `auto` is the preset's: about one epoch for `tabm`, else none.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) ema: Auto<f64>,
    /// After how many epochs without a better valid metric to stop; 0 is never.
    ///
    /// `auto` is the preset's: `tabm` and `mlp` wait 16 epochs, the others run their schedule to the end.
    #[schemars(extend("minimum" = 0, "maximum" = 1_000_000))]
    pub(crate) patience: Auto<u64>,
    /// How the stages of a pretrained network come to be trained.
    ///
    /// `auto` is `gradual` for pictures where `model.pretrained` is set, else `full`.
    pub(crate) transfer: Auto<TransferName>,
    /// Epochs in which the head of a pretrained network is trained alone.
    ///
    /// `auto` is 1, so that what the network knows is not overwritten while its head says nothing yet.
    #[schemars(extend("minimum" = 0, "maximum" = 1_000_000))]
    pub(crate) head_epochs: Auto<u64>,
    /// Epochs from one stage's beginning to that of the stage before it; 0 is all at once after the head.
    ///
    /// `auto` is 1.
    #[schemars(extend("minimum" = 0, "maximum" = 1_000_000))]
    pub(crate) stage_epochs: Auto<u64>,
    /// What the rate is multiplied by for each stage between a weight and the head of a pretrained network.
    ///
    /// `auto` is 0.6 for pictures: of six stages the first one has 0.08 of the head's rate; 0.9 for texts. 1 is the same rate for
    /// all.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub(crate) stage_decay: Auto<f64>,
    /// Whether the same network is also trained from nothing, to see what the pretrained weights are worth
    /// (`transfer.beats-scratch`).
    ///
    /// `auto` is yes where that takes minutes: up to 16,000 pictures of 128 pixels seen.
    pub(crate) scratch: Auto<bool>,
    /// Threads that decode and change pictures ahead of the network.
    ///
    /// 1: enough while changing a batch takes less time than learning from it (`train.input-bound`). Changes no result.
    #[schemars(range(min = 1, max = 256))]
    pub(crate) workers: usize,
    /// Steps between closer looks at every layer: norms, updates, activations, histograms, attention; 0 is none.
    ///
    /// `auto` is 50, and more in runs that would have over a thousand looks. A look costs a step or two and changes no result.
    #[schemars(extend("minimum" = 0, "maximum" = 1_000_000))]
    pub(crate) watch_every: Auto<u64>,
    /// Seconds between checkpoints; 0 is one after every step.
    ///
    /// 30: what a person is willing to lose. When they are made changes no result.
    #[schemars(range(min = 0, max = 86_400))]
    pub(crate) checkpoint_seconds: f64,
}

impl Default for TrainSection {
    fn default() -> Self {
        Self {
            seed: 0,
            seeds: Auto::Auto,
            epochs: Auto::Auto,
            batch_size: Auto::Auto,
            accumulate: 1,
            optimizer: Auto::Auto,
            momentum: 0.9,
            lr: Rate::Auto,
            schedule: Auto::Auto,
            weight_decay: Auto::Auto,
            label_smoothing: Auto::Auto,
            class_weights: Auto::Auto,
            mitigation: Mitigation::None,
            mitigation_column: Auto::Auto,
            mitigation_slack: 0.05,
            teacher: None,
            distill_weight: 0.9,
            distill_temperature: 4.0,
            distill_features: 0.0,
            sampling: Sampling::Shuffle,
            clip_norm: Auto::Auto,
            ema: Auto::Auto,
            patience: Auto::Auto,
            transfer: Auto::Auto,
            head_epochs: Auto::Auto,
            stage_epochs: Auto::Auto,
            stage_decay: Auto::Auto,
            scratch: Auto::Auto,
            workers: 1,
            watch_every: Auto::Auto,
            checkpoint_seconds: 30.0,
        }
    }
}
