//! Every `auto` of the job becomes a value: from the preset, the task and the train rows.
//!
//! The values are written back into the job, so that the job in the run folder says what was chosen.

use std::collections::BTreeMap;

use plumb_data::Target;
use plumb_data::prepare::{self, PrepareConfig};
use plumb_data::tokens::Tokenizer;
use plumb_evaluate::Primary;
use plumb_learn::losses::Loss;
use plumb_learn::model::NetworkConfig;
use plumb_learn::models::mixed::Combiner;
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig};
use plumb_learn::models::text::Pooling;
use plumb_learn::optim::OptimizerConfig;
use plumb_learn::presets::{self, Circumstances, Takes};
use plumb_learn::schedules::ScheduleConfig;
use plumb_learn::train::TrainConfig;

use super::stage_data::Data;
use super::teacher::{self, Taught};
use super::texts::{self, TextChanges, Texts};
use super::transfer::takes_minutes;
use super::{Run, mitigation, pictures};
use crate::fault::Fault;
use crate::job::{
    Auto, ClassWeights, CombinerName, JobFile, OptimizerName, Preset, Rate, Sampling, Scaling, ScheduleName,
    TrainSection, TransferName,
};
use crate::pretrained::Pretrained;

/// All that training is told.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How numbers and categories become inputs.
    pub(crate) prepare: PrepareConfig,
    /// The network.
    pub(crate) network: NetworkConfig,
    /// How it is trained.
    pub(crate) train: TrainConfig,
    /// The metric that chooses the epoch, with the reason.
    pub(crate) primary: Primary,
    /// Whether the rate is still to be found by the range test.
    pub(crate) find_rate: bool,
    /// The ways in which a picture is looked at to predict.
    pub(crate) views: Vec<String>,
    /// What the network begins with, where it was trained before.
    pub(crate) pretrained: Option<Pretrained>,
    /// Last layers of it that begin anew.
    pub(crate) fresh_layers: usize,
    /// What splits texts, where that is not made from the train rows.
    pub(crate) tokenizer: Option<Tokenizer>,
    /// How the texts of train rows are changed.
    pub(crate) changes: TextChanges,
    /// The model that is learned from.
    pub(crate) teacher: Option<Taught>,
}

/// Train rows below which the luck of one fine-tuning of an encoder of texts is large (Dodge et al. 2020).
const FEW_TEXTS: usize = 5_000;

