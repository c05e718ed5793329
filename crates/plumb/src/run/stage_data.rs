//! Stage 1: read the files, judge the table.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use plumb_data::audit::{self, AuditContext, Embedding};
use plumb_data::prepare::usual_side;
use plumb_data::read::{PART, PictureCache, Progress, Read, ReadOptions, ReadReport, read as read_files};
use plumb_data::{Kind, Table, Target};
use plumb_learn::pretrained::features;
use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;

use super::{Run, Screen, files, pictures};
use crate::fault::Fault;
use crate::job::{JobFile, SplitMethod};
use crate::pretrained::{self, Pretrained};

/// The data of a run.
#[derive(Debug)]
pub(crate) struct Data {
    /// The rows.
    pub(crate) table: Table,
    /// What is to be predicted; always there for a job with a target.
    pub(crate) target: Option<Target>,
    /// What reading found out.
    pub(crate) report: ReadReport,
    /// The digest over the digests of all files.
    pub(crate) digest: Sha256,
}

impl Data {
    /// The target of a job that has been checked to have one.
    pub(crate) fn target(&self) -> Result<&Target, Fault> {
        self.target.as_ref().ok_or_else(|| Fault::usage("`data.target` is missing"))
    }
}

/// How the job wants these files read.
pub(crate) fn read_options(job: &JobFile, files: Vec<String>) -> ReadOptions {
    ReadOptions {
        files,
        base: PathBuf::new(),
        kinds: job.data.kinds.clone(),
        target: job.data.target.clone(),
        delimiter: job.data.delimiter.byte(),
        header: job.data.header.value(),
        limits: job.limits.into(),
        pictures: picture_cache(job.limits.picture_cache_bytes),
    }
}

/// Where reduced pictures are kept; nowhere when the user has no folder for it.
fn picture_cache(most: u64) -> Option<PictureCache> {
    let folder = crate::pretrained::cache().ok().filter(|_| most > 0)?.join("pictures");
    Some(PictureCache { folder, most })
}

/// Reads the files and tells what was found in one line.
pub(crate) fn read(run: &mut Run) -> Result<Data, Fault> {
    let options = read_options(&run.job, run.job.data.files.clone());
    let read = read_shown(&options, &mut run.screen)?;
    for note in &read.report.notes {
        run.screen.say(note);
    }
    let table = if run.fast { every_nth(&read.table, &run.screen) } else { read.table };
    take_parts(run, &table);
    let name = run.job.data.target.clone();
    let kind = name.as_ref().and_then(|name| run.job.data.kinds.get(name)).copied();
    let target = name.map(|name| Target::of(&table, &name, kind)).transpose()?;
    let mut digest = Sha256Hasher::default();
    read.report.files.iter().for_each(|file| digest.update(file.digest.as_str().as_bytes()));
    run.screen.say(&found(&table, target.as_ref()));
    Ok(Data { table, target, report: read.report, digest: digest.finish() })
}

/// About 2,000 rows for a quick look: every n-th, so that a row's number leads back to the file.
fn every_nth(table: &Table, screen: &Screen) -> Table {
    /// Enough for a rate of a few per cent to show, few enough for the whole check to take seconds.
    const ROWS: usize = 2000;
    let step = table.rows() / ROWS;
    if step < 2 {
        return table.clone();
    }
    screen.say(&format!(
        "a quick look at one in {step} of {} rows: row 7 below is row {} of the data",
        table.rows(),
        7 * step
    ));
    table.keep(&(0..table.rows()).step_by(step).collect::<Vec<_>>())
}

/// Reads, and shows how far it is in mebibytes.
fn read_shown(options: &ReadOptions, screen: &mut Screen) -> Result<Read, Fault> {
    let state = Mutex::new((screen, false));
    let read = read_files(options, &|progress: Progress| {
        let Ok(mut state) = state.lock() else { return };
        if !state.1 {
            state.0.begin("reading", progress.total >> 20);
            state.1 = true;
        }
        state.0.advance(progress.bytes >> 20, "MiB");
    });
    if let Ok((screen, _)) = state.into_inner() {
        screen.end();
    }
    Ok(read?)
}

