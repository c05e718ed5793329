//! Why a bundle is refused: one sentence, and the file that is to blame.

use plumb_ledger::{ExitCode, Explain};

/// A bundle that is not used, because of one file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}: {file}")]
pub struct Refusal {
    /// What is wrong.
    pub why: Why,
    /// The file, by its path in the bundle; the bundle itself where no single file is to blame.
    pub file: String,
}

impl Refusal {
    /// A refusal of that file. A path from outside is shown without what could act on a terminal.
    pub fn of(why: Why, file: impl AsRef<str>) -> Self {
        let shown: String =
            file.as_ref().chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect();
        Self { why, file: shown }
    }
}

/// What is wrong with a file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(String),
    /// It cannot be written.
    #[error("cannot be written ({0})")]
    Unwritable(String),
    /// A path that could reach elsewhere or mean two things.
    #[error("the path is refused ({0})")]
    Path(&'static str),
    /// A link, a device, a folder entry, an extension of the archive.
    #[error("{0}, and a bundle holds regular files alone")]
    NotAFile(&'static str),
    /// Two files under one name.
    #[error("stands twice")]
    Twice,
    /// Two paths that are one on some systems.
    #[error("its path differs from that of another file by case alone")]
    Case,
    /// A file where a folder is.
    #[error("is a file and a folder at once")]
    FileAndFolder,
    /// Larger or more than a bundle may be.
    #[error("over the limit of {limit} {what}")]
    Limit {
        /// Bytes, files, folders.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The archive is not as Plumb writes one.
    #[error("the archive is damaged or was not made by plumb ({0})")]
    Archive(&'static str),
    /// It is missing.
    #[error("is missing")]
    Missing,
    /// Nobody has listed it.
    #[error("was added, `bundle.json` does not list it")]
    Added,
    /// It differs from what was written.
    #[error("has changed, its SHA-256 is not the one that {0} states")]
    Changed(&'static str),
    /// It is not what it should be.
    #[error("is damaged ({0})")]
    Damaged(String),
    /// Of a later version.
    #[error("is of version {found} of the format, this plumb reads {known}")]
    Newer {
        /// What it says.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// Made to run code when it is loaded.
    #[error("is a pickle, an archive of pickles or another file that runs code when it is loaded ({0})")]
    RunsCode(&'static str),
    /// A kind of file that no bundle has.
    #[error("is of a kind that no bundle has")]
    Kind,
    /// No signature.
    #[error("there is no signature")]
    Unsigned,
    /// The signature is not of that key.
    #[error("the signature is not of this key")]
    WrongKey,
    /// The signature does not hold.
    #[error("the signature does not hold ({0})")]
    Signature(&'static str),
    /// It was not signed.
    #[error("was added, the signature does not cover it")]
    NotSigned,
}

impl Explain for Refusal {
    fn hint(&self) -> Option<String> {
        let hint = match &self.why {
            Why::Unwritable(_) => "`--out BUNDLE` takes another place",
            Why::Newer { .. } => "install the version of plumb that `bundle.json` names, or a later one",
            Why::RunsCode(_) => "keep weights as safetensors or ONNX; nothing of the file has been opened",
            Why::Unsigned => "ask for a signed bundle, or leave `--key` out to check digests alone",
            Why::WrongKey => "is it the key of whoever you trust? The bundle may be someone else's",
            Why::NotAFile("a hard link") => "copy the folder (`cp -r`), which makes files of its own",
            Why::Limit { .. } | Why::Unreadable(_) => "get the bundle again",
            _ => "get the bundle again from where it was made, and ask there if it stays so",
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}