/// Settles the job for these train rows.
pub(crate) fn settle(run: &mut Run, data: &Data, train_rows: &[u32]) -> Result<Plan, Fault> {
    let target = data.target()?;
    let primary = Primary::choose(&primary_name(&run.job), target, train_rows, true)?;
    let job = &mut run.job;
    let pictures =
        data.table.columns().iter().find_map(|column| column.images()).map(|images| images.set.as_ref());
    let pretrained = job.model.pretrained.as_deref().map(crate::pretrained::load).transpose()?;
    let usual = pictures.map(|set| prepare::usual_side(set, train_rows));
    let own = usual.map(|usual| job.prepare.image_size.or(usual));
    let found = Found { picture_side: own, texts: texts::of(&data.table, &target.name, train_rows) };
    let preset = presets::named(preset_name(&mut job.model.preset, found, pretrained.as_ref())?)?;
    let side = match usual {
        Some(usual) => {
            let looks = pretrained.as_ref().and_then(|of| of.published.picture());
            let name = looks.map_or(preset.name, |of| of.name);
            Some(pictures::side(job.prepare.image_size, usual, name, pretrained.as_ref())?)
        }
        None => None,
    };
    let columns = data.table.columns().iter().filter(|column| column.kind.is_table_input()).count();
    let encoder = pretrained.as_ref().and_then(|of| of.published.encoder());
    let tuned = encoder.map(|encoder| encoder.network(Pooling::Mean));
    let backbone = pretrained.as_ref().and_then(|of| of.published.picture()).map(|of| (of.config)());
    let of = Circumstances {
        task: target.task,
        rows: train_rows.len(),
        columns,
        picture_side: side,
        pretrained: pretrained.is_some(),
        encoder: tuned.as_ref(),
        backbone: backbone.as_ref(),
        primary: primary.metric.name,
    };
    let mut network = (preset.network)(&of);
    settle_network(job, &mut network)?;
    let mut train = (preset.train)(&of);
    if let (Some(set), Some(side)) = (pictures, side) {
        pictures::settle(job, &mut train, set, train_rows, side)?;
    }
    settle_training(job, &mut train, target, train_rows)?;
    train.mitigation = mitigation::settle(job, target.task, &data.table)?;
    let (teacher, distillation) = teacher::settle(job)?.unzip();
    train.distillation = distillation;
    let at_once = encoder.is_some() || preset.takes == Takes::Mixed;
    let usual = if at_once { TransferName::Full } else { TransferName::Gradual };
    settle_transfer(&mut job.train, &mut train, usual)?;
    let few = encoder.is_some() && train_rows.len() < FEW_TEXTS;
    job.train.seeds = Auto::Value(job.train.seeds.or(if few { 3 } else { 1 }));
    let affordable = side.is_some_and(|side| takes_minutes(train_rows.len(), train.epochs, side));
    let scratch = job.train.scratch.or(pretrained.is_some() && affordable);
    job.train.scratch = Auto::Value(scratch && pretrained.is_some());
    let find_rate = job.train.lr == Rate::Find;
    let mut prepare = settle_prepare(job, preset.name);
    let tokenizer = texts::tokenizer(&job.prepare, encoder)?;
    if matches!(preset.takes, Takes::Texts | Takes::Mixed) && found.texts != Texts::None {
        prepare.texts = Some(texts::config(&job.prepare, encoder)?);
    }
    prepare.image_moments = pictures::moments(&mut job.prepare, pretrained.as_ref())?;
    let views = pictures::views(job.evaluate.views, side.is_some(), &train);
    let fresh_layers = job.model.fresh_layers;
    let changes = texts::changes(&job.prepare, prepare.texts.is_some())?;
    let plan = Plan {
        prepare,
        network,
        train,
        primary,
        find_rate,
        views,
        pretrained,
        fresh_layers,
        tokenizer,
        changes,
        teacher,
    };
    tell_left_out(run, data, &plan, preset.name)?;
    Ok(plan)
}

/// Columns of texts that the network does not read are named: nobody should wonder what became of them.
fn tell_left_out(run: &Run, data: &Data, plan: &Plan, preset: &str) -> Result<(), Fault> {
    let target = data.target()?;
    let names: Vec<String> =
        data.table.texts(Some(&target.name)).map(|column| format!("`{}`", column.name)).collect();
    if plan.prepare.texts.is_none() && !names.is_empty() {
        let names = names.join(", ");
        run.screen.say(&format!(
            "texts that `{preset}` does not read: {names}; `model.preset` `transformer` or `mixed` does"
        ));
    }
    Ok(())
}

/// The metric as the job names it. `auto` stays `auto` there: the reason for the choice belongs to the result,
/// and the choice is a function of the train rows.
pub(crate) fn primary_name(job: &JobFile) -> String {
    job.evaluate.primary.clone().or("auto".to_owned())
}

/// What a table holds beside numbers and categories.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// The side of the network's pictures.
    picture_side: Option<usize>,
    /// Texts.
    texts: Texts,
}

