//! MLflow: the run with its settings, curves, verdicts and data, at a tracking server.
//!
//! The id that the server gives the run stands in `mlflow.json` in the run folder, so that a resumed run goes on there.

mod batches;
mod client;
mod names;
mod registry;
mod surroundings;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plumb_ledger::atomic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::note::{Content, Ended, Judged, Note, Outcome, Settled, curves};
use super::settings::shown;
use super::{Destination, Kind, Patience};
use batches::{METRICS, PARAMS, TAGS, batches, number};
use client::{Client, Failure};
use names::{cut, key};
use plumb_learn::train::Event;
pub(crate) use registry::{Registration, register};
use surroundings::surroundings;

/// What is fixed about a tracking server.
pub(crate) const KIND: Kind = Kind {
    name: "MLflow",
    wants: |content| !matches!(content, Content::Pictures { .. } | Content::Event(Event::Layers { .. })),
    gather: Duration::from_secs(2),
    farewell: Duration::from_secs(5),
    longest_farewell: Duration::from_secs(30),
};

/// What the server is told of a run besides its notes.
#[derive(Debug)]
pub(crate) struct About {
    /// The server.
    pub(crate) address: String,
    /// The experiment that the run belongs to.
    pub(crate) experiment: String,
    /// The name of the run.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// When it began, in milliseconds since 1970.
    pub(crate) start_ms: u64,
    /// Its data.
    pub(crate) data: DataSet,
}

/// The data of a run.
#[derive(Debug)]
pub(crate) struct DataSet {
    /// Its files.
    pub(crate) files: Vec<String>,
    /// The digest over all of them.
    pub(crate) sha256: String,
    /// Rows and columns.
    pub(crate) extents: [usize; 2],
}

/// The tag by which a run is known before its id is.
const MARK: &str = "plumb.mark";
/// The file in the run folder that holds the run's id at the server.
const FILE: &str = "mlflow.json";

/// That file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The version of this format: 1.
    schema: u32,
    address: String,
    experiment_id: String,
    run_id: String,
}

/// A run at a tracking server.
#[derive(Debug)]
pub(crate) struct Tracking {
    client: Client,
    about: About,
    /// The id of the run, once the server has given it one.
    run_id: Option<String>,
    /// What the server would not take, and the first reason.
    refused: (u64, Option<Failure>),
}

impl Tracking {
    /// A run that the server is told of as soon as there is a note. The token is read from the environment.
    pub(crate) fn new(about: About) -> Self {
        let authorization = client::authorization(|name| std::env::var(name).ok());
        let client = Client::new(&about.address, authorization);
        Self { client, about, run_id: None, refused: (0, None) }
    }

    /// The id of the run: the one that it had before it was resumed, or a new one.
    fn begin(&mut self, patience: &Patience<'_>) -> Result<String, Failure> {
        let kept = self.kept();
        let run_id = match &kept {
            Some(kept) if self.goes_on(kept, patience)? => kept.run_id.clone(),
            _ => self.create(kept.as_ref(), patience)?,
        };
        self.run_id = Some(run_id.clone());
        Ok(run_id)
    }

