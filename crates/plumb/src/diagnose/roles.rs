//! Which series of a log plays which part: told by its name, or by the person.
//!
//! A name is cut into its words (`train/loss`, `valLoss`, `Loss/valid`, `lr-AdamW/pg1`), and each word says one thing:
//!
//! - the rows: `train`, `training` ..., or `val`, `valid`, `validation`, `dev`, `eval`, `evaluation`; `test` where nothing
//!   else validates. A loss that names no rows is the training's, as in Keras (`loss`) and the Trainer (`loss`);
//! - how often: `_step` and `batch`, or `_epoch` as in Lightning's `train_loss_step` and Keras's `epoch_loss`;
//! - what: `loss`, `cost`, `nll`, `objective`; `lr` or `learning rate`; `grad` with `norm`; a score that should rise
//!   (`accuracy`, `auc`, `f1` ...) or fall (`mae`, `perplexity`, `wer` ...).
//!
//! Of several that fit, the one with the fewest words left over is taken (`train/loss` before `train/loss_box`), then one
//! with more than a single number, then the longest.

use std::collections::BTreeMap;

use plumb_learn::watch::SeriesKind;

use super::log::{Log, Point};

/// Whose rows a series is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    Train,
    Unsaid,
    Valid,
    Test,
}

/// How often a series is logged, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Often {
    Step,
    Epoch,
    Unsaid,
}

/// What a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Loss,
    Rate,
    Gradient,
    Rising,
    Falling,
    Other,
}

/// A name in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    rows: Rows,
    often: Often,
    what: What,
    /// The words that say nothing of these, or the metric's own.
    rest: Vec<String>,
}

const TRAIN: &[&str] = &["train", "training", "trn", "tr", "fit"];
const VALID: &[&str] = &["val", "valid", "validation", "dev", "eval", "evaluation", "holdout"];
const TEST: &[&str] = &["test", "testing"];
const STEP: &[&str] = &["step", "steps", "batch", "iter", "iteration", "iterations"];
const EPOCH: &[&str] = &["epoch", "epochs"];
const LOSS: &[&str] = &["loss", "losses", "cost", "nll", "objective", "criterion"];
/// A loss with one of these beside it is a setting or the loss scaler's factor.
const NO_LOSS: &[&str] = &["scale", "scaler", "weight", "weights", "coef", "lambda", "factor"];
const GRADIENT: &[&str] = &["grad", "grads", "gradient", "gradients"];
const RISING: &[&str] = &[
    "acc",
    "accuracy",
    "auc",
    "auroc",
    "auprc",
    "f1",
    "fbeta",
    "precision",
    "recall",
    "map",
    "map50",
    "ap",
    "iou",
    "miou",
    "dice",
    "r2",
    "bleu",
    "rouge",
    "rougel",
    "meteor",
    "mcc",
    "kappa",
    "score",
    "sensitivity",
    "specificity",
    "top1",
    "top5",
    "psnr",
    "ssim",
    "reward",
    "pearson",
    "spearman",
    "ndcg",
    "mrr",
];
const FALLING: &[&str] = &[
    "error",
    "err",
    "mae",
    "mse",
    "rmse",
    "mape",
    "perplexity",
    "ppl",
    "wer",
    "cer",
    "brier",
    "fid",
    "ece",
    "rmsle",
];

impl Name {
    fn of(text: &str) -> Self {
        let words = words(text);
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let rate = has(&["lr"]) || (has(&["learning"]) && has(&["rate"]));
        let what = if (has(GRADIENT) && has(&["norm"])) || has(&["gnorm"]) {
            What::Gradient
        } else if rate {
            What::Rate
        } else if has(LOSS) && !has(NO_LOSS) {
            What::Loss
        } else if has(RISING) {
            What::Rising
        } else if has(FALLING) {
            What::Falling
        } else {
            What::Other
        };
        // `evaluation_loss` of Keras is about validation rows, whatever else it says.
        let rows = [(VALID, Rows::Valid), (TEST, Rows::Test), (TRAIN, Rows::Train)];
        let rows = rows.into_iter().find(|(known, _)| has(known)).map_or(Rows::Unsaid, |(_, rows)| rows);
        let often = if has(STEP) {
            Often::Step
        } else if has(EPOCH) {
            Often::Epoch
        } else {
            Often::Unsaid
        };
        let taken: &[&[&str]] = match what {
            What::Loss => &[TRAIN, VALID, TEST, STEP, EPOCH, LOSS],
            What::Gradient => &[TRAIN, STEP, EPOCH, GRADIENT, &["norm", "gnorm", "total", "global"]],
            What::Rate => &[TRAIN, STEP, EPOCH, &["lr", "learning", "rate"]],
            _ => &[TRAIN, VALID, TEST, STEP, EPOCH],
        };
        let said = |word: &String| taken.iter().any(|known| known.contains(&word.as_str()));
        let rest = words.iter().filter(|word| !said(word)).cloned().collect();
        Self { rows, often, what, rest }
    }
}

