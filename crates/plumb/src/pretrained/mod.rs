//! Weights that others have trained: a folder of this machine's user that keeps them by name, digests checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_learn::models::pictures::architectures::{self, Architecture};
use plumb_learn::parameters::Arrays;
use plumb_learn::pretrained::{self, LARGEST};
use plumb_ledger::{Sha256, atomic};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Weights and what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Pretrained {
    /// The network that they fit.
    pub(crate) architecture: &'static Architecture,
    /// Their values, under the network's published names.
    pub(crate) weights: Arc<Arrays>,
    /// The digest of the file that they were read from.
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

/// Takes weights into the folder, under `name` or the architecture's: of a file, or of `hf:ORG/NAME`.
pub(crate) fn add(source: &str, name: Option<&str>) -> Result<Entry, Fault> {
    let Some(model) = source.strip_prefix("hf:") else { return add_file(Path::new(source), name) };
    let folder = folder()?;
    std::fs::create_dir_all(&folder).map_err(|e| Fault::failed(format!("cannot keep the weights ({e})")))?;
    // Beside what is kept: on the same disk, and gone when the process ends in the usual way.
    let part = folder.join(format!("download-{}.part", std::process::id()));
    let added = download(model, &part).and_then(|()| add_file(&part, name));
    let _removed = std::fs::remove_file(&part);
    added
}

/// Fetches the weights of a model of the Hugging Face hub by `curl`, which brings its own certificates and proxies.
fn download(model: &str, to: &Path) -> Result<(), Fault> {
    let legal = |part: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(letters)
    };
    if !matches!(model.split_once('/'), Some((org, name)) if legal(org) && legal(name)) {
        return Err(Fault::usage(format!("`hf:{model}` names no model")).hint("write `hf:ORG/NAME`"));
    }
    let hub = std::env::var("HF_ENDPOINT").unwrap_or_else(|_unset| "https://huggingface.co".to_owned());
    let address = format!("{}/{model}/resolve/main/model.safetensors", hub.trim_end_matches('/'));
    let most = LARGEST.to_string();
    let fixed = [
        "--fail",
        "--location",
        "--silent",
        "--show-error",
        "--proto",
        "=http,https",
        "--proto-redir",
        "=https",
    ];
    let output = std::process::Command::new("curl")
        .args(fixed)
        .args(["--connect-timeout", "20", "--max-filesize", &most, "--output"])
        .arg(to)
        .arg(&address)
        .output();
    let failed = |why: &str| {
        Fault::failed(format!("cannot fetch {address} ({})", why.trim()))
            .hint("fetch the file by other means, then `plumb pretrained add FILE`")
    };
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(&String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(failed(&format!("curl: {error}"))),
    }
}

fn add_file(file: &Path, name: Option<&str>) -> Result<Entry, Fault> {
    let bytes = read_file(file)?;
    let weights = pretrained::read(&bytes)?;
    let architecture = architecture_of(file, &weights)?;
    let name = name.unwrap_or(architecture.name);
    check_name(name)?;
    let kept = weights.to_safetensors()?;
    let entry = Entry {
        schema: 1,
        name: name.to_owned(),
        architecture: architecture.name.to_owned(),
        sha256: Sha256::of(&kept),
        source_sha256: Sha256::of(&bytes),
        numbers: weights.count(),
    };
    let folder = folder()?;
    let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot keep the weights ({e})"));
    std::fs::create_dir_all(&folder).map_err(|e| failed(&e))?;
    let text = serde_json::to_vec_pretty(&entry).map_err(|e| failed(&e))?;
    atomic::write_file(&folder.join(format!("{name}.safetensors")), &kept).map_err(|e| failed(&e))?;
    atomic::write_file(&folder.join(format!("{name}.json")), &text).map_err(|e| failed(&e))?;
    Ok(entry)
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

/// The weights that a job asks for: a kept name or a file.
pub(crate) fn load(wanted: &str) -> Result<Pretrained, Fault> {
    if wanted.contains('.') {
        let bytes = read_file(Path::new(wanted))?;
        let weights = pretrained::read(&bytes)?;
        let architecture = architecture_of(Path::new(wanted), &weights)?;
        return Ok(Pretrained { architecture, weights: Arc::new(weights), sha256: Sha256::of(&bytes) });
    }
    check_name(wanted)?;
    let folder = folder()?;
    let Some(entry) = read_entry(&folder, wanted) else {
        let message = format!("no pretrained weights `{wanted}` on this machine");
        return Err(Fault::usage(message).hint(format!(
            "`plumb pretrained add FILE|hf:ORG/NAME` brings such weights; `plumb pretrained list` shows {}",
            names(&list()?)
        )));
    };
    let bytes = read_file(&folder.join(format!("{wanted}.safetensors")))?;
    if Sha256::of(&bytes) != entry.sha256 {
        return Err(Fault::failed(format!("the weights `{wanted}` are not those that were added"))
            .hint("add them again: `plumb pretrained add FILE`"));
    }
    let architecture = architectures::named(&entry.architecture)?;
    let weights = pretrained::read(&bytes)?;
    Ok(Pretrained { architecture, weights: Arc::new(weights), sha256: entry.source_sha256 })
}

fn names(entries: &[Entry]) -> String {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn read_file(file: &Path) -> Result<Vec<u8>, Fault> {
    let failed = |why: String| {
        Fault::failed(format!("cannot read `{}` ({why})", file.display())).hint("name a file of weights")
    };
    let size = std::fs::metadata(file).map_err(|e| failed(e.to_string()))?;
    if !size.is_file() || size.len() > LARGEST {
        return Err(failed("no file of at most 4 GiB".to_owned()));
    }
    std::fs::read(file).map_err(|e| failed(e.to_string()))
}

fn architecture_of(file: &Path, weights: &Arrays) -> Result<&'static Architecture, Fault> {
    pretrained::architecture_of(weights).ok_or_else(|| {
        let known: Vec<&str> = architectures::ARCHITECTURES.iter().map(|of| of.name).collect();
        Fault::usage(format!("`{}` has the names of no known network", file.display()))
            .hint(format!("known are torchvision's and timm's {}", known.join(", ")))
    })
}