/// The preset's name, `auto` resolved; a preset must find what it takes in, one for tables cannot look at pictures, and
/// weights need their own network.
fn preset_name(
    preset: &mut Preset,
    found: Found,
    pretrained: Option<&Pretrained>,
) -> Result<&'static str, Fault> {
    let of_weights = pretrained.map(|of| of.published.preset());
    if *preset == Preset::Auto {
        *preset = match found.picture_side {
            Some(_) if found.texts == Texts::Long => Preset::Mixed,
            _ if of_weights.is_some() => of_weights.and_then(Preset::named).unwrap_or_default(),
            None if found.texts == Texts::Long => Preset::Transformer,
            None => Preset::Tabm,
            Some(side) if side > prepare::SMALL_PICTURE => Preset::Resnet18,
            Some(_) => Preset::Resnet14,
        };
    }
    let name = preset.name().unwrap_or("tabm");
    if let Some(of_weights) = of_weights.filter(|of| *of != name && *preset != Preset::Mixed) {
        let message = format!("the weights `model.pretrained` are of `{of_weights}`, not of `{name}`");
        return Err(Fault::usage(message).hint("leave `model.preset` at `auto`"));
    }
    if *preset == Preset::Bert && pretrained.is_none() {
        return Err(Fault::usage("preset `bert` is for weights that were trained before").hint(
            "set `model.pretrained` to an encoder's folder or kept name, or `model.preset` to `transformer`",
        ));
    }
    match (presets::named(name)?.takes, found.picture_side.is_some()) {
        (Takes::Pictures, false) => Err(Fault::usage(format!(
            "preset `{name}` is for pictures, the data has none"
        ))
        .hint("set `model.preset` to `auto`, or give the column of paths `data.kinds.COLUMN = \"image\"`")),
        (Takes::Texts, _) if found.texts == Texts::None => {
            Err(Fault::usage(format!("preset `{name}` is for texts, the data has none"))
                .hint("set `model.preset` to `auto`, or give a column `data.kinds.COLUMN = \"text\"`"))
        }
        (Takes::Mixed, false) if found.texts == Texts::None => {
            Err(Fault::usage(format!("preset `{name}` is for pictures or texts, the data has neither"))
                .hint("set `model.preset` to `auto`"))
        }
        (Takes::Tables | Takes::Texts, true) => Err(Fault::usage(format!(
            "preset `{name}` is for tables without pictures"
        ))
        .hint(
            "set `model.preset` to `auto`, or leave the pictures out with `data.kinds.image = \"ignore\"`",
        )),
        _ => Ok(name),
    }
}

fn settle_network(job: &mut JobFile, network: &mut NetworkConfig) -> Result<(), Fault> {
    let own_layers =
        matches!(network, NetworkConfig::Pictures(_) | NetworkConfig::Text(_) | NetworkConfig::Mixed(_));
    let mut no_layers = Vec::new();
    let (hidden, dropout) = match network {
        NetworkConfig::Mlp(config) => (&mut config.hidden, &mut config.dropout),
        NetworkConfig::RealMlp(config) => (&mut config.hidden, &mut config.dropout),
        NetworkConfig::TabM(config) => (&mut config.hidden, &mut config.dropout),
        NetworkConfig::Pictures(config) => (&mut no_layers, &mut config.dropout),
        NetworkConfig::Text(config) => (&mut no_layers, &mut config.dropout),
        NetworkConfig::Mixed(config) => (&mut no_layers, &mut config.dropout),
    };
    fill(&mut job.model.hidden, hidden);
    fill(&mut job.model.dropout, dropout);
    let hidden = hidden.clone();
    texts::settle_network(&mut job.model, job.prepare.tokens, network)?;
    settle_combiner(&mut job.model.combiner, network)?;
    match network {
        NetworkConfig::Pictures(PictureConfig { backbone: BackboneConfig::Resnet(config), .. }) => {
            config.drop_path = job.model.drop_path;
        }
        _ if job.model.drop_path > 0.0 => {
            return Err(Fault::usage("`model.drop_path` is for residual networks")
                .hint("set it to 0, or `model.preset` to `resnet18`"));
        }
        _ => {}
    }
    if own_layers && !hidden.is_empty() {
        let message = "networks for pictures and texts have no hidden layers of their own";
        return Err(Fault::usage(message).hint("leave `model.hidden` at `auto`"));
    }
    Ok(())
}

/// How the encoders of a mixed network are joined.
fn settle_combiner(of: &mut Auto<CombinerName>, network: &mut NetworkConfig) -> Result<(), Fault> {
    match (network, of.value()) {
        (NetworkConfig::Mixed(config), wanted) => {
            let name = wanted.unwrap_or(CombinerName::Concatenate);
            *of = Auto::Value(name);
            config.combiner = match name {
                CombinerName::Concatenate => Combiner::Concatenate,
                CombinerName::Attention => Combiner::Attention,
            };
            Ok(())
        }
        (_, None) => Ok(()),
        (_, Some(_)) => Err(Fault::usage("`model.combiner` is for tables of several kinds of columns")
            .hint("set `model.preset` to `mixed`, or leave it at `auto`")),
    }
}