/// The words of a name in lower case: cut at what is no letter or digit, and where a capital follows a small letter.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            words.push(String::new());
        }
        small = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name is that of a loss or a score: what tells a log from a table of data.
pub(crate) fn names_a_loss(name: &str) -> bool {
    matches!(Name::of(name), Name { what: What::Loss | What::Rising, rest, .. } if rest.len() <= 2)
}

/// What a series measures, for whether a NaN in it breaks the training.
pub(crate) fn kind(name: &str) -> SeriesKind {
    match Name::of(name).what {
        What::Loss => SeriesKind::Loss,
        What::Gradient => SeriesKind::Gradient,
        _ => SeriesKind::Other,
    }
}

/// Which series plays which part.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Roles {
    /// The training loss by step.
    pub(crate) train_by_step: Option<Part>,
    /// The training loss by epoch.
    pub(crate) train_by_epoch: Option<Part>,
    /// The validation loss.
    pub(crate) valid: Option<Part>,
    /// The learning rate.
    pub(crate) rate: Option<String>,
    /// The norm of all gradients.
    pub(crate) gradient: Option<String>,
    /// Scores, each with its series on the training and on the validation rows.
    pub(crate) scores: Vec<Score>,
}

/// A series that serves as a loss.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) series: String,
    /// Where a score that should rise stands in for a loss: its best value, from which it is taken.
    pub(crate) best: Option<f64>,
}

impl Part {
    /// A series as it is.
    fn plain(series: &str) -> Self {
        Self { series: series.to_owned(), best: None }
    }

    /// A number of the series as a loss.
    pub(crate) fn loss(&self, value: f64) -> f64 {
        self.best.map_or(value, |best| best - value)
    }

    /// What it is, in words: `val_loss`, or `1 - val_accuracy`.
    pub(crate) fn in_words(&self) -> String {
        self.best.map_or_else(|| self.series.clone(), |best| format!("{best} - {}", self.series))
    }
}

/// A score on both kinds of rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    /// Its own words: `accuracy`.
    pub(crate) name: String,
    /// Its series on the training rows.
    pub(crate) train: Option<String>,
    /// Its series on the validation rows.
    pub(crate) valid: Option<String>,
    /// Whether more is better.
    pub(crate) rises: bool,
}

/// What the person said of the series.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chosen<'a> {
    /// The training loss.
    pub(crate) train: Option<&'a str>,
    /// The validation loss.
    pub(crate) valid: Option<&'a str>,
}

/// Deals the parts. A name that was chosen must be one of the log's: the first that is none is the error.
pub(crate) fn of<'a>(log: &Log, chosen: Chosen<'a>) -> Result<Roles, &'a str> {
    if let Some(unknown) =
        [chosen.train, chosen.valid].into_iter().flatten().find(|name| !log.series.contains_key(*name))
    {
        return Err(unknown);
    }
    let cast = Cast { log, names: log.series.keys().map(|name| (name.as_str(), Name::of(name))).collect() };
    let train = match chosen.train {
        Some(name) => vec![name],
        None => cast.train_losses(),
    };
    let rest = train.first().map(|name| cast.names[name].rest.clone()).unwrap_or_default();
    let valid = chosen.valid.or_else(|| cast.valid_loss(&rest));
    let mut roles = Roles {
        valid: valid.map(Part::plain),
        rate: cast.best(|name| name.what == What::Rate && name.rows != Rows::Valid).map(str::to_owned),
        gradient: cast.best(|name| name.what == What::Gradient).map(str::to_owned),
        scores: cast.scores(),
        ..Roles::default()
    };
    for name in train {
        let by_step = match cast.names[name].often {
            Often::Step => true,
            Often::Epoch => false,
            Often::Unsaid => cast.is_by_step(name, valid),
        };
        let part = if by_step { &mut roles.train_by_step } else { &mut roles.train_by_epoch };
        part.get_or_insert_with(|| Part::plain(name));
    }
    if roles.train_by_step.is_none() && roles.train_by_epoch.is_none() && roles.valid.is_none() {
        cast.score_for_loss(&mut roles);
    }
    Ok(roles)
}

/// The series of a log with the words of their names.
struct Cast<'a> {
    log: &'a Log,
    names: BTreeMap<&'a str, Name>,
}

