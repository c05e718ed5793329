//! The presets: for a name, a task and a number of rows, every setting with its source.

use std::collections::BTreeMap;

use plumb_data::augment::{Augmentation, Method, Mix, Parts, Policy};
use plumb_data::prepare::SMALL_PICTURE;
use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{ExitCode, Explain};
use plumb_stats::Task;

use crate::encoders::{PbldConfig, PiecewiseConfig};
use crate::layers::{Activation, EncoderLayerConfig, NormKind};
use crate::losses::Loss;
use crate::model::NetworkConfig;
use crate::models::mixed::{Combiner, MixedConfig};
use crate::models::mlp::MlpConfig;
use crate::models::pictures::resnet::{ResNetConfig, Stem};
use crate::models::pictures::vit::VitConfig;
use crate::models::pictures::{BackboneConfig, PictureConfig, Widths};
use crate::models::realmlp::RealMlpConfig;
use crate::models::tabm::TabMConfig;
use crate::models::text::encoder::EncoderConfig;
use crate::models::text::recurrent::{CellKind, RecurrentConfig};
use crate::models::text::{Pooling, Positions, TextConfig};
use crate::optim::{AdamConfig, OptimizerConfig, SgdConfig};
use crate::schedules::{Cosine, Linear, OneCycle, ScheduleConfig};
use crate::train::{Ties, TrainConfig, Transfer};

/// A named recipe.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Its name in the job.
    pub name: &'static str,
    /// One line for the manual.
    pub summary: &'static str,
    /// What it takes in beside numbers and categories.
    pub takes: Takes,
    /// The network.
    pub network: fn(&Circumstances<'_>) -> NetworkConfig,
    /// How it is trained.
    pub train: fn(&Circumstances<'_>) -> TrainConfig,
}

/// What a network takes in beside numbers and categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Tables,
    /// A picture.
    Pictures,
    /// Texts.
    Texts,
    /// Pictures and texts together.
    Mixed,
}

/// What the settings of a preset depend on.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// What is to be predicted.
    pub task: Task,
    /// Training rows.
    pub rows: usize,
    /// Input columns.
    pub columns: usize,
    /// The side of prepared pictures; none for tables without.
    pub picture_side: Option<usize>,
    /// Whether the network was trained before, on other pictures or texts.
    pub pretrained: bool,
    /// The network that an encoder of texts makes, where one was trained before.
    pub encoder: Option<&'a TextConfig>,
    /// What looks at pictures, where it was trained before.
    pub backbone: Option<&'a BackboneConfig>,
    /// The metric by which the best epoch is chosen.
    pub primary: &'a str,
}

