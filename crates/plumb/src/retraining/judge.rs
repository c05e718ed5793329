//! Champion and challenger on the same rows, which neither was trained on or chosen by.

use plumb_data::split::shown_digests;
use plumb_data::{Table, Target};
use plumb_evaluate::retrain::{Compared, Known, Untouched};
use plumb_evaluate::{EvaluateConfig, Scored};
use plumb_ledger::digest::Sha256Hasher;
use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{Entry, Ledger, Seed, Verdict};
use plumb_package::{Bundle, Refusal, TRAINED_ROWS, TrainedRows, Why};
use plumb_stats::{Metric, metrics};
use serde_json::Value;

use super::champion::Champion;
use super::incoming::Incoming;
use crate::comparison::{Predicted, rows_of};
use crate::fault::Fault;
use crate::predictors::{GivenOptions, Wanted, WiringOptions};
use crate::run::{Screen, files};

/// Practices that are gates whatever the job says: without them the comparison itself says nothing. Labels that are chance are so in the test
/// part too, where a model that guesses is better than one that knows; test rows out of their order flatter the challenger alone. Practices
/// that see more in more rows (leakage, near copies) are none of them: they would refuse for the number of rows.
const ALWAYS: [&str; 4] = [
    "split.group-disjoint",
    "split.time-ordered",
    "preflight.labels-match-inputs",
    "evaluate.beats-baseline",
];

/// The metric that decides: the one that is named, or the champion's own.
pub(super) fn metric(named: Option<&str>, champion: &Champion) -> Result<&'static Metric, Fault> {
    let own: Value = json(&champion.bundle, files::METRICS)?;
    let name = named.or_else(|| own["primary"].as_str()).unwrap_or_default();
    let task = champion.bundle.description.task;
    metrics::metric(name).filter(|metric| metric.tasks.contains(&task)).ok_or_else(|| {
        let known: Vec<&str> = metrics::of_task(task).map(|metric| metric.name).collect();
        Fault::usage(format!("no metric `{name}` of what `{}` predicts", champion.name))
            .hint(did_you_mean(name, known))
    })
}

fn json<T: serde::de::DeserializeOwned>(bundle: &Bundle, path: &str) -> Result<T, Fault> {
    let damaged = |error: serde_json::Error| Refusal::of(Why::Damaged(error.to_string()), path);
    Ok(serde_json::from_str(bundle.files.text_of(path)?).map_err(damaged)?)
}

/// What the challenger fails and the champion does not.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Of the gates of the job, those that are named, and [`ALWAYS`]; they refuse.
    pub(super) gates: Vec<String>,
    /// Of all others, but for the papers; they are told.
    pub(super) others: Vec<String>,
}

/// Holds the verdicts of both runs against each other.
pub(super) fn lost(
    champion: &Champion,
    challenger: &Bundle,
    of_job: &[String],
    named: &[String],
) -> Result<Lost, Fault> {
    let (before, after): (Ledger, Ledger) =
        (json(&champion.bundle, files::LEDGER)?, json(challenger, files::LEDGER)?);
    let fails = |entry: &&Entry| entry.verdict == Verdict::Fail;
    let newly = after.verdicts.iter().filter(fails).map(|entry| entry.id.clone());
    let newly = newly.filter(|id| before.get(id).as_ref().is_none_or(|entry| !fails(entry)));
    let is_gate = |id: &String| of_job.contains(id) || named.contains(id) || ALWAYS.contains(&id.as_str());
    let (gates, others): (Vec<String>, Vec<String>) = newly.partition(is_gate);
    Ok(Lost { gates, others: others.into_iter().filter(|id| !id.starts_with("package.")).collect() })
}

