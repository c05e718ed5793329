//! `plumb compress RUN`: a smaller model made from a finished run, beside that run.
//!
//! One direction: open the run, make one variant after the other, measure all of them by turns, hold the last one against the first on the
//! same rows, judge, write. What is made is a run folder again, so that every command that takes a run takes it.

mod answer;
mod file;
mod int8;
mod latency;
mod smaller_network;
mod variant;
mod write;

use std::path::{Path, PathBuf};

use plumb_evaluate::compress::{CompressContext, Footprint, Kept, PRACTICES};
use plumb_evaluate::{Evaluation, Scored};
use plumb_ledger::{ExitCode, Verdict};
use plumb_onnx::{Calibration, WeightForm};

use crate::console;
use crate::evaluation::{self, Ask, Ready};
use crate::fault::Fault;
use crate::predictors::{GivenOptions, PixelOptions, Resize, Runtime, WiringOptions, trained_model};
use crate::run::{self, Run, Screen};
use variant::Variant;

/// Numbers of 8 bits in products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Int8 {
    /// With ranges that are measured before, on train rows.
    Static,
    /// With ranges that are measured at each request; products of matrices alone.
    Dynamic,
    /// Static, after some epochs of training in which numbers are rounded as they will be.
    Trained,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// The run.
    pub(crate) run: &'a Path,
    /// The job of a student that learns from the run.
    pub(crate) distill: Option<&'a Path>,
    /// The share of units that is left out.
    pub(crate) prune: Option<f64>,
    /// In how many steps.
    pub(crate) steps: usize,
    /// Epochs of training after each, or in which numbers are rounded; a tenth of the run's without one.
    pub(crate) epochs: Option<u64>,
    /// Products in 8 bits.
    pub(crate) int8: Option<Int8>,
    /// Weights alone in fewer bits.
    pub(crate) weights: Option<WeightForm>,
    /// How ranges follow from what was seen; the best of all without one.
    pub(crate) calibration: Option<Calibration>,
    /// What may be lost.
    pub(crate) budget: f64,
    /// Where the new run is written.
    pub(crate) out: Option<&'a Path>,
    /// Practices that end the command.
    pub(crate) gates: &'a [String],
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// Compresses, measures, judges, writes and answers.
pub(crate) fn compress(wishes: &Wishes<'_>, screen: Screen) -> Result<ExitCode, Fault> {
    let out = wishes.out.map_or_else(|| beside(wishes.run), Path::to_owned);
    let (mut run, ready) = evaluation::open(&asked(wishes, &out), screen)?;
    let answer = whole(&mut run, &ready, wishes);
    if let (Err(_), Some(folder)) = (&answer, &run.folder) {
        folder.abandon();
    }
    console::result(answer?)?;
    let broken: Vec<_> = run.ledger.broken_gates(wishes.gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}

/// `runs/adult-1-compressed` for `runs/adult-1`.
fn beside(run: &Path) -> PathBuf {
    let whole = std::path::absolute(run).unwrap_or_else(|_| run.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    run.with_file_name(format!("{name}-compressed"))
}

fn asked<'a>(wishes: &'a Wishes<'a>, out: &'a Path) -> Ask<'a> {
    let pixels = PixelOptions { scaling: None, size: None, resize: Resize::Stretch };
    Ask {
        predictor: wishes.run,
        data: &[],
        train: &[],
        parts: None,
        target: None,
        groups: &[],
        by: &[],
        given: GivenOptions::default(),
        wiring: WiringOptions { inputs: &[], classes: &[], runtime: Runtime::Embedded, pixels },
        overrides: &[],
        gates: wishes.gates,
        out: Some(out),
        json: wishes.json,
    }
}

fn whole(run: &mut Run, ready: &Ready, wishes: &Wishes<'_>) -> Result<String, Fault> {
    let mut variants = vec![Variant::original(trained_model(wishes.run)?)?];
    let mut source = wishes.run.to_owned();
    if let Some(job) = wishes.distill {
        let (student, folder) = smaller_network::distilled(run, wishes, job)?;
        variants.push(student);
        source = folder;
    }
    if let Some(share) = wishes.prune {
        let made = smaller_network::pruned(run, ready, &variants, wishes, share)?;
        variants.push(made);
    }
    if wishes.int8 == Some(Int8::Trained) {
        let made = int8::trained(run, ready, &variants, wishes)?;
        variants.push(made);
    }
    if wishes.int8.is_some() || wishes.weights.is_some() {
        let made = int8::made(run, ready, &variants, wishes)?;
        variants.push(made);
    }
    run.ledger.verdicts = write::ledger_of(&source)?.verdicts;
    latency::measure(run, ready, &mut variants)?;
    let scored = score(run, ready, &mut variants, wishes.budget)?;
    let (Some(first), Some(last)) = (variants.first(), variants.last()) else {
        return Err(Fault::failed("there is no model"));
    };
    let evaluation = judge_predictions(run, ready, last)?;
    let context = CompressContext {
        before: footprint(first),
        after: footprint(last),
        same_arithmetic: (wishes.weights.is_some() && variants.len() == 2)
            .then(|| "weights alone were stored in fewer bits: what is computed is as before".to_owned()),
        kept: scored,
        layers: last.layers.clone(),
    };
    run.judge(PRACTICES, &context);
    let found = file::CompressionFile::new(&variants, evaluation.primary.metric.name, &context);
    write::all(run, ready, (wishes.run, &source), (&variants, &found), &evaluation)?;
    Ok(answer::answer(run, &found, wishes.json))
}

fn footprint(of: &Variant) -> Footprint {
    Footprint { bytes: of.bytes(), parameters: of.parameters, latency: of.latency.clone() }
}

/// Every variant on the judged rows; what the last one kept of the first.
fn score(run: &mut Run, ready: &Ready, variants: &mut [Variant], budget: f64) -> Result<Option<Kept>, Fault> {
    let config = run::evaluate_config(run);
    let rows = ready.parts.judged();
    let (table, target) = (&ready.opened.table, &ready.opened.target);
    let train = if ready.parts.train.is_empty() { rows } else { &ready.parts.train };
    let primary = plumb_evaluate::Primary::choose(&config.primary, target, train, true)?;
    run.screen.begin("answering", variants.len() as u64);
    for (at, variant) in variants.iter_mut().enumerate() {
        variant.scored = Some(Scored::predict(variant.predictor(), table, target, rows)?);
        run.screen.advance(at as u64 + 1, &variant.name);
    }
    run.screen.end();
    let columns = (table, config.groups.as_slice());
    let first = variants.first().and_then(|of| of.scored.clone());
    for variant in variants.iter_mut() {
        variant.kept = first.as_ref().zip(variant.scored.as_ref()).and_then(|(first, own)| {
            Kept::new((first, own), primary.metric, budget, &config.bootstrap(), columns)
        });
    }
    Ok(variants.last().and_then(|last| last.kept.clone()))
}

/// Evaluates the last variant as a run is, and asks the practices of evaluation again; what only a training can answer stays.
fn judge_predictions(run: &mut Run, ready: &Ready, last: &Variant) -> Result<Evaluation, Fault> {
    let name = run.ledger.run.clone();
    evaluation::measured(run, ready, (last.predictor(), &name), |run, context| {
        for practice in plumb_evaluate::practices() {
            let judgement = (practice.judge)(context);
            if judgement.verdict != Verdict::Skipped || run.ledger.get(practice.page.id).is_none() {
                run.ledger.record(&practice.page, judgement);
            }
        }
    })
}