/// Every preset; the first one is the default.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "tabm",
        summary: "TabM-mini: an ensemble inside one network",
        takes: Takes::Tables,
        network: tabm_network,
        train: tabm_train,
    },
    Preset {
        name: "realmlp",
        summary: "RealMLP-TD: a strong single network, by its authors' defaults",
        takes: Takes::Tables,
        network: realmlp_network,
        train: realmlp_train,
    },
    Preset {
        name: "mlp",
        summary: "a plain perceptron: linear, batch norm, ReLU, dropout, AdamW",
        takes: Takes::Tables,
        network: mlp_network,
        train: mlp_train,
    },
    Preset {
        name: "resnet14",
        summary: "a residual network of three stages, for pictures of 64 pixels or less",
        takes: Takes::Pictures,
        network: |_| pictures(BackboneConfig::Resnet(ResNetConfig::resnet14())),
        train: pictures_train,
    },
    Preset {
        name: "resnet18",
        summary: "the residual network of 18 layers, for larger pictures",
        takes: Takes::Pictures,
        network: |of| pictures(BackboneConfig::Resnet(ResNetConfig::resnet18(stem(of)))),
        train: pictures_train,
    },
    Preset {
        name: "resnet34",
        summary: "the residual network of 34 layers",
        takes: Takes::Pictures,
        network: |of| pictures(BackboneConfig::Resnet(ResNetConfig::resnet34(stem(of)))),
        train: pictures_train,
    },
    Preset {
        name: "resnet50",
        summary: "the residual network of 50 layers, narrow inside its blocks",
        takes: Takes::Pictures,
        network: |of| pictures(BackboneConfig::Resnet(ResNetConfig::resnet50(stem(of)))),
        train: pictures_train,
    },
    Preset {
        name: "mobilenet_v2",
        summary: "MobileNetV2: a sixth of the products of 18 residual layers; best with pretrained weights",
        takes: Takes::Pictures,
        network: |_| pictures(BackboneConfig::MobilenetV2(Widths::default())),
        train: pictures_train,
    },
    Preset {
        name: "tf_efficientnet_lite0",
        summary: "EfficientNet-Lite0; best with pretrained weights",
        takes: Takes::Pictures,
        network: |_| pictures(BackboneConfig::EfficientnetLite0(Widths::default())),
        train: pictures_train,
    },
    Preset {
        name: "squeezenet1_1",
        summary: "SqueezeNet 1.1: 1.2 million weights; best with pretrained weights",
        takes: Takes::Pictures,
        network: |_| pictures(BackboneConfig::Squeezenet1_1(Widths::default())),
        train: |of| if of.pretrained { fine_tune(of) } else { squeezenet_train(of) },
    },
    Preset {
        name: "vit_tiny_patch16_224",
        summary: "a small Transformer over patches; wants pretrained weights",
        takes: Takes::Pictures,
        network: |_| pictures(BackboneConfig::Vit(VitConfig::TINY)),
        train: |of| if of.pretrained { fine_tune(of) } else { vit_train(of) },
    },
    Preset {
        name: "transformer",
        summary: "a small Transformer over the tokens of texts, trained from nothing",
        takes: Takes::Texts,
        network: transformer_network,
        train: transformer_train,
    },
    Preset {
        name: "lstm",
        summary: "long short-term memory over the tokens of short texts, both ways, trained from nothing",
        takes: Takes::Texts,
        network: |of| recurrent_network(of, CellKind::Lstm),
        train: transformer_train,
    },
    Preset {
        name: "gru",
        summary: "gated recurrent units over the tokens of short texts, both ways, trained from nothing",
        takes: Takes::Texts,
        network: |of| recurrent_network(of, CellKind::Gru),
        train: transformer_train,
    },
    Preset {
        name: "bert",
        summary: "an encoder of BERT's family, fine-tuned: BERT, MiniLM, DistilBERT, RoBERTa; wants pretrained weights",
        takes: Takes::Texts,
        network: |of| {
            of.encoder.map_or_else(|| transformer_network(of), |of| NetworkConfig::Text(of.clone()))
        },
        train: bert_train,
    },
    Preset {
        name: "mixed",
        summary: "pictures, texts, numbers and categories of a row together, an encoder for each",
        takes: Takes::Mixed,
        network: mixed_network,
        train: mixed_train,
    },
];

/// No preset has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown preset `{0}`")]
pub struct UnknownPreset(pub String);

impl Explain for UnknownPreset {
    fn hint(&self) -> Option<String> {
        let known = PRESETS.iter().map(|preset| preset.name);
        Some(format!("set `model.preset`; {}", did_you_mean(&self.0, known)))
    }
    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// The preset of that name.
pub fn named(name: &str) -> Result<&'static Preset, UnknownPreset> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| UnknownPreset(name.to_owned()))
}

/// Holzmueller et al. 2024 and the authors' `pytabkit`, defaults "TD".
fn realmlp_network(of: &Circumstances<'_>) -> NetworkConfig {
    let activation = if of.task.is_classification() { Activation::Selu } else { Activation::Mish };
    NetworkConfig::RealMlp(RealMlpConfig {
        hidden: vec![256; 3],
        numbers: PbldConfig { frequencies: 16, outputs: 4, sigma: 0.1 },
        embedding: 8,
        activation,
        dropout: 0.15,
    })
}

/// Holzmueller et al. 2024 and the authors' `pytabkit`, defaults "TD".
fn realmlp_train(of: &Circumstances<'_>) -> TrainConfig {
    // Smoothing helps the most probable class to be right and spoils probabilities (the paper, section 5).
    let smoothing = if of.primary == "accuracy" { 0.1 } else { 0.0 };
    TrainConfig {
        epochs: 256,
        batch_size: 256,
        loss: loss(of.task, smoothing),
        optimizer: OptimizerConfig::AdamW(AdamConfig { beta2: 0.95, ..AdamConfig::DEFAULT }),
        lr: if of.task.is_classification() { 0.04 } else { 0.2 },
        schedule: ScheduleConfig::Coslog4,
        weight_decay: 0.02,
        decay_schedule: ScheduleConfig::FlatCos,
        dropout_schedule: ScheduleConfig::FlatCos,
        patience: None,
        ties: Ties::Last,
        ..base(of)
    }
}

