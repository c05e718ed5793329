//! `retrain.json`, `ledger.json` and `report.html`: how a round ended. The last files of a round: where `retrain.json` is, the round is decided.

use std::path::Path;

use plumb_evaluate::retrain::{Compared, Decision, Rule, Untouched};
use plumb_ledger::{Ledger, Sha256, atomic};
use serde::{Deserialize, Serialize};

use super::trigger::Fired;
use crate::fault::Fault;
use crate::report;
use crate::run::files;

/// The file.
pub(super) const OUTCOME: &str = "retrain.json";
/// The version of the file.
pub(super) const SCHEMA: u32 = 1;

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    /// The version of the file.
    pub(crate) schema: u32,
    /// What the model is called.
    pub(crate) name: String,
    /// The round's folder.
    pub(crate) round: String,
    /// The alias that was to move; none for a bundle by itself.
    pub(crate) alias: Option<String>,
    /// The verdicts that asked for it; none by hand.
    pub(crate) trigger: Vec<Fired>,
    /// The new data.
    pub(crate) data: DataFacts,
    /// The model in use.
    pub(crate) champion: Side,
    /// The retrained one; none where its run was stopped by a gate.
    pub(crate) challenger: Option<Side>,
    /// What was asked of it.
    pub(crate) rule: Rule,
    /// The rows on which both were judged.
    pub(crate) untouched: Option<Untouched>,
    /// What these rows say.
    pub(crate) compared: Option<Compared>,
    /// Gates that the challenger fails and the champion does not.
    pub(crate) lost_gates: Vec<String>,
    /// What else it fails and the champion does not.
    pub(crate) new_fails: Vec<String>,
    /// What follows.
    pub(crate) decision: Decision,
    /// Why, with the figures.
    pub(crate) reason: String,
    /// Whether the alias was moved.
    pub(crate) promoted: bool,
    /// The verdict, as `ledger.json` has it.
    pub(crate) ledger: Ledger,
}

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Side {
    /// Its version in the registry.
    pub(crate) version: Option<u64>,
    /// The digest of its `bundle.json`.
    pub(crate) sha256: Sha256,
}

/// The new data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataFacts {
    /// Its files.
    pub(crate) files: usize,
    /// Its rows.
    pub(crate) rows: usize,
    /// The digest over those of its files.
    pub(crate) sha256: Sha256,
}

impl Outcome {
    /// Writes all three files, `retrain.json` last.
    pub(super) fn write_in(&self, folder: &Path) -> Result<(), Fault> {
        write(&folder.join(files::REPORT), report::render_retraining(self)?.as_bytes())?;
        write(&folder.join(files::LEDGER), &json(&self.ledger)?)?;
        write(&folder.join(OUTCOME), &json(self)?)
    }

    /// What happened, in a line.
    pub(crate) fn head(&self) -> String {
        let shown = |side: &Side| {
            side.version.map_or_else(|| self.name.clone(), |version| format!("{}:{version}", self.name))
        };
        let champion = shown(&self.champion);
        let challenger = self.challenger.as_ref().map_or_else(|| "the challenger".to_owned(), shown);
        match (&self.alias, self.promoted, self.decision) {
            (Some(alias), true, _) => {
                format!("promoted: {alias} points at {challenger}, before at {champion}")
            }
            (Some(alias), false, _) => {
                format!("refused: {alias} stays {champion}, {challenger} is not promoted")
            }
            (None, _, Decision::Promote) => format!(
                "better: {}/{}.plumb can take the place of {champion}; no registry was named, so nothing was promoted",
                self.round, self.name
            ),
            (None, _, Decision::Refuse) => format!("refused: {champion} stays"),
        }
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Fault::failed(format!("cannot write {OUTCOME} as JSON ({error})")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    atomic::write_file(path, bytes)
        .map_err(|error| Fault::failed(format!("cannot write the file ({error}): {}", path.display())))
}
