//! The new data: read as the champion's job reads it, and refused where it does not go with that job.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plumb_data::read::{FileReport, Progress, Read, read};
use plumb_data::{Kind, Table, Target};
use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;
use plumb_ledger::nearest::did_you_mean;
use plumb_package::Bundle;
use plumb_package::description::Input;
use serde_json::Value;

use super::champion::Champion;
use super::outcome::DataFacts;
use crate::fault::Fault;
use crate::job::{self, Auto, JobFile};
use crate::run::{self, Screen, files, read_options};

/// A text of a job that stood for a place on another machine.
const ELSEWHERE: &str = "…/";
/// A column holds something else than the model reads when more of its values than this share cannot be read.
const UNREADABLE: f64 = 0.5;

/// The new data, with the job that it is trained by.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The champion's job with these files; what the model reads has the kinds that the champion knows.
    pub(super) job: JobFile,
    /// The rows.
    pub(super) table: Table,
    /// What is to be predicted.
    pub(super) target: Target,
    /// Each file.
    pub(super) files: Vec<FileReport>,
    /// The digest over those of all files, as a run has it.
    pub(super) digest: Sha256,
    /// What a person should hear.
    pub(super) notes: Vec<String>,
}

impl Incoming {
    /// Reads the data and holds its columns against the champion's.
    pub(super) fn read(
        champion: &Champion,
        data: &[PathBuf],
        overrides: &[String],
        screen: &Screen,
    ) -> Result<Self, Fault> {
        let of = &champion.bundle.description;
        let mut job = job_of(&champion.bundle, data, overrides)?;
        screen.say("reading the new data");
        let mut found = table_of(&job)?;
        check_columns(&found.table, &job, &of.inputs)?;
        let mut target = target_of(&found.table, &job)?;
        let first = found.table.clone();
        let mut differs = pin_kinds(&mut job, &first, &of.inputs);
        if target.task.is_classification() != of.task.is_classification() {
            let kind = if of.task.is_classification() { Kind::Category } else { Kind::Number };
            job.data.kinds.insert(of.target.clone(), kind);
            differs = true;
        }
        if differs {
            found = table_of(&job)?;
            check_values(&first, &found.table, &of.inputs)?;
            target = target_of(&found.table, &job)?;
        }
        if target.task != of.task {
            return Err(unfit(&format!(
                "`{}` has {} classes, and the model knows {}",
                of.target,
                target.classes.len(),
                of.classes.len()
            ))
            .hint("another task is another job: `plumb run` trains it"));
        }
        let mut notes = leave_out(&mut job, &found.table, &of.inputs);
        notes.extend(new_classes(&target, &of.classes));
        let mut digest = Sha256Hasher::default();
        found.report.files.iter().for_each(|file| digest.update(file.digest.as_str().as_bytes()));
        let job = run::resolved(job)?;
        let Read { table, report, .. } = found;
        Ok(Self { job, table, target, files: report.files, digest: digest.finish(), notes })
    }

    /// In short.
    pub(super) fn facts(&self) -> DataFacts {
        DataFacts { files: self.files.len(), rows: self.table.rows(), sha256: self.digest.clone() }
    }
}

fn unfit(why: &str) -> Fault {
    Fault::data(format!("the data does not go with the job: {why}"))
}

/// The job of the bundle with these files; what it had on another machine must be named anew.
fn job_of(bundle: &Bundle, data: &[PathBuf], overrides: &[String]) -> Result<JobFile, Fault> {
    let mut job = job::from_text(files::JOB, bundle.files.text_of(files::JOB)?, overrides)?;
    job.data.files = data.iter().map(|path| whole(path)).collect::<Result<_, _>>()?;
    // A table that the old data was held against is not there, and says nothing of the new.
    job.data.reference = job.data.reference.filter(|path| !path.starts_with(ELSEWHERE));
    let named = [
        ("prepare.tokenizer", &job.prepare.tokenizer),
        ("prepare.wordnet", &job.prepare.wordnet),
        ("model.pretrained", &job.model.pretrained),
        ("train.teacher", &job.train.teacher),
    ];
    let gone =
        |(_, path): &&(&str, &Option<String>)| path.as_ref().is_some_and(|path| path.starts_with(ELSEWHERE));
    if let Some((key, Some(path))) = named.iter().find(gone) {
        let name = path.trim_start_matches(ELSEWHERE);
        return Err(Fault::usage(format!(
            "the job names a file that is not in the bundle: `{key}` is `{name}`"
        ))
        .hint(format!("`--set {key}=PATH` says where it is here")));
    }
    if job.evaluate.primary == Auto::Auto {
        // Both are to be judged by one metric, which the new rows must not choose anew.
        let metrics: Value = bundle
            .files
            .text_of(files::METRICS)
            .ok()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        job.evaluate.primary =
            metrics["primary"].as_str().map_or(Auto::Auto, |name| Auto::Value(name.to_owned()));
    }
    Ok(job)
}

