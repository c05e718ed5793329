//! Stage 3: fit the preparation on the train rows; turn train and valid rows into the model's inputs.

use plumb_data::prepare::{Preparation, Prepared};
use plumb_data::split::Split;

use super::settle::Plan;
use super::stage_data::Data;
use crate::fault::Fault;

/// What a model is trained on. The test rows are not in it: the predictor prepares them at the end.
#[derive(Debug)]
pub(crate) struct Ready {
    /// How rows become inputs.
    pub(crate) preparation: Preparation,
    /// The rows to fit on.
    pub(crate) train: Prepared,
    /// The rows to choose by.
    pub(crate) valid: Prepared,
    /// The numbers of the train rows, in the order in which they are prepared.
    pub(crate) train_rows: Vec<u32>,
}

/// Fits on the train rows of `split` and nothing else.
pub(crate) fn prepare(plan: &Plan, data: &Data, split: &Split) -> Result<Ready, Fault> {
    let target = data.target()?;
    let train_rows = split.train();
    let preparation =
        Preparation::fit_with(&data.table, target, &train_rows, &plan.prepare, plan.tokenizer.as_ref())?;
    let train = preparation.apply(&data.table, &train_rows, Some(target))?;
    let valid = preparation.apply(&data.table, &split.valid(), Some(target))?;
    Ok(Ready { preparation, train, valid, train_rows })
}
