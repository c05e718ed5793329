//! What other programs are told of a run: which destinations the job wants, and the notes of its stages.

use std::sync::Arc;

use plumb_evaluate::{Evaluation, PartEvaluation, Truth};
use plumb_learn::model::TabularNetwork;
use plumb_learn::parameters::declared;
use plumb_learn::train::Event;
use plumb_ledger::clock::Clock as _;
use plumb_ledger::{Entry, ExitCode, from_base64};

use super::gallery::{Gallery, Shown};
use super::history::Before;
use super::pipeline::Setup;
use super::screen::SharedClock;
use super::stage_data::Data;
use super::stage_evaluate::Measured;
use super::stage_train::Fit;
use super::{Run, files};
use crate::fault::Fault;
use crate::log::mlflow::{self, About, DataSet, Tracking};
use crate::log::note::{self, ClassScores, Content, Ended, Judged, Outcome, PictureGroup, Points, Settled};
use crate::log::tensorboard::{self, EventFile};
use crate::log::{Opening, settings};

/// Classes with a curve of their own, as many as the report draws.
const CURVES: usize = 20;
/// Rows shown as points: as many as a page moves smoothly.
const POINTS: usize = 4000;
/// The same where each row costs a pass through a network for pictures or texts.
const COSTLY_POINTS: usize = 600;

/// Sets the destinations to work that the job wants.
pub(crate) fn open(run: &mut Run, data: &Data) {
    let Some(folder) = &run.folder else { return };
    let clock = SharedClock::of(&run.screen);
    let events = run.job.log.tensorboard.then(|| EventFile::new(folder.join(files::TENSORBOARD)));
    let tracking = run.job.log.mlflow.as_ref().map(|address| {
        Tracking::new(About {
            address: address.clone(),
            experiment: run.job.log.mlflow_experiment.clone().unwrap_or_else(|| folder.name()),
            name: folder.name(),
            folder: folder.path().to_owned(),
            start_ms: clock.unix_ms(),
            data: DataSet {
                files: run.job.data.files.clone(),
                sha256: data.digest.to_string(),
                extents: [data.table.rows(), data.table.columns().len()],
            },
        })
    });
    let opening = Opening::new(Arc::new(clock));
    run.logs = opening.with(tensorboard::KIND, events).with(mlflow::KIND, tracking).open();
}

/// Everything is settled, the training begins, or goes on after these events.
pub(crate) fn settled(run: &Run, network: &TabularNetwork, before: &Before) {
    if run.logs.is_empty() {
        return;
    }
    let of_step = |event: &Event| if let Event::Step { step, .. } = event { Some(step + 1) } else { None };
    let first_step = before.events.iter().rev().find_map(of_step).unwrap_or(0);
    let (job, settings) = (run.job_text().unwrap_or_default(), settings(&run.job));
    let (network, told_beyond) = (declared(network), before.cut);
    send(run, Content::Settled(Settled { job, settings, network, first_step, told_beyond }));
    // An epoch comes after its steps, and counts them: where what came from this step on is void, it is told again.
    let is_void =
        |event: &&Event| matches!(event, Event::Epoch { step, .. } if told_beyond && *step >= first_step);
    for event in before.events.iter().filter(is_void) {
        send(run, Content::Event(event.clone()));
    }
}

/// The trained model was measured.
pub(crate) fn measured(run: &Run, setup: &Setup, fit: &Fit, measured: &Measured) {
    if run.logs.is_empty() {
        return;
    }
    let evaluation = &measured.evaluation;
    let points = if run.job.log.tensorboard { points(setup, fit, evaluation) } else { None };
    let judged = evaluation.judged();
    let content = note::Measured {
        step: fit.steps,
        settings: settings(&run.job),
        figures: figures(evaluation),
        curves: parts(evaluation).flat_map(|(name, part)| curves(name, part, &evaluation.classes)).collect(),
        confusion: judged.map(|part| part.confusion.clone()).unwrap_or_default(),
        classes: evaluation.classes.clone(),
        pictures: pictures(measured),
        points,
    };
    send(run, Content::Measured(Box::new(content)));
}

/// The run is over: all are told, given a bounded time, and what became of them is said.
pub(crate) fn ended(run: &Run, fault: Option<&Fault>) {
    let outcome = match fault.map(Fault::exit_code) {
        None => Outcome::Finished,
        Some(ExitCode::Interrupted) => Outcome::Interrupted,
        Some(_) => Outcome::Failed,
    };
    let judged = |entry: &Entry| Judged {
        practice: entry.id.clone(),
        verdict: entry.verdict,
        summary: entry.summary.clone(),
    };
    let verdicts = run.ledger.verdicts.iter().map(judged).collect();
    send(run, Content::Ended(Ended { outcome, verdicts }));
    run.logs.finish().iter().for_each(|line| run.screen.say(line));
}