fn whole(path: &Path) -> Result<String, Fault> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.to_str().map(str::to_owned).ok_or_else(|| {
        Fault::usage(format!("the path is not UTF-8: {}", path.display())).hint("rename the file")
    })
}

fn table_of(job: &JobFile) -> Result<Read, Fault> {
    Ok(read(&read_options(job, job.data.files.clone()), &|_: Progress| {})?)
}

fn target_of(table: &Table, job: &JobFile) -> Result<Target, Fault> {
    let name = job.data.target.as_deref().unwrap_or_default();
    Ok(Target::of(table, name, job.data.kinds.get(name).copied())?)
}

/// Columns that the job names beside those that the model reads.
fn named(job: &JobFile) -> BTreeSet<&str> {
    let of = &job.evaluate;
    let mitigated = match &job.train.mitigation_column {
        Auto::Value(column) => Some(column),
        Auto::Auto => None,
    };
    let all = of.groups.iter().chain(&of.by).chain(&job.split.column).chain(mitigated);
    all.chain(&job.data.target).map(String::as_str).collect()
}

/// Every column that the model reads and the job names must be there.
fn check_columns(table: &Table, job: &JobFile, inputs: &[Input]) -> Result<(), Fault> {
    let wanted = inputs.iter().map(|input| input.name.as_str());
    let missing: Vec<&str> = wanted
        .chain(named(job))
        .filter(|name| table.column(name).is_none())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let shown: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let near = did_you_mean(first, table.names().collect::<Vec<_>>());
    Err(unfit(&format!("it has no column {}", shown.join(", "))).hint(near))
}

/// What the model reads keeps its kind, whatever the new values look like. Whether that changes how the data is read.
fn pin_kinds(job: &mut JobFile, table: &Table, inputs: &[Input]) -> bool {
    let mut differs = false;
    for input in inputs {
        let Some(kind) = Kind::ALL.iter().copied().find(|kind| kind.as_str() == input.kind) else { continue };
        differs |= table.column(&input.name).is_some_and(|column| column.kind != kind);
        job.data.kinds.entry(input.name.clone()).or_insert(kind);
    }
    differs
}

/// No column may have lost most of its values by being read as the model reads it.
fn check_values(before: &Table, after: &Table, inputs: &[Input]) -> Result<(), Fault> {
    for input in inputs {
        let (Some(found), Some(read)) = (before.column(&input.name), after.column(&input.name)) else {
            continue;
        };
        let present = found.len() - found.missing();
        let lost = read.missing().saturating_sub(found.missing());
        if lost as f64 > UNREADABLE * present as f64 {
            return Err(unfit(&format!(
                "column `{}` is `{}` for the model, and {lost} of {present} values cannot be read so",
                input.name, input.kind
            ))
            .hint("mend the column, or train a new model on it with `plumb run`"));
        }
    }
    Ok(())
}

/// A column that the champion does not read would be one that whoever asks the model does not send: it is left out, and said.
fn leave_out(job: &mut JobFile, table: &Table, inputs: &[Input]) -> Vec<String> {
    let known: BTreeSet<String> =
        inputs.iter().map(|input| input.name.as_str()).chain(named(job)).map(str::to_owned).collect();
    let reads_texts = inputs.iter().any(|input| input.kind == Kind::Text.as_str());
    let is_read = |kind: Kind| kind.is_table_input() || (reads_texts && kind == Kind::Text);
    let extra: Vec<String> = table
        .columns()
        .iter()
        .filter(|column| {
            is_read(column.kind)
                && !known.contains(&column.name)
                && !job.data.kinds.contains_key(&column.name)
        })
        .map(|column| column.name.clone())
        .collect();
    for name in &extra {
        job.data.kinds.insert(name.clone(), Kind::Ignore);
    }
    let shown: Vec<String> = extra.iter().map(|name| format!("`{name}`")).collect();
    let note = || format!("left out, because the champion does not read them: {}", shown.join(", "));
    (!extra.is_empty()).then(note).into_iter().collect()
}

fn new_classes(target: &Target, known: &[String]) -> Option<String> {
    let new: Vec<String> = target
        .classes
        .iter()
        .filter(|class| !known.contains(class))
        .map(|class| format!("`{class}`"))
        .collect();
    (!new.is_empty()).then(|| format!("classes that the champion does not know: {}", new.join(", ")))
}
