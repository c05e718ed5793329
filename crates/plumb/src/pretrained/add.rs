//! Taking weights into the folder that keeps them.

use std::path::Path;

use plumb_learn::pretrained::Published;
use plumb_ledger::{Sha256, atomic};

use super::download::download;
use super::source::{Source, kept_files};
use super::{Entry, check_name, folder};
use crate::fault::Fault;

/// Takes weights into the folder, under `name` or the model's own: of a file, a folder, or `hf:ORG/NAME`.
pub(crate) fn add(source: &str, name: Option<&str>) -> Result<Entry, Fault> {
    let Some(model) = source.strip_prefix("hf:") else {
        let path = Path::new(source);
        let called = path.file_name().map(|name| name.to_string_lossy());
        return add_path(path, name, called.as_deref().unwrap_or_default());
    };
    let folder = folder()?;
    // Beside what is kept: on the same disk, and gone when the process ends in the usual way.
    let part = folder.join(format!("download-{}.part", std::process::id()));
    std::fs::create_dir_all(&part).map_err(|e| Fault::failed(format!("cannot keep the weights ({e})")))?;
    let called = model.rsplit('/').next().unwrap_or_default();
    let added = download(model, &part).and_then(|path| add_path(&path, name, called));
    let _removed = std::fs::remove_dir_all(&part);
    added
}

/// Takes what is at `path`, which its publisher calls `called`.
fn add_path(path: &Path, name: Option<&str>, called: &str) -> Result<Entry, Fault> {
    let source = Source::read(path)?;
    let (published, weights) = source.network()?;
    let own = match &published {
        Published::Picture(architecture) => architecture.name.to_owned(),
        // A point would make it look like a file's.
        Published::Encoder(_) => called.replace('.', "-"),
    };
    let name = name.unwrap_or(&own).to_owned();
    check_name(&name)?;
    let kept = weights.to_safetensors()?;
    let entry = Entry {
        schema: 1,
        architecture: published.name().to_owned(),
        sha256: Sha256::of(&kept),
        source_sha256: source.sha256(),
        numbers: weights.count(),
        encoder: source.digests(),
        name,
    };
    let folder = folder()?;
    let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot keep the weights ({e})"));
    std::fs::create_dir_all(&folder).map_err(|e| failed(&e))?;
    let text = serde_json::to_vec_pretty(&entry).map_err(|e| failed(&e))?;
    let beside = source.beside.iter().flatten().map(String::as_bytes);
    for (file, bytes) in kept_files(&entry.name).iter().zip(std::iter::once(kept.as_slice()).chain(beside)) {
        atomic::write_file(&folder.join(file), bytes).map_err(|e| failed(&e))?;
    }
    // Last: without it there is nothing.
    atomic::write_file(&folder.join(format!("{}.json", entry.name)), &text).map_err(|e| failed(&e))?;
    Ok(entry)
}
