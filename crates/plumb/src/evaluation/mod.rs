//! The evaluation of any predictor on any rows: what `plumb evaluate` does.
//!
//! One direction: find the predictor, read the rows, tell which are train, valid and test, predict, measure, judge, write.

mod account;
mod answer;
mod card;
mod open;
mod parts;
mod several;

use std::collections::BTreeMap;
use std::path::Path;

use plumb_data::split::Part;
use plumb_data::{Kind, Predictor};
use plumb_evaluate::{EvaluateContext, Evaluation, Folds, Subject, metrics_file};
use plumb_ledger::{Entry, ExitCode};

use card::Card;
pub(crate) use open::{Ask, Ready, open};
pub(crate) use several::several;

use crate::console;
use crate::fault::Fault;
use crate::predictors::Opened;
use crate::report::{self, Predictions, RunFiles};
use crate::run::{self, Data, Run, Screen, files};

/// Evaluates, judges, writes and answers.
pub(crate) fn evaluate(ask: &Ask<'_>, screen: Screen) -> Result<ExitCode, Fault> {
    judged(ask, screen, "", answer::answer)
}

/// The same for groups of people alone: `fairness.*`.
pub(crate) fn groups(ask: &Ask<'_>, screen: Screen) -> Result<ExitCode, Fault> {
    judged(ask, screen, "fairness.", answer::of_groups)
}

/// What is said of an evaluation: for a person, or as JSON.
type Say = fn(&Run, &Evaluation, &serde_json::Value, bool) -> String;

fn judged(ask: &Ask<'_>, screen: Screen, practices: &str, say: Say) -> Result<ExitCode, Fault> {
    let (mut run, ready) = open(ask, screen)?;
    let answer = whole(&mut run, &ready, practices)
        .map(|(evaluation, metrics)| say(&run, &evaluation, &metrics, ask.json));
    if let (Err(_), Some(folder)) = (&answer, &run.folder) {
        folder.abandon();
    }
    console::result(answer?)?;
    let broken: Vec<&Entry> = run.ledger.broken_gates(ask.gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}

/// Measures, and asks the practices whose ids begin so.
fn whole(run: &mut Run, ready: &Ready, practices: &str) -> Result<(Evaluation, serde_json::Value), Fault> {
    let who = (ready.opened.predictor.as_ref(), ready.name.as_str());
    let evaluation = measured(run, ready, who, |run, context| {
        let mut asked = plumb_evaluate::practices();
        asked.retain(|practice| practice.page.id.starts_with(practices));
        run.judge(&asked, context);
    })?;
    let metrics = metrics_file(&evaluation, &ready.opened.target, None);
    write(run, ready, &evaluation, &metrics)?;
    Ok((evaluation, metrics))
}

/// Measures a predictor on the rows at hand and counts the look at them under a name; `judge` sees what was found.
pub(crate) fn measured(
    run: &mut Run,
    ready: &Ready,
    (predictor, name): (&dyn Predictor, &str),
    judge: impl FnOnce(&mut Run, &EvaluateContext<'_>),
) -> Result<Evaluation, Fault> {
    let Ready { data, opened: Opened { table, target, .. }, parts, .. } = ready;
    let (train, valid, test) = (&parts.train, &parts.valid, &parts.test);
    let subject = Subject { table, target, train, valid, test, predictor };
    let config = run::evaluate_config(run);
    let evaluation = plumb_evaluate::evaluate(&subject, &config)?;
    let reads = account::take(data, &subject, &evaluation, name, &run.screen);
    let context = EvaluateContext {
        subject,
        config: &config,
        evaluation: &evaluation,
        folds: Folds::default(),
        seeds: &[],
        transfer: None,
        reads: reads.as_ref(),
    };
    judge(run, &context);
    Ok(evaluation)
}

/// Writes what a run writes of its evaluation, and the page.
fn write(
    run: &Run,
    ready: &Ready,
    evaluation: &Evaluation,
    metrics: &serde_json::Value,
) -> Result<(), Fault> {
    let Some(folder) = &run.folder else { return Ok(()) };
    let target = &ready.opened.target;
    run.write_job()?;
    run.write_json(files::LEDGER, &run.ledger)?;
    run.write_json(files::WORST, &evaluation.worst)?;
    let predicted = run::predicted_rows(evaluation, Vec::new());
    run.write(files::PREDICTIONS, &run::predictions_file(target, &predicted)?)?;
    let name = run
        .job
        .data
        .files
        .last()
        .map(|file| Path::new(file).file_name().unwrap_or_default().to_string_lossy());
    let data = (name.as_deref().unwrap_or("the data"), ready.data.digest.as_str());
    let is = |kind: Kind| {
        ready.opened.table.columns().iter().any(|column| column.kind == kind && column.name != target.name)
    };
    let modality = if is(Kind::Image) {
        "image"
    } else if is(Kind::Text) {
        "text"
    } else {
        "tabular"
    };
    let card =
        Card { name: &ready.name, data, target: &target.name, modality, evaluation, ledger: &run.ledger };
    run.write(files::EVALUATION, card.text().as_bytes())?;
    let mut bytes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, value) in [
        (files::LEDGER, serde_json::to_vec(&run.ledger)),
        (files::WORST, serde_json::to_vec(&evaluation.worst)),
        (files::METRICS, serde_json::to_vec(metrics)),
    ] {
        let value = value.map_err(|e| Fault::failed(format!("cannot write {name} as JSON ({e})")))?;
        bytes.insert(name.to_owned(), value);
    }
    let mut of_run = RunFiles::from_bytes(&bytes)?;
    of_run.predictions =
        run::numbers_of(evaluation).map(|(actual, predicted)| Predictions { actual, predicted });
    folder.write(files::REPORT, report::render(&of_run)?.as_bytes())?;
    Ok(folder.write_json(files::METRICS, metrics)?)
}

/// The digest of the data and the part that is judged, for whoever keeps count.
fn judged_rows<'a>(data: &'a Data, evaluation: &'a Evaluation) -> (&'a str, Part, &'a [u32]) {
    let part = if evaluation.test.is_some() { Part::Test } else { Part::Valid };
    let rows = evaluation.judged().map(|part| part.scored.rows.as_slice()).unwrap_or_default();
    (data.digest.as_str(), part, rows)
}