fn send(run: &Run, content: Content) {
    run.logs.send(run.screen.clock().unix_ms(), content);
}

fn parts(evaluation: &Evaluation) -> impl Iterator<Item = (&'static str, &PartEvaluation)> {
    let parts = [("best_valid", &evaluation.valid), ("test", &evaluation.test)];
    parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)))
}

/// Metrics of the kept weights on both parts, and the primary one of each baseline.
fn figures(evaluation: &Evaluation) -> Vec<(String, f64)> {
    let of_parts = parts(evaluation).flat_map(|(name, part)| {
        part.metrics.iter().map(move |metric| (format!("{name}/{}", metric.name), metric.value))
    });
    let primary = evaluation.primary.metric.name;
    let of_baselines = evaluation.baselines.iter().filter_map(|baseline| {
        let metric = baseline.metrics.iter().find(|metric| metric.name == primary)?;
        Some((format!("baseline/{}/{primary}", baseline.name), metric.value))
    });
    of_parts.chain(of_baselines).collect()
}

/// Of the second of two classes, else of the first ones.
fn curves(part: &str, evaluated: &PartEvaluation, classes: &[String]) -> Vec<ClassScores> {
    let Truth::Classes(truth) = &evaluated.scored.truth else { return Vec::new() };
    let shown = if classes.len() == 2 { 1..2 } else { 0..classes.len().min(CURVES) };
    let of_class = |class: usize| {
        let scores = evaluated.scored.predicted.chunks_exact(evaluated.scored.width.max(1));
        let rows = scores.zip(truth).map(|(row, &truth)| (row[class], truth as usize == class)).collect();
        ClassScores { tag: format!("{part}/{}", classes[class]), rows }
    };
    shown.map(of_class).collect()
}

/// The groups of the report but those that were told while training went on.
fn pictures(measured: &Measured) -> Vec<PictureGroup> {
    let groups = measured.gallery.iter().flat_map(Gallery::groups);
    let shown = groups.filter(|group| group.across.is_none()).map(|group| PictureGroup {
        title: group.title.clone(),
        caption: group.caption.clone(),
        pngs: group.pictures.iter().filter_map(Shown::png).collect(),
    });
    let worst = measured.evaluation.worst.rows.iter().filter_map(|row| from_base64(row.picture.as_ref()?));
    let worst = PictureGroup {
        title: "Worst predictions".to_owned(),
        caption: "The rows with the largest loss.".to_owned(),
        pngs: worst.collect(),
    };
    std::iter::once(worst).chain(shown).collect()
}

/// Judged rows as what the network shows of them last.
fn points(setup: &Setup, fit: &Fit, evaluation: &Evaluation) -> Option<Points> {
    let scored = &evaluation.judged()?.scored;
    let is_costly = setup.ready.train.images.is_some() || setup.ready.train.texts.is_some();
    let most = if is_costly { COSTLY_POINTS } else { POINTS };
    let places: Vec<usize> = (0..scored.len()).step_by(scored.len().div_ceil(most).max(1)).collect();
    let rows: Vec<u32> = places.iter().map(|&place| scored.rows[place]).collect();
    let prepared = fit.model.preparation().apply(&setup.data.table, &rows, None).ok()?;
    let (name, values, width) = fit.model.last_activations(&prepared);
    let words: Vec<[String; 2]> = match &scored.truth {
        Truth::Classes(truth) => {
            let class = |code: u32| evaluation.classes.get(code as usize).cloned().unwrap_or_default();
            let predicted = scored.outcome().predicted_classes();
            places.iter().map(|&place| [class(truth[place]), class(predicted[place])]).collect()
        }
        Truth::Numbers(truth) => places
            .iter()
            .map(|&place| [truth[place], scored.predicted[place]].map(|x| x.to_string()))
            .collect(),
    };
    let mut labels = vec![["row", "true", "predicted"].map(str::to_owned).to_vec()];
    labels.extend(rows.iter().zip(words).map(|(row, [is, told])| vec![row.to_string(), is, told]));
    let title = format!("{name} of {} {} rows", rows.len(), evaluation.judged_name());
    Some(Points { title, values, width, labels })
}