/// Gorishniy, Kotelnikov, Babenko 2025 and the authors' `tabm`; fewer members and units than their 32 and 512, for a
/// CPU's sake.
fn tabm_network(of: &Circumstances<'_>) -> NetworkConfig {
    // Up to 256 and 1,024 columns the authors' sizes; beyond, the first layer and a batch's codes stay as large as there.
    let share = |of_all: usize, most: usize| (of_all / of.columns.max(1)).clamp(1, most);
    let numbers = PiecewiseConfig { bins: share(48 * 1024, 48).max(2), outputs: share(16 * 256, 16) };
    // Dropped units shift the mean of a predicted number, and the shift stays when none is dropped.
    let dropout = if of.task.is_classification() { 0.1 } else { 0.0 };
    NetworkConfig::TabM(TabMConfig { members: 8, hidden: vec![256; 2], numbers, embedding: 8, dropout })
}

/// The authors' example and their TabArena defaults, but for the moving average of the weights, which lets the rate be
/// three times theirs: without it the scores of two epochs on diamonds differ by a tenth.
fn tabm_train(of: &Circumstances<'_>) -> TrainConfig {
    let batch_size = batch_size_by_rows(of.rows);
    // The average looks back about one epoch.
    let steps = (of.rows / batch_size).max(1) as f64;
    TrainConfig {
        // A ceiling: patience ends most runs before it.
        epochs: 100,
        batch_size,
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 6e-3,
        ema: Some((1.0 - 1.0 / steps).clamp(0.0, 0.99)),
        weight_decay: 3e-4,
        clip_norm: Some(1.0),
        patience: Some(16),
        ..base(of)
    }
}

/// TabM's example (Gorishniy et al. 2025).
fn batch_size_by_rows(rows: usize) -> usize {
    match rows {
        0..2_800 => 32,
        2_800..4_500 => 64,
        4_500..6_400 => 128,
        6_400..32_000 => 256,
        _ => 512,
    }
}

fn mlp_network(_: &Circumstances<'_>) -> NetworkConfig {
    NetworkConfig::Mlp(MlpConfig {
        // Two layers: enough for most tables in Gorishniy et al. 2021; a judgement, not a tuned number.
        hidden: vec![256; 2],
        norm: Some(NormKind::Batch),
        activation: Activation::Relu,
        // TabM's default for its plain backbone (Gorishniy et al. 2025).
        dropout: 0.1,
        embedding: 8,
    })
}

fn mlp_train(of: &Circumstances<'_>) -> TrainConfig {
    TrainConfig {
        // A ceiling: patience ends most runs before it.
        epochs: 100,
        batch_size: batch_size_by_rows(of.rows),
        loss: loss(of.task, 0.0),
        // torch.optim.AdamW's own defaults: lr 1e-3, decay 1e-2.
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 1e-3,
        weight_decay: 1e-2,
        // One warmed-up cosine (Goyal et al. 2017; Loshchilov, Hutter 2017).
        schedule: ScheduleConfig::Cosine(Cosine::DEFAULT),
        // TabM's.
        patience: Some(16),
        ..base(of)
    }
}

fn stem(of: &Circumstances<'_>) -> Stem {
    let large = of.pretrained || of.picture_side.is_some_and(|side| side > SMALL_PICTURE);
    if large { Stem::Large } else { Stem::Small }
}

fn pictures(backbone: BackboneConfig) -> NetworkConfig {
    NetworkConfig::Pictures(PictureConfig { backbone, embedding: 8, dropout: 0.0 })
}

fn pictures_train(of: &Circumstances<'_>) -> TrainConfig {
    if of.pretrained { fine_tune(of) } else { resnet_train(of) }
}

/// fastai's `fine_tune` (one epoch of the head, then all layers with smaller rates for earlier ones, one cycle) with a
/// stage at a time in place of all (Howard, Ruder 2018), and AutoGluon's clipping.
fn fine_tune(of: &Circumstances<'_>) -> TrainConfig {
    TrainConfig {
        // 16,000 pictures seen, but at least 4 and at most 20 times each.
        epochs: (16_000 / of.rows.max(1)).clamp(4, 20) as u64,
        batch_size: 32,
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 1e-3,
        weight_decay: 1e-2,
        clip_norm: Some(1.0),
        transfer: Some(Transfer { head_epochs: Some(1), stage_epochs: 1, stage_decay: 0.6 }),
        ..resnet_train(of)
    }
}

