//! A round's folder: `round-1`, `round-2`, ... with `round.json`, which says what the round is about, from its first moment.

use std::path::{Path, PathBuf};

use plumb_ledger::{Sha256, atomic};
use serde::{Deserialize, Serialize};

use super::champion::Champion;
use super::outcome::{self, Outcome};
use super::trigger::Fired;
use crate::fault::Fault;

/// The file.
const INTENT: &str = "round.json";
const PREFIX: &str = "round-";

/// What a round is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    /// The version of the file.
    schema: u32,
    /// The champion's name.
    name: String,
    /// The champion's version in the registry, where it has one.
    pub(super) version: Option<u64>,
    /// The champion's digest.
    pub(super) sha256: Sha256,
    /// The digest over those of the files of the new data.
    data_sha256: Sha256,
    /// What was asked for.
    settings_sha256: Sha256,
    /// What asked for it.
    pub(super) trigger: Vec<Fired>,
}

impl Intent {
    /// Of a round that is about to begin.
    pub(super) fn new(champion: &Champion, data: &Sha256, settings: Sha256, trigger: Vec<Fired>) -> Self {
        Self {
            schema: 1,
            name: champion.name.clone(),
            version: champion.version,
            sha256: champion.sha256.clone(),
            data_sha256: data.clone(),
            settings_sha256: settings,
            trigger,
        }
    }
}

/// A round that has begun.
#[derive(Debug)]
pub(super) struct Round {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What it is about.
    pub(super) intent: Intent,
}

/// What there is of a round for this model, this data and what is asked.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing: it would have this number.
    New(u64),
    /// It has begun and is not decided.
    Open(Round),
    /// It was decided.
    Decided(Box<Outcome>),
}

/// Looks for the round of these data and wishes. One that was decided counts as long as its champion or its challenger is the model in use:
/// when another one came, both are to be compared with that.
pub(super) fn find(
    out: &Path,
    champion: &Champion,
    data: &Sha256,
    settings: &Sha256,
) -> Result<Found, Fault> {
    let mut numbers = numbers(out)?;
    numbers.sort_unstable();
    for &number in numbers.iter().rev() {
        let folder = out.join(format!("{PREFIX}{number}"));
        // A folder without the file is what a kill has left: it is used again.
        let Some(intent) = read::<Intent>(&folder.join(INTENT))? else { continue };
        if intent.name != champion.name || intent.data_sha256 != *data || intent.settings_sha256 != *settings
        {
            continue;
        }
        let Some(outcome) = read::<Outcome>(&folder.join(outcome::OUTCOME))? else {
            let is_of_file = intent.version.is_none();
            if is_of_file && intent.sha256 != champion.sha256 {
                continue;
            }
            return Ok(Found::Open(Round { folder, intent }));
        };
        let sides = std::iter::once(&outcome.champion).chain(&outcome.challenger);
        if sides.into_iter().any(|side| side.sha256 == champion.sha256) {
            return Ok(Found::Decided(Box::new(outcome)));
        }
    }
    let begun =
        numbers.iter().rev().find(|&&number| out.join(format!("{PREFIX}{number}")).join(INTENT).exists());
    Ok(Found::New(begun.map_or(1, |number| number + 1)))
}

/// Whether a round has begun that is not decided.
pub(super) fn is_any_open(out: &Path) -> Result<bool, Fault> {
    let is_open = |number: &u64| {
        let folder = out.join(format!("{PREFIX}{number}"));
        folder.join(INTENT).exists() && !folder.join(outcome::OUTCOME).exists()
    };
    Ok(numbers(out)?.iter().any(is_open))
}

fn numbers(out: &Path) -> Result<Vec<u64>, Fault> {
    let failed =
        |error: std::io::Error| Fault::failed(format!("cannot read the folder ({error}): {}", out.display()));
    if !out.exists() {
        return Ok(Vec::new());
    }
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(out).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let number: Option<u64> = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        numbers.extend(number);
    }
    Ok(numbers)
}

/// A file of a round; none where there is none.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Fault> {
    let damaged = |why: String| {
        Fault::failed(format!("the file is damaged ({why}): {}", path.display()))
            .hint("nothing but `plumb retrain` writes it: move the round's folder away, or name another `--out DIR`")
    };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(damaged(error.to_string())),
    }
}

impl Round {
    /// Begins one. The rounds' folder is held by this process alone.
    pub(super) fn begin(out: &Path, number: u64, intent: Intent) -> Result<Self, Fault> {
        let folder = out.join(format!("{PREFIX}{number}"));
        let failed =
            |error: String| Fault::failed(format!("cannot begin the round ({error}): {}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
        let mut bytes = serde_json::to_vec_pretty(&intent).map_err(|error| failed(error.to_string()))?;
        bytes.push(b'\n');
        atomic::write_file(&folder.join(INTENT), &bytes).map_err(|error| failed(error.to_string()))?;
        Ok(Self { folder, intent })
    }

    /// `round-3`.
    pub(super) fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