    /// What an earlier part of this run has left.
    fn kept(&self) -> Option<Kept> {
        let bytes = std::fs::read(self.about.folder.join(FILE)).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.address == self.client.address()).then_some(kept)
    }

    /// Sets the run at work again; false where the server has it no more.
    fn goes_on(&self, kept: &Kept, patience: &Patience<'_>) -> Result<bool, Failure> {
        let body = json!({ "run_id": kept.run_id, "status": "RUNNING" });
        match self.client.post("runs/update", &body, patience) {
            Ok(_) => Ok(true),
            Err(Failure::Refused { status: 400 | 404, .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn create(&self, before: Option<&Kept>, patience: &Patience<'_>) -> Result<String, Failure> {
        let experiment_id = self.experiment(patience)?;
        let mut tags = surroundings(&self.about.folder);
        tags.push(("mlflow.runName".to_owned(), self.about.name.clone()));
        tags.extend(before.map(|kept| ("plumb.resumed-from".to_owned(), kept.run_id.clone())));
        let mark = format!("{}-{}", self.about.start_ms, std::process::id());
        tags.push((MARK.to_owned(), mark.clone()));
        let body = json!({
            "experiment_id": experiment_id,
            "start_time": self.about.start_ms,
            "run_name": self.about.name,
            "tags": tags_of(tags),
        });
        let mut tried = false;
        let answer = self.client.until_answered(patience, |timeout| {
            // The server may have made the run and been too slow to say so.
            let made = if tried { self.find(&experiment_id, &mark, timeout)? } else { Value::Null };
            tried = true;
            if made.is_null() {
                self.client.post_once("runs/create", &body, timeout)
            } else {
                Ok(json!({ "run": made }))
            }
        })?;
        let run_id = id(&answer["run"]["info"]["run_id"])?;
        let address = self.client.address().to_owned();
        let kept = Kept { schema: 1, address, experiment_id, run_id: run_id.clone() };
        let bytes = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        if let Err(error) = atomic::write_file(&self.about.folder.join(FILE), &bytes) {
            patience.say(&format!("a resumed run will be a new one there: {error}"));
        }
        Ok(run_id)
    }

    /// The run with a mark; null where there is none.
    fn find(&self, experiment_id: &str, mark: &str, timeout: Duration) -> Result<Value, Failure> {
        let filter = format!("tags.`{MARK}` = '{mark}'");
        let body = json!({ "experiment_ids": [experiment_id], "filter": filter, "max_results": 1 });
        let mut found = self.client.post_once("runs/search", &body, timeout)?;
        Ok(found.pointer_mut("/runs/0").map(Value::take).unwrap_or_default())
    }

    /// The id of the experiment, which is made where it is missing.
    fn experiment(&self, patience: &Patience<'_>) -> Result<String, Failure> {
        let name = cut(&self.about.experiment, 250);
        let find = || {
            let found =
                self.client.get("experiments/get-by-name", &[("experiment_name", &name)], patience)?;
            id(&found["experiment"]["experiment_id"])
        };
        match find() {
            Err(Failure::Refused { status: 404, .. }) => {}
            found => return found,
        }
        match self.client.post("experiments/create", &json!({ "name": name }), patience) {
            Ok(made) => id(&made["experiment_id"]),
            // Another run has made it meanwhile.
            Err(Failure::Refused { code, .. }) if code == "RESOURCE_ALREADY_EXISTS" => find(),
            Err(failure) => Err(failure),
        }
    }

    /// Sends what the server may refuse without any harm to the rest.
    fn log(&mut self, path: &str, body: &Value, patience: &Patience<'_>) -> Result<(), Failure> {
        match self.client.post(path, body, patience) {
            Ok(_) => Ok(()),
            Err(refusal @ Failure::Refused { .. }) => {
                self.refused.0 += 1;
                self.refused.1.get_or_insert(refusal);
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    fn log_all(&mut self, bodies: &[Value], patience: &Patience<'_>) -> Result<(), Failure> {
        bodies.iter().try_for_each(|body| self.log("runs/log-batch", body, patience))
    }

    fn notes(&mut self, notes: &[Arc<Note>], patience: &Patience<'_>) -> Result<(), Failure> {
        let run_id = self.run_id.clone().map_or_else(|| self.begin(patience), Ok)?;
        for note in notes {
            if let Content::Settled(settled) = &note.content {
                self.log_all(&batches(&run_id, PARAMS, params(settled)), patience)?;
                self.log("runs/log-inputs", &inputs(&run_id, &self.about.data), patience)?;
            }
        }
        let metrics = notes.iter().flat_map(|note| metrics(note)).collect();
        self.log_all(&batches(&run_id, METRICS, metrics), patience)?;
        for note in notes {
            if let Content::Ended(ended) = &note.content {
                self.log_all(&batches(&run_id, TAGS, tags_of(verdicts(ended))), patience)?;
                let status = status(ended.outcome);
                let body = json!({ "run_id": run_id, "status": status, "end_time": note.unix_ms });
                self.log("runs/update", &body, patience)?;
            }
        }
        Ok(())
    }
}

impl Destination for Tracking {
    fn take(&mut self, notes: &[Arc<Note>], patience: &Patience<'_>) -> Result<(), String> {
        self.notes(notes, patience).map_err(|failure| format!("{} {failure}", self.client.address()))
    }

    fn complaint(&self) -> Option<String> {
        let (count, first) = &self.refused;
        Some(format!(
            "{count} requests were in vain, the first: {} {}",
            self.client.address(),
            first.as_ref()?
        ))
    }
}

fn id(value: &Value) -> Result<String, Failure> {
    let message = || "an answer without an id".to_owned();
    let refused =
        || Failure::Refused { status: 200, code: "no MLflow server".to_owned(), message: message() };
    value.as_str().map(str::to_owned).ok_or_else(refused)
}

fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Finished => "FINISHED",
        Outcome::Failed => "FAILED",
        Outcome::Interrupted => "KILLED",
    }
}

/// The points of curves, sorted by key: writers of several runs then lock the database's rows in the same order.
fn metrics(note: &Note) -> Vec<Value> {
    let (step, figures) = match &note.content {
        Content::Event(event @ (Event::Step { step, .. } | Event::Epoch { step, .. })) => {
            (*step, curves(event))
        }
        Content::Measured(measured) => (measured.step, measured.figures.clone()),
        _ => return Vec::new(),
    };
    let metric = |(name, value): (String, f64)| json!({ "key": key(&name), "value": number(value), "timestamp": note.unix_ms, "step": step });
    sorted(figures).into_iter().map(metric).collect()
}

fn params(settled: &Settled) -> Vec<Value> {
    let settings = settled.settings.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
    let param =
        |(name, value): (String, String)| json!({ "key": key(&name), "value": cut(&value, names::PARAM) });
    sorted(settings).into_iter().map(param).collect()
}

fn tags_of(tags: Vec<(String, String)>) -> Vec<Value> {
    let tag =
        |(name, value): (String, String)| json!({ "key": key(&name), "value": cut(&value, names::TAG) });
    sorted(tags).into_iter().map(tag).collect()
}

fn sorted<T>(mut entries: Vec<(String, T)>) -> Vec<(String, T)> {
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// A tag for each practice.
fn verdicts(ended: &Ended) -> Vec<(String, String)> {
    let tag =
        |of: &Judged| (format!("plumb.{}", of.practice), format!("{}: {}", of.verdict.as_str(), of.summary));
    ended.verdicts.iter().map(tag).collect()
}

/// The body that names the data of a run.
fn inputs(run_id: &str, data: &DataSet) -> Value {
    let first = data.files.first().map_or("data", String::as_str);
    let name = std::path::Path::new(first).file_name().unwrap_or_default().to_string_lossy();
    let [rows, columns] = data.extents;
    json!({
        "run_id": run_id,
        "datasets": [{
            "tags": [{ "key": "mlflow.data.context", "value": "training" }],
            "dataset": {
                "name": cut(&name, 500),
                // 36 characters are what the server keeps.
                "digest": data.sha256.get(..36).unwrap_or(&data.sha256),
                "source_type": "local",
                "source": cut(&json!({ "uri": first, "files": data.files.len(), "sha256": data.sha256 }).to_string(), 60_000),
                "profile": json!({ "num_rows": rows, "num_columns": columns }).to_string(),
            },
        }],
    })
}

#[cfg(test)]
mod tests;
