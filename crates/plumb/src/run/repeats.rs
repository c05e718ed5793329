//! The folds of `split.folds` and the seeds of `train.seeds`: the same training again, to see how far the one
//! result can be trusted.

use plumb_data::split::Part;
use plumb_evaluate::{Folds, Scored};
use plumb_ledger::Seed;

use super::Run;
use super::parquet_file::PredictedRows;
use super::pipeline::Setup;
use super::stage_prepare::prepare;
use super::stage_train::{Fit, Which, fit};
use crate::fault::Fault;

/// What the repeats showed.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    /// The primary metric on each fold, one repeat of the folds after the other.
    pub(crate) folds: Vec<f64>,
    /// Rows tested and rows fitted on, summed over the folds.
    of_folds: [usize; 2],
    /// The primary metric of each seed, the run's own first; empty for one seed.
    pub(crate) seeds: Vec<f64>,
    /// The predictions of each fold for the rows that it tests.
    pub(crate) predicted: Vec<PredictedRows>,
}

impl Repeats {
    /// The cross-validation, whose folds were drawn so often.
    pub(crate) fn cross_validation(&self, repeats: usize) -> Folds<'_> {
        let [tested, fitted] = self.of_folds.map(|rows| rows as f64);
        Folds { scores: &self.folds, repeats, tested_to_fitted: tested / fitted.max(1.0) }
    }
}

/// Trains each fold anew: split, preparation and model.
pub(crate) fn folds(run: &mut Run, setup: &Setup, repeats: &mut Repeats) -> Result<(), Fault> {
    let Setup { data, parts, plan, .. } = setup;
    for (number, split) in (1usize..).zip(&parts.folds) {
        let ready = prepare(run, plan, data, split)?;
        let fit = fit(run, plan, &ready, Which::Repeat("fold", number))?;
        let scored =
            Scored::predict(&fit.model, &data.table, data.target()?, &split.read_test("cross-validation"))?;
        repeats.folds.extend((plan.primary.metric.compute)(&scored.outcome()));
        repeats.of_folds[0] += split.count(Part::Test);
        repeats.of_folds[1] += split.count(Part::Train);
        let rows = scored.rows.clone();
        let predictions = super::stage_evaluate::predictions(&scored);
        repeats.predicted.push(PredictedRows { part: Part::Test, fold: number as i32, rows, predictions });
    }
    Ok(())
}

/// Trains with other seeds on the same split and scores each on `judged`, as the run's own model is.
pub(crate) fn seeds(
    run: &mut Run,
    setup: &Setup,
    main: &Fit,
    judged: &[u32],
    repeats: &mut Repeats,
) -> Result<(), Fault> {
    let Setup { data, plan, ready, .. } = setup;
    let trainings = run.job.train.seeds.or(1);
    if trainings < 2 {
        return Ok(());
    }
    let target = data.target()?;
    let score = |fit: &Fit| -> Result<Option<f64>, Fault> {
        let scored = Scored::predict(&fit.model, &data.table, target, judged)?;
        Ok((plan.primary.metric.compute)(&scored.outcome()))
    };
    repeats.seeds.extend(score(main)?);
    for number in 1..trainings {
        let mut plan = plan.clone();
        plan.train.seed = Seed(plan.train.seed).derive(number as u64).0;
        let other = fit(run, &plan, ready, Which::Repeat("seed", number + 1))?;
        repeats.seeds.extend(score(&other)?);
    }
    Ok(())
}
