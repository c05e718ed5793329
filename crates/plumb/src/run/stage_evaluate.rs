//! Stage 6: measure the model beside its baselines, judge the result, write it down.

use plumb_data::Predictions;
use plumb_data::split::Part;
use plumb_evaluate::{
    EvaluateConfig, EvaluateContext, Evaluation, Scored, Subject, Transfer, evaluate, metrics_file,
};
use serde_json::{Value, json};

use super::gallery::{Gallery, gallery};
use super::mitigation;
use super::parquet_file::{self, PredictedRows};
use super::pipeline::Setup;
use super::reading::reading;
use super::repeats::Repeats;
use super::settle::primary_name;
use super::stage_split::{self, Parts};
use super::stage_train::Fit;
use super::transfer::Beside;
use super::{Run, files};
use crate::fault::Fault;
use crate::job::{ClassWeights, Sampling};

/// The rows of the parts; the test rows are read once, here.
#[derive(Debug)]
pub(crate) struct PartRows {
    train: Vec<u32>,
    valid: Vec<u32>,
    test: Vec<u32>,
}

impl PartRows {
    /// Reads the test part.
    pub(crate) fn read(parts: &Parts) -> Self {
        let split = parts.split();
        Self { train: split.train(), valid: split.valid(), test: split.read_test("evaluation") }
    }

    /// The rows that verdicts rest on: test, or valid without a test part.
    pub(crate) fn judged(&self) -> &[u32] {
        if self.test.is_empty() { &self.valid } else { &self.test }
    }
}

/// What stands in `metrics.json`, and what it was made from.
#[derive(Debug)]
pub(crate) struct Measured {
    /// `metrics.json`, to be written when everything else is.
    pub(crate) metrics: Value,
    /// The evaluation itself.
    pub(crate) evaluation: Evaluation,
    /// The pictures that a person should see; none for tables without.
    pub(crate) gallery: Option<Gallery>,
}

/// Evaluates, judges and writes predictions and worst rows.
pub(crate) fn stage(
    run: &mut Run,
    setup: &Setup,
    rows: &PartRows,
    fit: &Fit,
    repeats: Repeats,
    beside: &Beside,
) -> Result<Measured, Fault> {
    let Setup { data, parts, .. } = setup;
    let (table, target, predictor) = (&data.table, data.target()?, &fit.model);
    let subject =
        Subject { table, target, train: &rows.train, valid: &rows.valid, test: &rows.test, predictor };
    let config = config(run);
    let evaluation = evaluate(&subject, &config)?;
    stage_split::close(run, parts)?;
    let folds = repeats.cross_validation(run.job.split.repeats);
    let context = EvaluateContext {
        subject,
        config: &config,
        evaluation: &evaluation,
        folds,
        seeds: &repeats.seeds,
        transfer: setup
            .plan
            .pretrained
            .as_ref()
            .map(|_| Transfer { scratch: beside.scratch.as_ref(), kept: beside.kept }),
        reads: None,
    };
    run.judge(&plumb_evaluate::practices(), &context);
    let mut metrics = metrics_file(&evaluation, target, Some(fit.weights_sha256.as_str()));
    if let Some(fields) = metrics.as_object_mut() {
        fields.insert("folds".to_owned(), json!(repeats.folds));
        if let Some(summary) = folds.summary(config.level) {
            fields.insert("cross_validation".to_owned(), json!(summary));
        }
        fields.insert("seeds".to_owned(), json!(repeats.seeds));
    }
    run.write_json(files::WORST, &evaluation.worst)?;
    let gallery = gallery(setup, fit, &evaluation, &run.ledger);
    if let Some(gallery) = &gallery {
        run.write_json(files::PICTURES, gallery)?;
    }
    if let Some(reading) = reading(setup, fit, &evaluation)? {
        run.write_json(files::TEXTS, &reading)?;
    }
    let predicted = predicted_rows(&evaluation, repeats.predicted);
    run.write(files::PREDICTIONS, &parquet_file::predictions(target, &predicted)?)?;
    run.end_stage()?;
    Ok(Measured { metrics, evaluation, gallery })
}

/// What the job says about its evaluation.
pub(crate) fn config(run: &Run) -> EvaluateConfig {
    let of = &run.job.evaluate;
    let class_weights = run.job.train.class_weights.or(ClassWeights::None) == ClassWeights::Balanced
        || run.job.train.sampling == Sampling::Balanced;
    EvaluateConfig {
        primary: primary_name(&run.job),
        groups: of.groups.clone(),
        by: of.by.clone(),
        resamples: of.resamples,
        level: of.level,
        class_weights,
        mitigated: mitigation::in_words(&run.job),
        ..EvaluateConfig::new(run.seed())
    }
}

/// The predictions for both parts, and for those of folds.
pub(crate) fn predicted_rows(evaluation: &Evaluation, of_folds: Vec<PredictedRows>) -> Vec<PredictedRows> {
    let parts = [(Part::Valid, &evaluation.valid), (Part::Test, &evaluation.test)];
    let of_parts = parts.into_iter().filter_map(|(part, evaluated)| {
        let scored = &evaluated.as_ref()?.scored;
        Some(PredictedRows { part, fold: 0, rows: scored.rows.clone(), predictions: predictions(scored) })
    });
    of_parts.chain(of_folds).collect()
}

/// The predictions without the truth.
pub(crate) fn predictions(scored: &Scored) -> Predictions {
    match scored.truth {
        plumb_evaluate::Truth::Classes(_) => {
            Predictions::Probabilities { values: scored.predicted.clone(), classes: scored.width }
        }
        plumb_evaluate::Truth::Numbers(_) => Predictions::Numbers(scored.predicted.clone()),
    }
}
