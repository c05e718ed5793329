//! The formats of logs: one file each, one row each in [`FORMATS`].
//!
//! A format finds its logs in a folder and reads one from bytes. Reading touches no file: [`super::find`] fetches the
//! bytes under the limits, so every reader can be given anything.

mod csv;
mod json;
mod jsonl;
mod mlflow;
mod plumb;
mod protobuf;
mod tensorboard;
#[cfg(test)]
mod tests;
mod trainer_state;

use std::path::{Path, PathBuf};

use super::log::{Log, Refused};

/// A format of logs.
#[derive(Debug)]
pub(crate) struct Format {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How it is recognised, in words.
    pub(crate) recognised: &'static str,
    /// The logs that a folder holds.
    pub(crate) find: fn(&Folder) -> Vec<Claim>,
    /// Whether a file with these first bytes is one; the path lends its name alone.
    pub(crate) is: fn(&Path, &[u8]) -> bool,
    /// Reads one.
    pub(crate) read: fn(&[Source]) -> Result<Log, Refused>,
}

/// The name of Plumb's own: its remedies are Plumb's keys.
pub(crate) const PLUMB: &str = "Plumb";

/// All formats; the first that claims a file has it.
pub(crate) static FORMATS: [Format; 6] =
    [plumb::FORMAT, mlflow::FORMAT, trainer_state::FORMAT, tensorboard::FORMAT, csv::FORMAT, jsonl::FORMAT];

/// A folder that is searched.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path.
    pub(crate) path: PathBuf,
    /// The names of the files in it, sorted.
    pub(crate) files: Vec<String>,
    /// The folders in it with the files in each, as paths from it, sorted; two levels at most are listed.
    pub(crate) folders: Vec<Inner>,
}

/// A folder in a folder.
#[derive(Debug)]
pub(crate) struct Inner {
    /// Its name.
    pub(crate) name: String,
    /// The files in it and in its own folders, as paths from it.
    pub(crate) files: Vec<String>,
}

impl Folder {
    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }
}

/// A log that a format found in a folder.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Its file from the folder; empty when the folder as a whole is the log.
    pub(crate) name: String,
    /// Its files, as paths from the folder, each with the part of the log that it is.
    pub(crate) files: Vec<(String, String)>,
    /// The folders in it that belong to this log, and are not searched for others.
    pub(crate) takes: Vec<String>,
}

/// A file of a log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// The part of the log that it is: `train`, `validation`, the name of a metric; often empty.
    pub(crate) part: String,
    /// What stands in it.
    pub(crate) bytes: Vec<u8>,
}

/// Claims for the files of a folder that by themselves are logs.
fn lone_files(folder: &Folder, is_one: impl Fn(&str) -> bool) -> Vec<Claim> {
    let files = folder.files.iter().filter(|file| is_one(file));
    let claim = |file: &String| Claim {
        name: file.clone(),
        files: vec![(String::new(), file.clone())],
        takes: Vec::new(),
    };
    files.map(claim).collect()
}

/// The lines of a text that are short enough to be read, and how many are not.
fn lines(bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (short, long): (Vec<_>, Vec<_>) = lines.partition(|line| line.len() <= super::limits::LINE_BYTES);
    (short, long.len())
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().map(std::ffi::OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| extensions.iter().any(|known| extension == **known))
}
