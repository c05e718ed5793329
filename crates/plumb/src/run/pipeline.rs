//! The way of the data, in one direction: read, audit, split, prepare, preflight, train, evaluate, report.
//!
//! Each stage judges what it did, writes it down, and may end the run by a gate before the next one costs
//! anything. A resumed run goes the same way again: everything but the training is a function of job and data.

use plumb_ledger::ExitCode;
use plumb_ledger::clock::Clock as _;

use super::repeats::{self, Repeats};
use super::settle::{self, Plan, settle};
use super::stage_data::{self, Data};
use super::stage_evaluate::{self, PartRows};
use super::stage_prepare::{Ready, prepare};
use super::stage_split::{self, Parts};
use super::stage_train::{self, Which};
use super::{Run, interrupt, notes, screen, stage_preflight, stage_report, summary, trained_rows, transfer};
use crate::commit::Commit;
use crate::console;
use crate::fault::Fault;

/// All that is fixed before the training begins.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The table and its target.
    pub(crate) data: Data,
    /// Which rows are where.
    pub(crate) parts: Parts,
    /// What training is told.
    pub(crate) plan: Plan,
    /// What it is told it on.
    pub(crate) ready: Ready,
}

/// `plumb run`: everything.
pub(crate) fn run(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    interrupt::listen()?;
    let answer = whole(&mut run, json);
    notes::ended(&run, answer.as_ref().err());
    console::result(answer?)?;
    Ok(ExitCode::Done)
}

/// The same without an answer on stdout.
pub(crate) fn run_quietly(mut run: Run) -> Result<(), Fault> {
    interrupt::listen()?;
    let answer = whole(&mut run, false);
    notes::ended(&run, answer.as_ref().err());
    answer.map(drop)
}

/// Every stage; answers with the result for stdout.
fn whole(run: &mut Run, json: bool) -> Result<String, Fault> {
    let commit = Commit::here();
    let data = read(run)?;
    notes::open(run, &data);
    let setup = until_training(run, data)?;
    let spent = screen::duration(run.screen.clock().elapsed().as_secs_f64());
    run.screen.say(&format!("training begins after {spent}, {} epochs at most", setup.plan.train.epochs));

    let mut fit = stage_train::fit(run, &setup.plan, &setup.ready, Which::Main)?;
    stage_train::judge(run, &setup, &mut fit)?;
    stage_train::write_model(run, &fit.model)?;
    trained_rows::write(run, &setup)?;

    let mut repeats = Repeats::default();
    repeats::folds(run, &setup, &mut repeats)?;
    let rows = PartRows::read(&setup.parts);
    repeats::seeds(run, &setup, &fit, rows.judged(), &mut repeats)?;

    let beside = transfer::measure(run, &setup, &fit, rows.judged())?;

    let measured = stage_evaluate::stage(run, &setup, &rows, &fit, repeats, &beside)?;
    stage_report::stage(run, &setup.data, &measured, &fit, commit)?;
    notes::measured(run, &setup, &fit, &measured);
    Ok(summary::of_run(run, &measured, json))
}

/// `plumb check`: everything before the training.
pub(crate) fn check(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    let data = read(&mut run)?;
    until_training(&mut run, data)?;
    console::result(summary::of_check(&run, json))?;
    Ok(ExitCode::Done)
}

/// `plumb audit`: the table alone.
pub(crate) fn audit(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    let data = read(&mut run)?;
    stage_data::audit(&mut run, &data)?;
    console::result(summary::of_check(&run, json))?;
    Ok(ExitCode::Done)
}

/// Reads the data; when it cannot be used, no folder is left behind.
fn read(run: &mut Run) -> Result<Data, Fault> {
    let data = stage_data::read(run);
    if let (Err(_), Some(folder)) = (&data, &run.folder) {
        folder.abandon();
    }
    data
}

fn until_training(run: &mut Run, data: Data) -> Result<Setup, Fault> {
    stage_data::audit(run, &data)?;
    let parts = stage_split::split(run, &data)?;
    let plan = settle(run, &data, &parts.split().train())?;
    let ready = prepare(run, &plan, &data, parts.split())?;
    let mut setup = Setup { data, parts, plan, ready };
    stage_preflight::stage(run, &mut setup)?;
    setup.plan.train.identity =
        settle::identity(&run.job, &setup.data, setup.plan.pretrained.as_ref(), setup.plan.teacher.as_ref())?;
    run.write_job()?;
    Ok(setup)
}