/// The recipe that ResNets are trained with on CIFAR since He et al. 2016 (SGD with momentum 0.9, decay 5e-4, pictures
/// shifted and mirrored), with one cycle of the rate (Smith, Topin 2017) in place of 200 epochs.
fn resnet_train(of: &Circumstances<'_>) -> TrainConfig {
    let smoothing = if of.primary == "accuracy" { 0.1 } else { 0.0 };
    TrainConfig {
        // 500,000 pictures seen, but at least 12 and at most 60 times each.
        epochs: (500_000 / of.rows.max(1)).clamp(12, 60) as u64,
        batch_size: 128,
        loss: loss(of.task, smoothing),
        optimizer: OptimizerConfig::Sgd(SgdConfig { nesterov: true, ..SgdConfig::DEFAULT }),
        lr: 0.1,
        schedule: ScheduleConfig::OneCycle(OneCycle::DEFAULT),
        weight_decay: 5e-4,
        augmentation: match of.picture_side {
            Some(side) if side > SMALL_PICTURE => {
                let policy = Policy { crop_padding: Some(0), ..Policy::of(Method::FlipCrop) };
                Augmentation { parts: Some(Parts::LARGE), policy, mix: Mix::None }
            }
            _ => Augmentation { policy: Policy::of(Method::FlipCrop), ..Augmentation::none() },
        },
        ..base(of)
    }
}

/// The rate that torchvision's reference takes for networks without norms; a tenth of what ResNets bear.
fn squeezenet_train(of: &Circumstances<'_>) -> TrainConfig {
    TrainConfig { lr: 0.01, ..resnet_train(of) }
}

/// `AdamW`, its rate and decay as DeiT is trained (Touvron et al. 2021), with AutoGluon's clipping.
fn vit_train(of: &Circumstances<'_>) -> TrainConfig {
    TrainConfig {
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 5e-4,
        weight_decay: 0.05,
        clip_norm: Some(1.0),
        ..resnet_train(of)
    }
}

/// As wide as the smallest BERT, with a layer more than its two (Turc et al. 2019), norms first (Xiong et al. 2020), so that
/// no warm-up of thousands of steps is needed. A judgement, not a tuned size.
fn transformer_network(_: &Circumstances<'_>) -> NetworkConfig {
    let width = 128;
    NetworkConfig::Text(TextConfig {
        encoder: EncoderConfig {
            width,
            layers: 3,
            sizes: Vec::new(),
            layer: EncoderLayerConfig {
                width,
                heads: 4,
                depth: None,
                hidden: 4 * width,
                activation: Activation::Gelu,
                dropout: 0.1,
                norm_first: true,
                epsilon: 1e-5,
                rotary: false,
                lora: 0,
            },
            positions: Positions::Sinusoidal,
            kinds: 0,
        },
        recurrent: None,
        pooling: Pooling::Mean,
        embedding: 8,
        dropout: 0.1,
        family: None,
    })
}

/// One layer of normalised cells (Ba et al. 2016) over the Transformer's vectors, as wide together as they are. A judgement, not a
/// tuned size.
fn recurrent_network(of: &Circumstances<'_>, cell: CellKind) -> NetworkConfig {
    let mut network = transformer_network(of);
    if let NetworkConfig::Text(config) = &mut network {
        let units = config.encoder.width / 2;
        (config.encoder.layers, config.encoder.positions) = (0, Positions::None);
        config.recurrent = Some(RecurrentConfig { cell, units, layers: 1, dropout: 0.1, norm: true });
    }
    network
}

/// BERT's optimizer and clipping (Devlin et al. 2019) at a rate that fits a network of this width.
fn transformer_train(of: &Circumstances<'_>) -> TrainConfig {
    let smoothing = if of.primary == "accuracy" { 0.1 } else { 0.0 };
    TrainConfig {
        // 200,000 texts seen, but at least 6 and at most 40 times each.
        epochs: (200_000 / of.rows.max(1)).clamp(6, 40) as u64,
        batch_size: 32,
        loss: loss(of.task, smoothing),
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 1e-3,
        schedule: ScheduleConfig::Cosine(Cosine { warmup: 0.1, ..Cosine::DEFAULT }),
        weight_decay: 1e-2,
        clip_norm: Some(1.0),
        patience: Some(8),
        ..base(of)
    }
}

