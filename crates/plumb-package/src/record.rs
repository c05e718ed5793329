//! What the papers of a bundle are drawn from: the files of a run, each with its digest.

use std::collections::BTreeMap;

use plumb_ledger::{Entry, ExitCode, Explain, Ledger, Sha256, Verdict};
use serde_json::Value;

use crate::Said;

/// Bytes of a file that is read: a ledger of a run with hundreds of groups has some hundred kilobytes.
const MOST: usize = 64 << 20;

/// The files of a run that are read, by what they are to the papers. Others that are handed in are left alone.
pub const READ: [&str; 10] =
    [JOB, LEDGER, METRICS, PROVENANCE, SPLIT, DATA, MODEL, PREPARATION, COMPRESS, EXPLANATION];

/// The resolved job.
pub const JOB: &str = "job.toml";
/// All verdicts.
pub const LEDGER: &str = "ledger.json";
/// The scores.
pub const METRICS: &str = "metrics.json";
/// Digests, seed, commit, toolchain.
pub const PROVENANCE: &str = "provenance.json";
/// The split in short.
pub const SPLIT: &str = "split.json";
/// The profile of the table.
pub const DATA: &str = "data.json";
/// The network.
pub const MODEL: &str = "model/model.json";
/// From a row to the network's inputs.
pub const PREPARATION: &str = "model/preparation.json";
/// What compression cost and bought.
pub const COMPRESS: &str = "compress.json";
/// Why the model says what it says.
pub const EXPLANATION: &str = "explanation.json";

/// Why no papers can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file that is needed is missing.
    #[error("the run has no `{0}`")]
    Missing(&'static str),
    /// A file is not what it should be.
    #[error("cannot read `{file}` ({reason})")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Explain for RecordError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) => "name the folder of a finished run".to_owned(),
            Self::Damaged { .. } => "the file is not as `plumb run` wrote it: run the job again".to_owned(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}

/// A file that figures come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Its name, `/` between folders.
    pub file: String,
    /// Its digest.
    pub sha256: Sha256,
}

impl Origin {
    /// As it stands behind a figure: `metrics.json` and the digest's first digits.
    pub fn cite(&self) -> String {
        format!("`{}` {}", crate::markdown::code(&self.file), self.sha256.short())
    }
}

/// A verdict and the ledger that it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub entry: Entry,
    /// The place of its ledger in [`Record::origins`].
    origin: usize,
}

/// A run as its papers see it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The name of the run.
    pub name: String,
    verdicts: Vec<Judged>,
    documents: BTreeMap<&'static str, (Value, usize)>,
    origins: Vec<Origin>,
}

impl Record {
    /// Reads the files of a run that [`READ`] names; `file` answers for a name with its bytes.
    pub fn read<'a>(name: &str, file: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, RecordError> {
        let mut record = Self {
            name: name.to_owned(),
            verdicts: Vec::new(),
            documents: BTreeMap::new(),
            origins: Vec::new(),
        };
        for name in READ {
            let Some(bytes) = file(name) else { continue };
            let origin = record.origin(name, bytes);
            record.documents.insert(name, (parsed(name, bytes)?, origin));
        }
        for needed in [JOB, LEDGER, METRICS] {
            if !record.documents.contains_key(needed) {
                return Err(RecordError::Missing(needed));
            }
        }
        if let Some(bytes) = file(LEDGER) {
            record.judged_in(LEDGER, bytes)?;
        }
        Ok(record)
    }

    /// Takes in what was found out after the run: the ledger, and the explanation where there is one, of a folder that `plumb evaluate`,
    /// `explain` or `fairness` wrote. Its verdicts stand in place of the run's, but for those that it skipped.
    pub fn add(
        &mut self,
        folder: &str,
        ledger: &[u8],
        explanation: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let name = |file: &str| format!("{folder}/{file}");
        self.judged_in(&name(LEDGER), ledger)?;
        if let Some(bytes) = explanation {
            let name = name(EXPLANATION);
            let value = parsed(&name, bytes)?;
            let origin = self.origin(&name, bytes);
            self.documents.insert(EXPLANATION, (value, origin));
        }
        Ok(())
    }

    /// A file's content; null where the run has none.
    pub fn value(&self, file: &str) -> &Value {
        self.documents.get(file).map_or(&Value::Null, |(value, _)| value)
    }

    /// Where a file's figures come from.
    pub fn origin_of(&self, file: &str) -> Option<&Origin> {
        self.documents.get(file).and_then(|(_, at)| self.origins.get(*at))
    }

    /// Every verdict, in the order of the ledger.
    pub fn verdicts(&self) -> impl Iterator<Item = &Judged> {
        self.verdicts.iter()
    }

    /// The verdict of a practice.
    pub fn verdict(&self, id: &str) -> Option<&Judged> {
        self.verdicts.iter().find(|judged| judged.entry.id == id)
    }

    /// The ledger that a verdict stands in.
    pub fn ledger_of(&self, judged: &Judged) -> Option<&Origin> {
        self.origins.get(judged.origin)
    }

    /// Every file that was read, in the order of their names.
    pub fn origins(&self) -> Vec<&Origin> {
        let mut origins: Vec<&Origin> = self.origins.iter().collect();
        origins.sort();
        origins.dedup();
        origins
    }

    /// What the job says of the model.
    pub fn said(&self) -> Result<Said, RecordError> {
        let card = &self.value(JOB)["card"];
        if card.is_null() {
            return Ok(Said::default());
        }
        serde_json::from_value(card.clone()).map_err(|error| damaged(JOB, error))
    }

    /// All verdicts as one ledger.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new(self.name.as_str());
        ledger.verdicts = self.verdicts.iter().map(|judged| judged.entry.clone()).collect();
        ledger
    }

    fn origin(&mut self, file: &str, bytes: &[u8]) -> usize {
        self.origins.push(Origin { file: file.to_owned(), sha256: Sha256::of(bytes) });
        self.origins.len() - 1
    }

    fn judged_in(&mut self, file: &str, bytes: &[u8]) -> Result<(), RecordError> {
        let ledger: Ledger = serde_json::from_slice(bytes).map_err(|error| damaged(file, error))?;
        let origin = self.origin(file, bytes);
        for entry in ledger.verdicts {
            let place = self.verdicts.iter().position(|old| old.entry.id == entry.id);
            match place.and_then(|place| self.verdicts.get_mut(place)) {
                Some(_) if entry.verdict == Verdict::Skipped => {}
                Some(old) => *old = Judged { entry, origin },
                None => self.verdicts.push(Judged { entry, origin }),
            }
        }
        Ok(())
    }
}

