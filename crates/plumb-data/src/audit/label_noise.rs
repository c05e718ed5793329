//! `data.label-noise`: which labels look wrong?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use plumb_stats::noise::{IssueMethod, label_issues};
use plumb_stats::{Outcome, tests};

use super::{AuditContext, subsample};
use crate::probe::{ProbeError, ProbeKind, out_of_fold, out_of_fold_by_numbers};
use crate::{Predictions, Target};

/// Rows that the probe sees at most: the standard error of a rate of 3 % among its most confident twentieth is 0.5 %.
const ROWS: usize = 20_000;
/// The same for texts, whose terms are many.
const TEXTS: usize = 6_000;
/// Rows times classes at most: boosted trees fit one tree a class and round.
const ROWS_TIMES_CLASSES: usize = 10 * ROWS;
/// Fewer labelled rows for each class than this and no class is learned.
const LEAST_CLASS_ROWS: usize = 10;
/// Out-of-fold folds.
const FOLDS: usize = 3;
/// Below this the most confident slice is too small to judge.
const LEAST_SLICE: usize = 25;
/// Shares of the rows, most confident first, in which the labels should agree with the prediction.
const SLICES: [f64; 3] = [0.05, 0.1, 0.2];
/// Rates of wrong labels where the model is surest.
const WARN_RATE: f64 = 0.03;
const FAIL_RATE: f64 = 0.15;
/// Above this the model is sure nowhere, and doubt about the labels is doubt about the inputs.
const UNSURE_RATE: f64 = 0.25;
/// Rows listed.
const LISTED: usize = 30;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.label-noise",
        question: "do the labels agree with predictions where a model that has not seen them is surest?",
        why: "Wrong labels teach wrong rules, and in the test part they make right predictions count as errors. \
              Classic benchmarks have 1 to 6 % of them.",
        evidence: "Boosted trees predict each row out of fold (20,000 labelled rows at most, fewer beyond ten classes; 3 folds); where \
                   `model.pretrained` names a network, logistic regression on what it sees of the pictures does (4,000 at \
                   most); where there are texts, logistic regression on their terms (6,000). The noise floor is \
                   the least rate of disagreement within the 5, 10 and 20 % of rows that are predicted with the most \
                   confidence: honest uncertainty vanishes there, wrong labels do not. A larger slice whose rate may be as \
                   low stands for it. It decides, by the lower end of \
                   its 95 % Wilson interval. The rows that confident learning marks (off the diagonal of the confident \
                   joint) are counted, and listed by margin.",
        thresholds: &[
            Threshold {
                name: "noise floor that warns",
                value: WARN_RATE,
                reason: "the mean rate found in ten public test sets is 3.4 % (Northcutt 2021)",
            },
            Threshold {
                name: "noise floor that fails",
                value: FAIL_RATE,
                reason: "one label in seven is wrong",
            },
            Threshold {
                name: "noise floor beyond which nothing is said",
                value: UNSURE_RATE,
                reason: "the model is sure nowhere: the inputs may simply not tell the classes apart",
            },
        ],
        false_alarms: "Problems with a floor of honest uncertainty in every row (coin flips, some credit defaults) look \
                       like noise; rows marked by confident learning are suspects, not proofs.",
        remedy: "Have the listed rows labelled again; `train.label_smoothing` softens what remains.",
        sources: &[
            Source::Recipe,
            Source::Paper("Northcutt, Jiang, Chuang, Confident Learning (2021)"),
            Source::Paper("Northcutt, Athalye, Mueller, Pervasive Label Errors in Test Sets (2021)"),
        ],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let (target, labelled) = match context.labelled() {
        Ok(labelled) => labelled,
        Err(skipped) => return *skipped,
    };
    if !target.task.is_classification() || target.classes.len() < 2 {
        return Judgement::skipped("confident learning is for two classes or more");
    }
    if (labelled.len() as f64 * SLICES[SLICES.len() - 1]) < LEAST_SLICE as f64 {
        return Judgement::skipped(format!(
            "{} labelled rows are too few to tell noise from chance",
            labelled.len()
        ));
    }
    let rows = if let Some(embedding) = &context.embedding {
        embedding.rows.clone()
    } else {
        let most = if ProbeKind::TfIdf.is_for(&context.table, target) { TEXTS } else { ROWS };
        subsample(&labelled, most.min(ROWS_TIMES_CLASSES / target.classes.len()), context.seed)
    };
    if rows.len() < LEAST_CLASS_ROWS * target.classes.len() {
        return Judgement::skipped(format!(
            "{} classes have too few rows each to be learned",
            target.classes.len()
        ));
    }
    let (predictions, by) = predictions(context, target, &rows);
    match predictions {
        Ok(Predictions::Probabilities { values, classes }) => {
            let truth = target.codes_of(&rows);
            let outcome = Outcome::Classes { truth: &truth, probabilities: &values, classes };
            verdict(target, &rows, &outcome).with("predicted_by", by)
        }
        Ok(Predictions::Numbers(_)) => Judgement::skipped("the probe predicts numbers, not classes"),
        Err(error) => Judgement::skipped(format!("the probe cannot be fitted: {error}")),
    }
}