/// What both say, or why nothing can be said; the rows that were found for it.
pub(super) fn compared(
    champion: &Champion,
    challenger: &Bundle,
    incoming: &Incoming,
    metric: &'static Metric,
    screen: &mut Screen,
) -> Result<(Result<Compared, String>, Option<Untouched>), Fault> {
    let known = &champion.bundle.description;
    if known.task != challenger.description.task {
        return Ok((Err("the challenger's task is another one".to_owned()), None));
    }
    let test = test_rows(challenger)?;
    if test.is_empty() {
        return Ok((Err("the split of the job leaves no test part".to_owned()), None));
    }
    let (rows, untouched) = untouched(champion, incoming, &test)?;
    screen.say(&format!(
        "{} of {} test rows are judged; on {} the champion was trained, or it was chosen by them",
        rows.len(),
        untouched.test,
        untouched.left_out
    ));
    if rows.is_empty() {
        let why = format!("the champion knows every one of {} test rows", untouched.test);
        return Ok((Err(why), Some(untouched)));
    }
    let target = incoming.target.knowing(&known.classes).knowing(&challenger.description.classes);
    let sides =
        [&champion.bundle, challenger].map(|bundle| scored(bundle, &incoming.table, &target, &rows, screen));
    let [of_champion, of_challenger] = sides;
    let of = &incoming.job.evaluate;
    let config = EvaluateConfig {
        resamples: of.resamples,
        level: of.level,
        ..EvaluateConfig::new(Seed(incoming.job.train.seed))
    };
    let both = (&of_champion?, &of_challenger?);
    let columns = (&incoming.table, of.groups.as_slice());
    let compared = Compared::new(both, metric, &config.bootstrap(), columns);
    let why = || format!("`{}` is not defined on {} rows", metric.name, rows.len());
    Ok((compared.ok_or_else(why), Some(untouched)))
}

/// The rows of the challenger's test part.
fn test_rows(challenger: &Bundle) -> Result<Vec<u32>, Fault> {
    let damaged =
        |why: &dyn std::fmt::Display| Refusal::of(Why::Damaged(why.to_string()), files::PREDICTIONS);
    let bytes = challenger.files.bytes_of(files::PREDICTIONS)?;
    let predicted = Predicted::from_bytes(bytes).map_err(|why| damaged(&why))?;
    let places = rows_of(&predicted, "test");
    Ok(places.into_iter().filter_map(|place| predicted.rows.get(place).copied()).collect())
}

fn scored(
    bundle: &Bundle,
    table: &Table,
    target: &Target,
    rows: &[u32],
    screen: &mut Screen,
) -> Result<Scored, Fault> {
    let wanted = Wanted::Bundle(Box::new(bundle.clone()));
    let opened = wanted.open(table, target, (&GivenOptions::default(), &WiringOptions::default()), screen)?;
    Ok(Scored::predict(opened.predictor.as_ref(), table, target, rows)?)
}

/// Those of the test rows that the champion was neither trained on nor chosen by.
fn untouched(champion: &Champion, incoming: &Incoming, test: &[u32]) -> Result<(Vec<u32>, Untouched), Fault> {
    let (seen, known) = seen(champion, incoming)?;
    let is_new = |row: &u32| !seen.get(*row as usize).copied().unwrap_or(false);
    let rows: Vec<u32> = test.iter().copied().filter(is_new).collect();
    let left_out = test.len() - rows.len();
    Ok((rows, Untouched { test: test.len(), left_out, known }))
}

/// For each row of the new data whether the champion has seen it, and how that is known.
fn seen(champion: &Champion, incoming: &Incoming) -> Result<(Vec<bool>, Known), Fault> {
    let bundle = &champion.bundle;
    if bundle.files.get(TRAINED_ROWS).is_some() {
        let trained = TrainedRows::read(bundle.files.text_of(TRAINED_ROWS)?)
            .map_err(|why| Refusal::of(Why::Damaged(why), TRAINED_ROWS))?;
        let names: Vec<&str> = trained.columns.iter().map(String::as_str).collect();
        if let Some(digests) = shown_digests(&incoming.table, &names) {
            return Ok((trained.among(&digests), Known::Rows));
        }
    }
    let rows = incoming.table.rows();
    let Some(of_champion) = bundle.description.origin.data_sha256.as_deref() else {
        return Ok((vec![false; rows], Known::No));
    };
    Ok(match old_files(incoming, of_champion) {
        Some(files) => {
            let counts = incoming.files.iter().enumerate().map(|(at, file)| (files.contains(&at), file.rows));
            let seen = counts.flat_map(|(old, rows)| std::iter::repeat_n(old, rows));
            (seen.take(rows).collect(), Known::Files)
        }
        None => (vec![false; rows], Known::No),
    })
}

/// The files, one after the other, whose digest together is that of the champion's data.
fn old_files(incoming: &Incoming, of_champion: &str) -> Option<std::ops::Range<usize>> {
    let count = incoming.files.len();
    let digest = |files: std::ops::Range<usize>| {
        let mut digest = Sha256Hasher::default();
        incoming
            .files
            .get(files)
            .into_iter()
            .flatten()
            .for_each(|file| digest.update(file.digest.as_str().as_bytes()));
        digest.finish()
    };
    let starts = 0..count;
    let from_the_first = (1..=count).map(|end| 0..end);
    let single = starts.map(|at| at..at + 1);
    from_the_first.chain(single).find(|files| digest(files.clone()).as_str() == of_champion)
}
