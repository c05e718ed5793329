//! The way of the data, in one direction: read, audit, split, prepare, preflight, train, evaluate, report.
//!
//! Each stage judges what it did, writes it down, and may end the run by a gate before the next one costs
//! anything. A resumed run goes the same way again: everything but the training is a function of job and data.

use plumb_ledger::ExitCode;
use plumb_ledger::clock::Clock as _;

use super::repeats::{self, Repeats};
use super::settle::{Plan, settle};
use super::stage_data::{self, Data};
use super::stage_evaluate::{self, PartRows};
use super::stage_prepare::{Ready, prepare};
use super::stage_split::{self, Parts};
use super::stage_train::{self, Which};
use super::{Run, interrupt, screen, stage_preflight, stage_report, summary};
use crate::console;
use crate::fault::Fault;

/// `plumb run`: everything.
pub(crate) fn run(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    interrupt::listen()?;
    let (data, parts, plan, ready) = until_training(&mut run)?;
    run.write_job()?;
    let spent = screen::duration(run.screen.clock().elapsed().as_secs_f64());
    run.screen.say(&format!("training begins after {spent}, {} epochs at most", plan.train.epochs));

    let mut fit = stage_train::fit(&mut run, &plan, &ready, Which::Main)?;
    stage_train::judge(&mut run, &plan, &ready, &mut fit)?;
    stage_train::write_model(&run, &fit.model)?;

    let mut repeats = Repeats::default();
    repeats::folds(&mut run, &plan, &data, &parts, &mut repeats)?;
    let rows = PartRows::read(&parts);
    repeats::seeds(&mut run, &plan, &data, &ready, &fit, rows.judged(), &mut repeats)?;

    let measured = stage_evaluate::stage(&mut run, &plan, &data, &parts, &rows, &fit, repeats)?;
    stage_report::stage(&run, &data, &measured, &fit)?;
    console::result(summary::of_run(&run, &measured, json))?;
    Ok(ExitCode::Done)
}

/// `plumb check`: everything before the training.
pub(crate) fn check(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    until_training(&mut run)?;
    run.write_job()?;
    console::result(summary::of_check(&run, json))?;
    Ok(ExitCode::Done)
}

/// `plumb audit`: the table alone.
pub(crate) fn audit(mut run: Run, json: bool) -> Result<ExitCode, Fault> {
    let data = stage_data::read(&mut run)?;
    stage_data::audit(&mut run, &data)?;
    console::result(summary::of_check(&run, json))?;
    Ok(ExitCode::Done)
}

fn until_training(run: &mut Run) -> Result<(Data, Parts, Plan, Ready), Fault> {
    let data = stage_data::read(run)?;
    stage_data::audit(run, &data)?;
    let parts = stage_split::split(run, &data)?;
    let mut plan = settle(run, &data, &parts.split().train())?;
    let ready = prepare(&plan, &data, parts.split())?;
    stage_preflight::preflight(run, &mut plan, &data, parts.split(), &ready)?;
    Ok((data, parts, plan, ready))
}