fn settle_prepare(job: &mut JobFile, preset: &str) -> PrepareConfig {
    if job.prepare.scaling == Scaling::Auto {
        job.prepare.scaling = if preset == "realmlp" { Scaling::Robust } else { Scaling::Standard };
    }
    let scaling = match job.prepare.scaling {
        Scaling::Auto | Scaling::Robust => prepare::Scaling::Robust,
        Scaling::Standard => prepare::Scaling::Standard,
        Scaling::None => prepare::Scaling::None,
    };
    let of = &job.prepare;
    let image_side = of.image_size.value();
    PrepareConfig {
        scaling,
        one_hot_max: of.one_hot_max,
        rare_below: of.rare,
        image_side,
        ..PrepareConfig::DEFAULT
    }
}

/// What `[train]` says of transfer; without weights from elsewhere there are no stages to wait for.
fn settle_transfer(of: &mut TrainSection, train: &mut TrainConfig, usual: TransferName) -> Result<(), Fault> {
    let Some(transfer) = &mut train.transfer else {
        let asked = of.transfer.value().is_some_and(|of| of != TransferName::Full)
            || of.head_epochs.value().is_some_and(|epochs| epochs > 0)
            || of.stage_epochs.value().is_some_and(|epochs| epochs > 0)
            || of.stage_decay.value().is_some_and(|decay| decay < 1.0);
        if asked {
            let message = "`train.transfer` and its keys are for networks that were trained before";
            return Err(Fault::usage(message).hint("set `model.pretrained`, or leave them at `auto`"));
        }
        of.transfer = Auto::Value(TransferName::Full);
        return Ok(());
    };
    let name = of.transfer.or(usual);
    of.transfer = Auto::Value(name);
    let mut head = transfer.head_epochs.unwrap_or(0);
    if name == TransferName::Full {
        (head, transfer.stage_epochs) = (0, 0);
    }
    fill(&mut of.head_epochs, &mut head);
    fill(&mut of.stage_epochs, &mut transfer.stage_epochs);
    fill(&mut of.stage_decay, &mut transfer.stage_decay);
    transfer.head_epochs = (name != TransferName::Head).then_some(head);
    Ok(())
}

fn settle_training(
    job: &mut JobFile,
    train: &mut TrainConfig,
    target: &Target,
    train_rows: &[u32],
) -> Result<(), Fault> {
    let of = &mut job.train;
    train.seed = of.seed;
    train.accumulate = of.accumulate;
    train.workers = of.workers;
    train.checkpoint_seconds = of.checkpoint_seconds;
    train.balanced = of.sampling == Sampling::Balanced;
    fill(&mut of.epochs, &mut train.epochs);
    fill(&mut of.watch_every, &mut train.watch_every);
    fill(&mut of.batch_size, &mut train.batch_size);
    fill(&mut of.weight_decay, &mut train.weight_decay);
    match of.lr {
        Rate::Value(rate) => train.lr = rate,
        Rate::Auto => of.lr = Rate::Value(train.lr),
        Rate::Find => {}
    }
    fill_optional(&mut of.clip_norm, &mut train.clip_norm, 0.0);
    fill_optional(&mut of.ema, &mut train.ema, 0.0);
    fill_optional(&mut of.patience, &mut train.patience, 0);
    settle_optimizer(&mut of.optimizer, of.momentum, train)?;
    settle_schedule(&mut of.schedule, train)?;
    settle_loss(job, train, target, train_rows);
    Ok(())
}

/// The job's value wins; `auto` takes the preset's, and the job then says so.
fn fill<T: Clone>(of_job: &mut Auto<T>, of_preset: &mut T) {
    match of_job {
        Auto::Value(value) => of_preset.clone_from(value),
        Auto::Auto => *of_job = Auto::Value(of_preset.clone()),
    }
}

/// Like [`fill`], where `none` in the job stands for nothing.
fn fill_optional<T: Copy + PartialEq>(of_job: &mut Auto<T>, of_preset: &mut Option<T>, none: T) {
    match *of_job {
        Auto::Value(value) => *of_preset = (value != none).then_some(value),
        Auto::Auto => *of_job = Auto::Value(of_preset.unwrap_or(none)),
    }
}

