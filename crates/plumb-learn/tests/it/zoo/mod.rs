//! The zoo: mistakes that people really make, each planted into a job that is sound without it, and which practice says so.
//!
//! A fault is one row of a table: what is wrong, which practices are meant for it, and what plants it. Sound jobs stand beside them,
//! on which nothing may be said. `examples/zoo.rs` prints what was found; `scripts/compare/watch` makes a page of it.

mod by_hand;
mod case;
mod data;
mod models;
mod network;
mod pipelines;
mod sound;
mod trainings;

use plumb_ledger::{Judgement, Verdict};

pub(crate) use data::Kind;
pub(crate) use sound::SOUND;

/// A mistake.
pub(crate) struct Fault {
    /// What is wrong.
    pub(crate) name: &'static str,
    /// What the job learns from.
    pub(crate) kind: Kind,
    /// The practices that are there for it; one of them must warn or fail.
    pub(crate) meant: &'static [&'static str],
    /// Runs the job with the mistake in it.
    pub(crate) plant: fn(Kind) -> Vec<Found>,
}

/// A job without a mistake.
pub(crate) struct Sound {
    /// What it is.
    pub(crate) name: &'static str,
    /// Runs it.
    pub(crate) run: fn() -> Vec<Found>,
}

/// What a practice said.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) id: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) summary: String,
    /// The step at which it said so first; none before the training.
    pub(crate) step: Option<u64>,
}

impl Found {
    fn new(id: &'static str, judgement: Judgement, step: Option<u64>) -> Self {
        Self { id, verdict: judgement.verdict, summary: judgement.summary, step }
    }

    /// Whether a person is told.
    pub(crate) fn is_alarm(&self) -> bool {
        matches!(self.verdict, Verdict::Warn | Verdict::Fail)
    }
}

/// All mistakes, with the part of the job that each is in.
pub(crate) fn faults() -> impl Iterator<Item = (&'static str, &'static Fault)> {
    let areas = [("pipeline", pipelines::FAULTS), ("model", models::FAULTS), ("training", trainings::FAULTS)];
    areas.into_iter().flat_map(|(area, faults)| faults.iter().map(move |fault| (area, fault)))
}

/// What the practices meant for a mistake said, of those that said anything.
pub(crate) fn caught<'a>(fault: &Fault, found: &'a [Found]) -> Vec<&'a Found> {
    found.iter().filter(|found| found.is_alarm() && fault.meant.contains(&found.id)).collect()
}

#[test]
fn nearly_every_fault_is_caught_by_the_practice_meant_for_it() {
    let (mut planted, mut missed) = (0, Vec::new());
    for (area, fault) in faults() {
        planted += 1;
        let found = (fault.plant)(fault.kind);
        if caught(fault, &found).is_empty() {
            let others = found.iter().filter(|found| found.is_alarm());
            let shown = |found: &Found| format!("{} at {:?}: {}", found.id, found.step, found.summary);
            let others: Vec<String> = others.map(shown).collect();
            missed.push(format!("{area}, {}, {}: only {others:#?}", fault.kind.name(), fault.name));
        }
    }
    assert!(missed.len() * 20 <= planted, "{} of {planted}: {missed:#?}", missed.len());
}

#[test]
fn sound_jobs_raise_hardly_an_alarm() {
    let (mut verdicts, mut alarms) = (0, Vec::new());
    for job in SOUND {
        let found = (job.run)();
        verdicts += found.iter().filter(|found| found.verdict != Verdict::Skipped).count();
        let loud = found.iter().filter(|found| found.is_alarm());
        alarms.extend(loud.map(|found| format!("{}: {}: {}", job.name, found.id, found.summary)));
    }
    assert!(alarms.len() * 50 <= verdicts, "{} of {verdicts}: {alarms:#?}", alarms.len());
}