fn damaged(file: &str, reason: impl std::fmt::Display) -> RecordError {
    RecordError::Damaged { file: file.to_owned(), reason: reason.to_string() }
}

fn parsed(file: &str, bytes: &[u8]) -> Result<Value, RecordError> {
    if bytes.len() > MOST {
        return Err(damaged(file, format_args!("{} bytes, {MOST} at most", bytes.len())));
    }
    if file != JOB {
        return serde_json::from_slice(bytes).map_err(|error| damaged(file, error));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(file, error))?;
    toml::from_str(text).map_err(|error| damaged(file, error.message()))
}

/// A metric with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The metric.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// How many rows it is measured on.
    pub rows: Option<u64>,
    /// How the interval was found.
    pub method: String,
}

/// The metrics of a part or a baseline, in the order of the file; what is no number is left out.
pub fn figures(of: &Value) -> Vec<Figure> {
    let figure = |(name, of): (&String, &Value)| {
        Some(Figure {
            name: name.clone(),
            value: of["value"].as_f64()?,
            interval: of["low"].as_f64().zip(of["high"].as_f64()),
            rows: of["n"].as_u64(),
            method: of["method"].as_str().unwrap_or_default().to_owned(),
        })
    };
    of.as_object().into_iter().flatten().filter_map(figure).collect()
}

impl Record {
    /// The part that the model is judged on: `test`, or `valid` where there is no other.
    pub fn judged_part(&self) -> &str {
        self.value(METRICS)["judged"].as_str().unwrap_or("test")
    }

    /// The metrics of the judged part.
    pub fn judged(&self) -> Vec<Figure> {
        figures(&self.value(METRICS)[self.judged_part()])
    }

    /// The metric that the job is about.
    pub fn primary(&self) -> &str {
        self.value(METRICS)["primary"].as_str().unwrap_or_default()
    }

    /// The classes; none of a number.
    pub fn classes(&self) -> Vec<&str> {
        let classes = self.value(METRICS)["classes"].as_array();
        classes.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What is predicted.
    pub fn target(&self) -> &str {
        self.value(PREPARATION)["target"]
            .as_str()
            .or_else(|| self.value(JOB)["data"]["target"].as_str())
            .unwrap_or_default()
    }

    /// The input columns, each with its kind.
    pub fn inputs(&self) -> Vec<(&str, &str)> {
        let columns = self.value(PREPARATION)["columns"].as_array();
        columns
            .into_iter()
            .flatten()
            .filter_map(|of| Some((of["name"].as_str()?, of["kind"].as_str().unwrap_or("unknown"))))
            .collect()
    }

    /// What rows are to a model hub: `image`, `text` or `tabular`.
    pub fn modality(&self) -> &'static str {
        let kinds: Vec<&str> = self.inputs().into_iter().map(|(_, kind)| kind).collect();
        if kinds.contains(&"image") {
            "image"
        } else if kinds.contains(&"text") {
            "text"
        } else {
            "tabular"
        }
    }

    /// The task in the words of a model hub: `tabular-classification`.
    pub fn task(&self) -> String {
        let what = if self.value(METRICS)["task"] == "regression" { "regression" } else { "classification" };
        format!("{}-{what}", self.modality())
    }

    /// The network's name.
    pub fn network(&self) -> &str {
        let of_model = &self.value(MODEL)["network"]["preset"];
        self.value(JOB)["model"]["preset"].as_str().or_else(|| of_model.as_str()).unwrap_or("unknown")
    }

    /// The digest over the data's files; none where the run has not recorded it.
    pub fn data_sha256(&self) -> Option<&str> {
        self.value(PROVENANCE)["data_sha256"].as_str()
    }

    /// The names of the data's files, without their folders.
    pub fn data_files(&self) -> Vec<&str> {
        let files = self.value(JOB)["data"]["files"].as_array();
        files
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|path| path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path))
            .collect()
    }
}