/// An optimizer named as the preset's own keeps the preset's settings.
fn settle_optimizer(
    name: &mut Auto<OptimizerName>,
    momentum: f64,
    train: &mut TrainConfig,
) -> Result<(), Fault> {
    let own = train.optimizer.name();
    let wanted = match name {
        Auto::Auto => own,
        Auto::Value(OptimizerName::Sgd) => "sgd",
        Auto::Value(OptimizerName::Adam) => "adam",
        Auto::Value(OptimizerName::Adamw) => "adamw",
    };
    if wanted != own {
        train.optimizer = OptimizerConfig::named(wanted)?;
    }
    if let OptimizerConfig::Sgd(sgd) = &mut train.optimizer {
        sgd.momentum = momentum;
        sgd.nesterov = momentum > 0.0;
    }
    *name = Auto::Value(match &train.optimizer {
        OptimizerConfig::Sgd(_) => OptimizerName::Sgd,
        OptimizerConfig::Adam(_) => OptimizerName::Adam,
        OptimizerConfig::AdamW(_) => OptimizerName::Adamw,
    });
    Ok(())
}

/// A schedule named as the preset's own keeps the preset's settings.
fn settle_schedule(name: &mut Auto<ScheduleName>, train: &mut TrainConfig) -> Result<(), Fault> {
    let own = schedule_name(&train.schedule);
    let wanted = name.or(own);
    if wanted != own {
        train.schedule = ScheduleConfig::named(wanted.as_str())?;
    }
    *name = Auto::Value(wanted);
    Ok(())
}

fn schedule_name(schedule: &ScheduleConfig) -> ScheduleName {
    match schedule {
        ScheduleConfig::Constant => ScheduleName::Constant,
        ScheduleConfig::Step(_) => ScheduleName::Step,
        ScheduleConfig::Linear(_) => ScheduleName::Linear,
        ScheduleConfig::Cosine(_) => ScheduleName::Cosine,
        ScheduleConfig::WarmRestarts(_) => ScheduleName::WarmRestarts,
        ScheduleConfig::OneCycle(_) => ScheduleName::OneCycle,
        ScheduleConfig::Plateau(_) => ScheduleName::Plateau,
        ScheduleConfig::Coslog4 => ScheduleName::Coslog4,
        ScheduleConfig::FlatCos => ScheduleName::FlatCos,
    }
}

fn settle_loss(job: &mut JobFile, train: &mut TrainConfig, target: &Target, train_rows: &[u32]) {
    let weights = job.train.class_weights.or(ClassWeights::None);
    job.train.class_weights = Auto::Value(weights);
    match &mut train.loss {
        Loss::CrossEntropy { smoothing, class_weights } => {
            fill(&mut job.train.label_smoothing, smoothing);
            if weights == ClassWeights::Balanced {
                *class_weights = balanced_weights(target, train_rows);
            }
        }
        Loss::SquaredError => job.train.label_smoothing = Auto::Value(0.0),
    }
}

/// Rows over (classes x rows of the class), as scikit-learn's `balanced`; 1 for a class that train lacks.
fn balanced_weights(target: &Target, rows: &[u32]) -> Vec<f64> {
    let mut counts = vec![0usize; target.classes.len()];
    let codes = target.codes_of(rows);
    for &code in &codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let even = codes.len() as f64 / counts.len().max(1) as f64;
    counts.iter().map(|&count| if count == 0 { 1.0 } else { even / count as f64 }).collect()
}

/// What must be the same for a checkpoint to be taken up again. To be asked when nothing in the job is `auto` any
/// more: a resumed run starts from the settled job.
pub(crate) fn identity(
    job: &JobFile,
    data: &Data,
    pretrained: Option<&Pretrained>,
    teacher: Option<&Taught>,
) -> Result<BTreeMap<String, String>, Fault> {
    let text =
        toml::to_string(job).map_err(|e| Fault::failed(format!("cannot write the job as TOML ({e})")))?;
    let digest = plumb_ledger::Sha256::of(text.as_bytes());
    let entries = [
        ("job", digest.to_string()),
        ("data", data.digest.to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("pretrained", pretrained.map_or_else(String::new, |of| of.sha256.to_string())),
        ("teacher", teacher.map_or_else(String::new, |of| of.sha256.to_string())),
    ];
    Ok(entries.map(|(name, value)| (name.to_owned(), value)).into())
}
