//! Stage 2: part the rows, before anything is fitted, and judge the parts.

use std::sync::Arc;

use plumb_data::split::{self, Part, Split, SplitConfig, SplitContext, row_digests};
use plumb_data::{Labels, Target};
use serde_json::{Value, json};

use super::stage_data::Data;
use super::{Run, files, parquet_file};
use crate::fault::Fault;
use crate::job::SplitMethod;

/// The parts, and the folds when there are any.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What the practices look at: the split itself, with what it was made from.
    pub(crate) context: SplitContext,
    /// One split for each fold.
    pub(crate) folds: Vec<Split>,
}

impl Parts {
    /// The split.
    pub(crate) fn split(&self) -> &Split {
        &self.context.split
    }
}

/// Parts the rows, judges the parts, and writes which row is where.
pub(crate) fn split(run: &mut Run, data: &Data) -> Result<Parts, Fault> {
    let target = data.target()?;
    let config = config(run, target);
    let made = split::split(&data.table, target, &config)?;
    let folds = if config.folds > 0 { split::folds(&data.table, target, &config)? } else { Vec::new() };
    let context =
        SplitContext { table: data.table.clone(), target: target.clone(), split: Arc::new(made), config };
    let parts = Parts { context, folds };
    run.job.split.method = method_name(parts.context.config.method);
    run.judge(split::PRACTICES, &parts.context);
    if run.folder.is_some() {
        let digests = row_digests(&data.table);
        run.write(
            files::SPLIT,
            &parquet_file::split(parts.split().parts(), &folds_of_rows(&parts), &digests)?,
        )?;
        write_summary(run, &parts)?;
    }
    run.end_stage()?;
    Ok(parts)
}

/// Judges again how often the test part was read, and writes it down: at the end of the run.
pub(crate) fn close(run: &mut Run, parts: &Parts) -> Result<(), Fault> {
    run.judge_again(split::PRACTICES, "split.test-untouched", &parts.context);
    write_summary(run, parts)
}

fn config(run: &Run, target: &Target) -> SplitConfig {
    let of = &run.job.split;
    let method = match of.method {
        SplitMethod::Auto if target.task.is_classification() => split::SplitMethod::Stratified,
        SplitMethod::Auto | SplitMethod::Random => split::SplitMethod::Random,
        SplitMethod::Stratified => split::SplitMethod::Stratified,
        SplitMethod::Group => split::SplitMethod::Group,
        SplitMethod::Time => split::SplitMethod::Time,
        SplitMethod::Column => split::SplitMethod::Column,
    };
    let (valid, test, folds, repeats) = (of.valid, of.test, of.folds, of.repeats);
    SplitConfig { method, column: of.column.clone(), valid, test, folds, repeats, seed: run.seed() }
}

fn method_name(method: split::SplitMethod) -> SplitMethod {
    match method {
        split::SplitMethod::Auto => SplitMethod::Auto,
        split::SplitMethod::Random => SplitMethod::Random,
        split::SplitMethod::Stratified => SplitMethod::Stratified,
        split::SplitMethod::Group => SplitMethod::Group,
        split::SplitMethod::Time => SplitMethod::Time,
        split::SplitMethod::Column => SplitMethod::Column,
    }
}

/// For each repeat of the folds, the one that tests each row; 0 where none does. Folds count from 1 on over all repeats.
fn folds_of_rows(parts: &Parts) -> Vec<Vec<i32>> {
    let each = parts.context.config.folds.max(1);
    let mut of_repeats = vec![vec![0; parts.context.table.rows()]; parts.folds.len().div_ceil(each).max(1)];
    for (at, fold) in parts.folds.iter().enumerate() {
        for (row, _) in fold.parts().iter().enumerate().filter(|(_, part)| **part == Part::Test) {
            of_repeats[at / each][row] = at as i32 + 1;
        }
    }
    of_repeats
}

fn write_summary(run: &Run, parts: &Parts) -> Result<(), Fault> {
    let SplitContext { target, split, config, .. } = &parts.context;
    let of_part = |part: Part| json!({ "part": part.as_str(), "rows": split.count(part), "classes": class_counts(target, split, part) });
    let all = [Part::Train, Part::Valid, Part::Test, Part::Unused];
    let shown: Vec<Value> = all.into_iter().filter(|part| split.count(*part) > 0).map(of_part).collect();
    let summary = json!({
        "schema": 1,
        "method": config.method.as_str(),
        "column": config.column,
        "folds": config.folds,
        "repeats": config.repeats,
        "classes": target.classes,
        "parts": shown,
        "test_reads": split.test_reads(),
    });
    run.write_json(files::SPLIT_SUMMARY, &summary)
}

/// How many rows of each class a part has; counting labels is no read of the test part.
fn class_counts(target: &Target, split: &Split, part: Part) -> Vec<u64> {
    let mut counts = vec![0; target.classes.len()];
    if let Labels::Classes(codes) = &target.labels {
        for (code, _) in codes.iter().zip(split.parts()).filter(|(_, of)| **of == part) {
            if let Some(count) = code.and_then(|code| counts.get_mut(code as usize)) {
                *count += 1;
            }
        }
    }
    counts
}