/// What a model says of each row that has not seen it, and what that model is.
fn predictions(
    context: &AuditContext,
    target: &Target,
    rows: &[u32],
) -> (Result<Predictions, ProbeError>, String) {
    let seed = context.seed;
    if let Some(embedding) = &context.embedding {
        let by = format!("logistic regression on what {} sees", embedding.network);
        return (out_of_fold_by_numbers(&embedding.columns(seed), target, rows, FOLDS, seed), by);
    }
    let (probe, by) = if ProbeKind::TfIdf.is_for(&context.table, target) {
        (ProbeKind::TfIdf, "logistic regression on the terms of the texts")
    } else {
        (ProbeKind::BoostedTrees, "boosted trees")
    };
    (out_of_fold(probe, &context.table, target, rows, FOLDS, seed), by.to_owned())
}

fn verdict(target: &Target, rows: &[u32], outcome: &Outcome<'_>) -> Judgement {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else {
        return Judgement::skipped("no class probabilities");
    };
    let Some(issues) = label_issues(outcome, IssueMethod::ConfidentLearning) else {
        return Judgement::skipped("the probe's probabilities cannot be used");
    };
    let Some(floor) = noise_floor(outcome) else {
        return Judgement::skipped("too few rows to tell noise from chance");
    };
    let summary = format!(
        "where predictions are surest {:.1} % of the labels disagree ({} of {}); confident learning marks {} of {} rows",
        100.0 * floor.rate,
        floor.disagree,
        floor.rows,
        issues.len(),
        rows.len()
    );
    let judged = if floor.rate > UNSURE_RATE {
        Judgement::skipped(format!(
            "{summary}: no part of the data can be predicted well enough to doubt its labels"
        ))
    } else if floor.low >= FAIL_RATE {
        Judgement::fail(summary)
    } else if floor.low >= WARN_RATE {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    let p = |at: usize, class: usize| probabilities.get(at * classes + class).copied().unwrap_or(0.0);
    let predicted = outcome.predicted_classes();
    let margin = |at: usize| p(at, predicted[at] as usize) - p(at, truth[at] as usize);
    let mut worst: Vec<usize> = issues.iter().map(|&at| at as usize).collect();
    worst.sort_by(|&a, &b| margin(b).total_cmp(&margin(a)).then(a.cmp(&b)));
    let name = |class: u32| target.classes.get(class as usize).map_or("", String::as_str);
    let entry = |&at: &usize| -> Evidence {
        let fields = Judgement::pass("").with("row", rows[at]).with("label", name(truth[at]));
        let fields = fields.with("predicted", name(predicted[at]));
        fields.with("label_probability", p(at, truth[at] as usize)).evidence
    };
    judged
        .with("rows_judged", rows.len())
        .with("noise_floor", floor.rate)
        .with("noise_floor_low", floor.low)
        .with("noise_floor_high", floor.high)
        .with("marked_by_confident_learning", issues.len())
        .with("marked_share", issues.len() as f64 / rows.len() as f64)
        .with("most_suspicious", worst.iter().take(LISTED).map(entry).collect::<Vec<_>>())
}

/// The least disagreement over the confident slices.
struct Floor {
    rate: f64,
    disagree: usize,
    rows: usize,
    low: f64,
    high: f64,
}

fn noise_floor(outcome: &Outcome<'_>) -> Option<Floor> {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
    let predicted = outcome.predicted_classes();
    let confidence =
        |at: usize| probabilities.get(at * classes + predicted[at] as usize).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|&a, &b| confidence(b).total_cmp(&confidence(a)).then(a.cmp(&b)));
    let sizes =
        SLICES.iter().map(|share| (truth.len() as f64 * share) as usize).filter(|&size| size >= LEAST_SLICE);
    let sizes: Vec<usize> = sizes.collect();
    let floor = |size: usize| {
        let disagree = order[..size].iter().filter(|&&at| predicted[at] != truth[at]).count();
        let (low, high) = tests::wilson(disagree as u64, size as u64, 0.95);
        Floor { rate: disagree as f64 / size as f64, disagree, rows: size, low, high }
    };
    let floors: Vec<Floor> = sizes.into_iter().map(floor).collect();
    let least = floors.iter().map(|floor| floor.rate).min_by(f64::total_cmp)?;
    // A larger slice that may well have the same rate is the same floor, known better.
    floors.into_iter().filter(|floor| floor.low <= least).max_by_key(|floor| floor.rows)
}
