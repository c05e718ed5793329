//! Stage 3: fit the preparation on the train rows; turn train and valid rows into the model's inputs.

use std::sync::Arc;

use plumb_data::prepare::{Preparation, Prepared};
use plumb_data::split::Split;
use plumb_data::texts::ChangedTexts;
use plumb_learn::train::{Groups, Teacher};

use super::Run;
use super::mitigation;
use super::settle::Plan;
use super::stage_data::Data;
use super::texts::TextChanges;
use super::translate::there_and_back;
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
    /// The texts of the train rows, if they are changed each time that they are seen.
    pub(crate) changed: Option<ChangedTexts>,
    /// The groups of both, where training is to know them.
    pub(crate) groups: Option<Groups>,
    /// The model that is learned from, and what it is asked about.
    pub(crate) teacher: Option<Teacher>,
}

/// Fits on the train rows of `split` and nothing else.
pub(crate) fn prepare(run: &mut Run, plan: &Plan, data: &Data, split: &Split) -> Result<Ready, Fault> {
    let target = data.target()?;
    let train_rows = split.train();
    let preparation =
        Preparation::fit_with(&data.table, target, &train_rows, &plan.prepare, plan.tokenizer.as_ref())?;
    let train = preparation.apply(&data.table, &train_rows, Some(target))?;
    let valid = preparation.apply(&data.table, &split.valid(), Some(target))?;
    let changed = changed(run, plan, data, &preparation, &train_rows)?;
    let groups = mitigation::groups(&run.job, &data.table, &train_rows, &split.valid());
    let teacher = plan.teacher.as_ref().map(|of| of.teacher(plan, data, split, &preparation)).transpose()?;
    Ok(Ready { preparation, train, valid, train_rows, changed, groups, teacher })
}

/// What changes the texts of the train rows; none where nothing does.
fn changed(
    run: &mut Run,
    plan: &Plan,
    data: &Data,
    preparation: &Preparation,
    rows: &[u32],
) -> Result<Option<ChangedTexts>, Fault> {
    let TextChanges { words, synonyms, back, back_share } = &plan.changes;
    let Some(encoding) = &preparation.texts else { return Ok(None) };
    if words.is_empty() && back.is_empty() {
        return Ok(None);
    }
    let target = data.target()?;
    let changed =
        ChangedTexts::new(encoding, &data.table, &target.name, rows, words.clone(), Arc::clone(synonyms));
    if back.is_empty() {
        return Ok(Some(changed));
    }
    let texts: Vec<&str> = changed.texts().collect();
    let translations = there_and_back(back, &texts, &mut run.screen)?;
    Ok(Some(changed.with_translations(translations, *back_share)))
}