impl<'a> Cast<'a> {
    fn points(&self, name: &str) -> &'a [Point] {
        self.log.series.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names that fit, the best first.
    fn ranked(&self, fits: impl Fn(&Name) -> bool) -> Vec<&'a str> {
        let mut fitting: Vec<(&'a str, &Name)> =
            self.names.iter().filter(|(_, name)| fits(name)).map(|(text, name)| (*text, name)).collect();
        fitting.sort_by_key(|(text, name)| {
            let count = self.points(text).len();
            (name.rest.len(), count < 2, name.rows, std::cmp::Reverse(count))
        });
        fitting.into_iter().map(|(text, _)| text).collect()
    }

    fn best(&self, fits: impl Fn(&Name) -> bool) -> Option<&'a str> {
        self.ranked(fits).first().copied()
    }

    /// The training loss, and the same logged otherwise often.
    fn train_losses(&self) -> Vec<&'a str> {
        let is_one = |name: &Name| name.what == What::Loss && name.rows <= Rows::Unsaid;
        let ranked = self.ranked(is_one);
        let Some(first) = ranked.first().map(|name| self.names[name].clone()) else { return Vec::new() };
        let same = |name: &str| self.names[name].rest == first.rest && self.names[name].rows == first.rows;
        // A single number beside a curve is the mean of the whole run, as the Trainer logs it at the end.
        let curves = ranked.iter().skip(1).filter(|name| same(name) && self.points(name).len() > 1);
        ranked.first().into_iter().chain(curves).copied().collect()
    }

    /// The validation loss of the same words as the training's, else any.
    fn valid_loss(&self, rest: &[String]) -> Option<&'a str> {
        let on = |rows: Rows, same: bool| {
            self.best(move |name| {
                name.what == What::Loss
                    && name.rows == rows
                    && (!same || name.rest == rest)
                    && name.often != Often::Step
            })
        };
        on(Rows::Valid, true)
            .or_else(|| on(Rows::Valid, false))
            .or_else(|| self.best(|name| name.what == What::Loss && name.rows == Rows::Valid))
            .or_else(|| on(Rows::Test, true))
    }

    /// Whether a series has several numbers an epoch or numbers within one; where epochs are unknown, clearly more than
    /// there are evaluations.
    fn is_by_step(&self, name: &str, valid: Option<&str>) -> bool {
        let points = self.points(name);
        let mut epochs: Vec<u64> =
            points.iter().filter_map(|p| p.epoch).map(super::history::number).collect();
        epochs.dedup();
        let evaluations = valid.map_or(0, |valid| self.points(valid).len());
        match (epochs.len(), evaluations) {
            (0, 0) => true,
            (0, evaluations) => 2 * points.len() > 3 * evaluations,
            (epochs, _) => {
                points.len() > epochs || points.iter().any(|p| p.epoch.is_some_and(|e| e.fract() > 0.0))
            }
        }
    }

    /// The scores by their own words; a loss on validation rows that is not the one counts too.
    fn scores(&self) -> Vec<Score> {
        let mut scores: BTreeMap<String, Score> = BTreeMap::new();
        let is_score = |name: &Name| matches!(name.what, What::Rising | What::Falling);
        for text in self.ranked(is_score) {
            let name = &self.names[text];
            let words = name.rest.join(" ");
            let rises = name.what == What::Rising;
            let fresh = || Score { name: words.clone(), train: None, valid: None, rises };
            let score = scores.entry(words.clone()).or_insert_with(fresh);
            let part = if name.rows <= Rows::Unsaid { &mut score.train } else { &mut score.valid };
            part.get_or_insert_with(|| text.to_owned());
        }
        scores.into_values().collect()
    }

    /// In a log without a loss, the first score on validation rows stands in, as its distance from its best value.
    fn score_for_loss(&self, roles: &mut Roles) {
        let Some(score) = roles.scores.iter().find(|score| score.valid.is_some()).or(roles.scores.first())
        else {
            return;
        };
        let names = || [&score.train, &score.valid].into_iter().flatten();
        let highest =
            names().flat_map(|name| self.points(name)).map(|point| point.value).filter(|v| v.is_finite());
        let highest = highest.fold(0.0, f64::max);
        let best = score.rises.then_some(if highest <= 1.0 { 1.0 } else { 100.0f64.max(highest) });
        let part = |series: &String| Part { series: series.clone(), best };
        let (train, valid) = (score.train.as_ref().map(part), score.valid.as_ref().map(part));
        match &train {
            Some(train) if self.is_by_step(&train.series, score.valid.as_deref()) => {
                roles.train_by_step = Some(train.clone());
            }
            train => roles.train_by_epoch.clone_from(train),
        }
        roles.valid = valid;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of series with so many numbers each, at the steps and epochs of a tool that validates every 10 steps.
    fn log(series: &[(&str, usize)]) -> Log {
        let mut log = Log::default();
        for (name, count) in series {
            for at in 1..=*count {
                let step = Some((100 * at / count) as u64);
                let point = Point { step, epoch: None, value: 1.0 / at as f64 };
                log.add(name, point).unwrap();
            }
        }
        log
    }

    fn parts(series: &[(&str, usize)]) -> [String; 5] {
        let roles = of(&log(series), Chosen::default()).unwrap();
        let part = |part: &Option<Part>| part.as_ref().map_or_else(|| "-".to_owned(), Part::in_words);
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
        let losses = [&roles.train_by_step, &roles.train_by_epoch, &roles.valid].map(part);
        let [by_step, by_epoch, valid] = losses;
        [by_step, by_epoch, valid, name(&roles.rate), name(&roles.gradient)]
    }

    #[test]
    fn the_names_of_the_tools_are_known() {
        let lightning = [
            ("train_loss_step", 50),
            ("train_loss_epoch", 10),
            ("val_loss", 10),
            ("val_loss_box", 10),
            ("lr-SGD", 50),
            ("grad_norm", 50),
            ("val_acc", 10),
        ];
        assert_eq!(
            parts(&lightning),
            ["train_loss_step", "train_loss_epoch", "val_loss", "lr-SGD", "grad_norm"]
        );
        let keras = [("loss", 10), ("val_loss", 10), ("accuracy", 10), ("learning_rate", 10)];
        assert_eq!(parts(&keras), ["-", "loss", "val_loss", "learning_rate", "-"]);
        let trainer = [
            ("loss", 40),
            ("eval_loss", 10),
            ("train_loss", 1),
            ("grad_norm", 40),
            ("learning_rate", 40),
            ("eval_runtime", 10),
        ];
        assert_eq!(parts(&trainer), ["loss", "-", "eval_loss", "learning_rate", "grad_norm"]);
        let tags = [("train/loss", 40), ("train/train_loss", 1), ("eval/loss", 10), ("train/loss_scale", 40)];
        assert_eq!(parts(&tags), ["train/loss", "-", "eval/loss", "-", "-"]);
        assert_eq!(
            parts(&[("Loss/train", 10), ("Loss/valid", 10)]),
            ["-", "Loss/train", "Loss/valid", "-", "-"]
        );
        let callback =
            [("train/epoch_loss", 10), ("validation/epoch_loss", 10), ("train/epoch_learning_rate", 10)];
        let known = ["-", "train/epoch_loss", "validation/epoch_loss", "train/epoch_learning_rate", "-"];
        assert_eq!(parts(&callback), known);
        let loop_of_ones_own =
            [("trainLoss", 10), ("testLoss", 10), ("train_lr", 10), ("gradient/total_norm", 40)];
        assert_eq!(
            parts(&loop_of_ones_own),
            ["-", "trainLoss", "testLoss", "train_lr", "gradient/total_norm"]
        );
        assert_eq!(parts(&[("price", 10)]), ["-", "-", "-", "-", "-"]);
    }

    #[test]
    fn a_score_stands_in_where_there_is_no_loss() {
        let only = [("accuracy", 10), ("val_accuracy", 10), ("val_f1", 10)];
        assert_eq!(parts(&only)[1..3], ["1 - accuracy".to_owned(), "1 - val_accuracy".to_owned()]);
        assert_eq!(parts(&[("eval_wer", 10)])[2], "eval_wer");
        let words = |name: &str| Name::of(name).rest.join(" ");
        assert_eq!(words("validation/evaluation_accuracy_vs_iterations"), "accuracy vs");
    }

    #[test]
    fn the_person_has_the_last_word() {
        let log = log(&[("loss", 10), ("val_loss", 10), ("odd", 50)]);
        let roles = of(&log, Chosen { train: Some("odd"), valid: None }).unwrap();
        assert_eq!(roles.train_by_step.unwrap().series, "odd");
        assert_eq!(of(&log, Chosen { train: None, valid: Some("none") }).unwrap_err(), "none");
    }

    #[test]
    fn what_a_nan_breaks_is_told_by_the_name() {
        assert_eq!(kind("val_loss"), SeriesKind::Loss);
        assert_eq!(kind("grad_2.0_norm_total"), SeriesKind::Gradient);
        assert_eq!(kind("val_f1"), SeriesKind::Other);
    }
}