/// BERT's fine-tuning (Devlin et al. 2019) with ELECTRA's smaller rates for earlier layers (Clark et al. 2020). BERT's rate is for
/// vectors of 768; those of the smallest BERTs, of 128, want six times it (Turc et al. 2019).
fn bert_train(of: &Circumstances<'_>) -> TrainConfig {
    let width = of.encoder.map_or(768, |network| network.encoder.width.max(1));
    TrainConfig {
        // 12,000 texts seen, but at least 3 and at most 10 times each (Zhang et al. 2020: few examples want longer).
        epochs: (12_000 / of.rows.max(1)).clamp(3, 10) as u64,
        batch_size: 32,
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 5e-5 * 768.0 / width as f64,
        schedule: ScheduleConfig::Linear(Linear::DEFAULT),
        weight_decay: 1e-2,
        clip_norm: Some(1.0),
        transfer: Some(Transfer { head_epochs: Some(1), stage_epochs: 1, stage_decay: 0.9 }),
        ..base(of)
    }
}

/// The encoders that pictures and texts have alone, or those that were trained before; joined side by side, as the best of the ways
/// that Gorishniy et al. 2021 and AutoGluon's multimodal predictor (Shi et al. 2021) compare. Widths are a judgement.
fn mixed_network(of: &Circumstances<'_>) -> NetworkConfig {
    let small = of.picture_side.is_some_and(|side| side <= SMALL_PICTURE);
    let resnet = if small { ResNetConfig::resnet14() } else { ResNetConfig::resnet18(stem(of)) };
    let backbone = of.backbone.cloned().unwrap_or(BackboneConfig::Resnet(resnet));
    let text = match transformer_network(of) {
        NetworkConfig::Text(own) => of.encoder.cloned().unwrap_or(own),
        _ => return mlp_network(of),
    };
    NetworkConfig::Mixed(MixedConfig {
        picture: of.picture_side.map(|_| PictureConfig { backbone, embedding: 8, dropout: 0.0 }),
        text: Some(text),
        width: 128,
        embedding: 8,
        combiner: Combiner::Concatenate,
        dropout: 0.1,
    })
}

/// The Transformer's recipe, which small residual networks learn by too; BERT's rate where an encoder was trained before.
fn mixed_train(of: &Circumstances<'_>) -> TrainConfig {
    let tuned = bert_train(of);
    TrainConfig {
        // 100,000 rows seen, but at least 6 and at most 40 times each.
        epochs: (100_000 / of.rows.max(1)).clamp(6, 40) as u64,
        batch_size: 32,
        lr: if of.encoder.is_some() { tuned.lr } else { 1e-3 },
        transfer: tuned.transfer.filter(|_| of.pretrained),
        augmentation: resnet_train(of).augmentation,
        ..transformer_train(of)
    }
}

fn loss(task: Task, smoothing: f64) -> Loss {
    match task {
        Task::Binary | Task::Multiclass => Loss::CrossEntropy { smoothing, class_weights: Vec::new() },
        Task::Regression => Loss::SquaredError,
    }
}

/// What presets share.
fn base(of: &Circumstances<'_>) -> TrainConfig {
    TrainConfig {
        seed: 0,
        epochs: 1,
        batch_size: 256,
        accumulate: 1,
        balanced: false,
        augmentation: Augmentation::none(),
        workers: 1,
        loss: loss(of.task, 0.0),
        optimizer: OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        lr: 1e-3,
        schedule: ScheduleConfig::Constant,
        weight_decay: 0.0,
        decay_schedule: ScheduleConfig::Constant,
        dropout_schedule: ScheduleConfig::Constant,
        clip_norm: None,
        ema: None,
        patience: None,
        transfer: None,
        mitigation: None,
        distillation: None,
        primary: of.primary.to_owned(),
        ties: Ties::Loss,
        // A checkpoint costs a few milliseconds; half a minute is what a person is willing to lose.
        checkpoint_seconds: 30.0,
        // A look costs about one step.
        watch_every: 50,
        identity: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_preset_names_the_near_miss() {
        assert_eq!(
            named("realmpl").unwrap_err().hint().unwrap(),
            "set `model.preset`; did you mean `realmlp`?"
        );
        assert_eq!(named("mlp").unwrap().name, "mlp");
    }

    #[test]
    fn smoothing_is_for_accuracy_only() {
        let of = |primary| Circumstances {
            task: Task::Binary,
            rows: 10,
            columns: 3,
            picture_side: None,
            pretrained: false,
            encoder: None,
            backbone: None,
            primary,
        };
        assert!(
            matches!(realmlp_train(&of("accuracy")).loss, Loss::CrossEntropy { smoothing, .. } if smoothing > 0.0)
        );
        assert!(
            matches!(realmlp_train(&of("auroc")).loss, Loss::CrossEntropy { smoothing, .. } if smoothing == 0.0)
        );
    }
}
