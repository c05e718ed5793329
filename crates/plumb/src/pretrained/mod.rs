//! Weights that others have trained: a folder of this machine's user that keeps them by name, digests checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_learn::parameters::Arrays;
use plumb_learn::pretrained::Published;
use plumb_ledger::Sha256;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

mod add;
mod download;
mod source;

pub(crate) use add::add;
use source::Source;

/// Weights and what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Pretrained {
    /// The network that they fit.
    pub(crate) published: Published,
    /// Their values, under the network's published names.
    pub(crate) weights: Arc<Arrays>,
    /// The digest of the files that they were read from.
    pub(crate) sha256: Sha256,
}

/// What is known of kept weights.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The version of this format: 1.
    pub(crate) schema: u32,
    /// The name by which a job asks for them.
    pub(crate) name: String,
    /// The network.
    pub(crate) architecture: String,
    /// The digest of the kept file.
    pub(crate) sha256: Sha256,
    /// The digest of the file that was given.
    pub(crate) source_sha256: Sha256,
    /// How many numbers there are.
    pub(crate) numbers: usize,
    /// What an encoder of texts has beside its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoder: Option<Beside>,
}

/// The digests of what is kept beside the weights of an encoder of texts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    /// Of `config.json`.
    pub(crate) config: Sha256,
    /// Of `tokenizer.json`.
    pub(crate) tokenizer: Sha256,
}

/// What is kept between runs: in `$PLUMB_CACHE`, else in the folder `plumb` of the user's cache.
pub(crate) fn cache() -> Result<PathBuf, Fault> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = of("PLUMB_CACHE")
        .or_else(|| Some(of("XDG_CACHE_HOME")?.join("plumb")))
        .or_else(|| Some(of("HOME")?.join(".cache").join("plumb")));
    cache.ok_or_else(|| {
        Fault::failed("no folder for what is kept between runs")
            .hint("set `PLUMB_CACHE` to a folder that can be written")
    })
}

/// Where weights are kept.
fn folder() -> Result<PathBuf, Fault> {
    Ok(cache()?.join("pretrained"))
}

/// Whether a job names weights by where they are, not by the name under which they are kept.
pub(crate) fn is_path(wanted: &str) -> bool {
    wanted.contains(['.', '/', std::path::MAIN_SEPARATOR])
}

/// A name becomes a file's: letters, digits, `_` and `-` alone.
fn check_name(name: &str) -> Result<(), Fault> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.len() <= 100 && name.bytes().all(legal) {
        return Ok(());
    }
    Err(Fault::usage(format!("`{name}` is no name for weights"))
        .hint("use letters, digits, `_` and `-`, at most 100"))
}

/// What is kept, by name. What is no entry is passed over.
pub(crate) fn list() -> Result<Vec<Entry>, Fault> {
    let folder = folder()?;
    let Ok(files) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let entry = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.ok()?.path();
        let name = path.extension().filter(|of| *of == "json").and(path.file_stem())?.to_str()?;
        read_entry(&folder, name)
    };
    let mut entries: Vec<Entry> = files.filter_map(entry).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// A description is a few hundred bytes.
const LONGEST_ENTRY: u64 = 1 << 16;

fn read_entry(folder: &Path, name: &str) -> Option<Entry> {
    let path = folder.join(format!("{name}.json"));
    if std::fs::metadata(&path).ok()?.len() > LONGEST_ENTRY {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The weights that a job asks for: a kept name, a file or a folder.
pub(crate) fn load(wanted: &str) -> Result<Pretrained, Fault> {
    if is_path(wanted) {
        return Source::read(Path::new(wanted))?.pretrained();
    }
    check_name(wanted)?;
    let folder = folder()?;
    let Some(entry) = read_entry(&folder, wanted) else {
        let message = format!("no pretrained weights `{wanted}` on this machine");
        return Err(Fault::usage(message).hint(format!(
            "`plumb pretrained add FILE|FOLDER|hf:ORG/NAME` brings such weights; `plumb pretrained list` shows {}",
            names(&list()?)
        )));
    };
    let source = Source::kept(&folder, wanted, entry.encoder.is_some())?;
    if !source.is(&entry) {
        return Err(Fault::failed(format!("the weights `{wanted}` are not those that were added"))
            .hint("add them again: `plumb pretrained add`"));
    }
    Ok(Pretrained { sha256: entry.source_sha256, ..source.pretrained()? })
}

fn names(entries: &[Entry]) -> String {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