/// A folder of pictures whose subfolders are the parts is split by them, unless the job says otherwise.
fn take_parts(run: &mut Run, table: &Table) {
    let of_folder = table.column(PART).is_some_and(|column| column.kind == Kind::Ignore)
        && table.columns().iter().any(|column| column.images().is_some());
    if of_folder && run.job.split.method == SplitMethod::Auto {
        run.job.split.method = SplitMethod::Column;
        run.job.split.column = Some(PART.to_owned());
    }
}

/// `344 rows, 8 columns; species: 3 classes`.
fn found(table: &Table, target: Option<&Target>) -> String {
    let size = format!("{} rows, {} columns", table.rows(), table.columns().len());
    match target {
        None => size,
        Some(target) if target.classes.is_empty() => format!("{size}; `{}` is a number", target.name),
        Some(target) => format!("{size}; `{}` has {} classes", target.name, target.classes.len()),
    }
}

/// Judges the table and writes its profile.
pub(crate) fn audit(run: &mut Run, data: &Data) -> Result<(), Fault> {
    let mut context = AuditContext::new(data.table.clone(), data.report.clone(), run.seed());
    context.target.clone_from(&data.target);
    context.reference = reference(run)?;
    context.groups = known_columns(&data.table, "evaluate.groups", &run.job.evaluate.groups)?;
    context.sources = known_columns(&data.table, "evaluate.by", &run.job.evaluate.by)?;
    context.time =
        (run.job.split.method == SplitMethod::Time).then(|| run.job.split.column.clone()).flatten();
    context.parts =
        (run.job.split.method == SplitMethod::Column).then(|| run.job.split.column.clone()).flatten();
    context.declared_kinds = run.job.data.kinds.keys().cloned().collect();
    context.embedding = embedding(run, &context)?;
    run.judge(audit::PRACTICES, &context);
    if run.folder.is_some() {
        run.write_json(files::DATA, &audit::profile(&context))?;
    }
    run.end_stage()
}

/// What the network of `model.pretrained` sees of the pictures; none without such a network, pictures or classes.
fn embedding(run: &mut Run, context: &AuditContext) -> Result<Option<Embedding>, Fault> {
    let rows = context.rows_to_embed();
    let images = context.table.columns().iter().find_map(|column| column.images());
    let (Some(images), Some(wanted), false) = (images, &run.job.model.pretrained, rows.is_empty()) else {
        return Ok(None);
    };
    let of = pretrained::load(wanted)?;
    let Some(architecture) = of.published.picture() else { return Ok(None) };
    let usual = usual_side(&images.set, &rows);
    let side = pictures::side(run.job.prepare.image_size, usual, architecture.name, Some(&of))?;
    let Pretrained { weights, .. } = of;
    run.screen.begin("looking at the pictures", rows.len() as u64);
    let mut progress = |done: usize| run.screen.advance(done as u64, "pictures");
    let weights = Arc::unwrap_or_clone(weights);
    let features = features(architecture, weights, &images.set, &rows, side, &mut progress);
    run.screen.end();
    Ok(Some(Embedding { network: architecture.name.to_owned(), rows, features: features? }))
}

fn reference(run: &Run) -> Result<Option<Table>, Fault> {
    let Some(file) = &run.job.data.reference else { return Ok(None) };
    // Its target may be missing or constant: only columns are compared.
    let options = ReadOptions { target: None, ..read_options(&run.job, vec![file.clone()]) };
    Ok(Some(read_files(&options, &|_: Progress| {})?.table))
}

fn known_columns(table: &Table, key: &str, names: &[String]) -> Result<Vec<String>, Fault> {
    match names.iter().find(|name| table.column(name).is_none()) {
        None => Ok(names.to_vec()),
        Some(wrong) => {
            let hint = plumb_ledger::nearest::did_you_mean(wrong, table.names());
            Err(Fault::usage(format!("`{key}` names column `{wrong}`, which is not in the data")).hint(hint))
        }
    }
}
