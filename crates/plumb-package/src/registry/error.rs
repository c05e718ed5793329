//! Why a registry does not do what it was asked.

use std::path::PathBuf;

use plumb_ledger::atomic::WriteError;
use plumb_ledger::lock::LockError;
use plumb_ledger::{ExitCode, Explain};

/// Why a registry does not do what it was asked; it is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no registry.
    #[error("there is no registry: {}", path.display())]
    None {
        /// Where.
        path: PathBuf,
    },
    /// The registry is of another form.
    #[error("this is no registry of a form that is known here: {}", path.display())]
    Other {
        /// The file that says so.
        path: PathBuf,
    },
    /// The folder cannot be made.
    #[error("cannot make the registry ({reason}): {}", path.display())]
    Create {
        /// What the system said.
        reason: std::io::Error,
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read the registry ({reason}): {}", path.display())]
    Read {
        /// What the system said.
        reason: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file is not as it was written.
    #[error("the registry is damaged ({reason}): {}", path.display())]
    Form {
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// An object is not what its digest says.
    #[error("`{file}` of the bundle is damaged, its digest is another: {}", path.display())]
    Damaged {
        /// The file in the bundle.
        file: String,
        /// The object.
        path: PathBuf,
    },
    /// Not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// In use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A name that is none.
    #[error("`{name}` is no name for a model or an alias")]
    Name {
        /// It.
        name: String,
    },
    /// A reference that is none.
    #[error("`{text}` names no version")]
    Reference {
        /// It.
        text: String,
    },
    /// No such model.
    #[error("the registry has no model `{name}`")]
    Unknown {
        /// Its name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// No such version.
    #[error("`{name}` has no version {version}")]
    Version {
        /// The model.
        name: String,
        /// The number.
        version: u64,
        /// The versions that there are.
        known: Vec<u64>,
    },
    /// No such alias.
    #[error("`{name}` has no alias `{alias}`")]
    Alias {
        /// The model.
        name: String,
        /// The alias.
        alias: String,
        /// What there is.
        hint: String,
    },
    /// Nothing to go back to.
    #[error("alias `{alias}` of `{name}` has pointed at nothing else that is still there")]
    NoPrevious {
        /// The model.
        name: String,
        /// The alias.
        alias: String,
    },
    /// It points elsewhere than whoever wants to move it has seen.
    #[error("alias `{alias}` of `{name}` points at {} by now, not at {}", shown(*found), shown(*expected))]
    Moved {
        /// The model.
        name: String,
        /// The alias.
        alias: String,
        /// Where it was seen to point; none where there was no such alias.
        expected: Option<u64>,
        /// Where it points.
        found: Option<u64>,
    },
    /// A version that is pointed at.
    #[error("alias `{alias}` points at version {version} of `{name}`")]
    PointedAt {
        /// The model.
        name: String,
        /// The version.
        version: u64,
        /// The alias.
        alias: String,
    },
    /// A path that is none of a bundle.
    #[error("a file of the bundle has a name that leads elsewhere, or stands twice: `{0}`")]
    Path(String),
}

fn shown(version: Option<u64>) -> String {
    version.map_or_else(|| "nothing".to_owned(), |version| format!("version {version}"))
}

impl Explain for RegistryError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None { .. } => "`plumb registry add BUNDLE --registry DIR` makes one".to_owned(),
            Self::Other { .. } => "name another folder by `--registry`, or a newer `plumb`".to_owned(),
            Self::Damaged { .. } => "add the bundle again: that mends the object".to_owned(),
            Self::Form { .. } => {
                "restore the file from a copy: nothing writes it but the registry".to_owned()
            }
            Self::Lock(_) => "wait until the other process is done".to_owned(),
            Self::Name { .. } => {
                "letters, digits, `.`, `_` and `-`, at most 100, neither a dot nor a dash in front".to_owned()
            }
            Self::Reference { .. } => "write `NAME`, `NAME:3` or `NAME@champion`".to_owned(),
            Self::Unknown { hint, .. } | Self::Alias { hint, .. } => hint.clone(),
            Self::Version { known, .. } => format!("there are {known:?}"),
            Self::NoPrevious { name, alias, .. } => {
                format!("`plumb registry alias {name}:VERSION {alias}` points it elsewhere")
            }
            Self::Moved { .. } => "look at what it points at now, and decide again".to_owned(),
            Self::PointedAt { name, alias, .. } => {
                format!("point `{alias}` elsewhere first: `plumb registry alias {name}:VERSION {alias}`")
            }
            Self::Create { .. } | Self::Read { .. } | Self::Write(_) | Self::Path(_) => return None,
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Name { .. }
            | Self::Reference { .. }
            | Self::Unknown { .. }
            | Self::Version { .. }
            | Self::Alias { .. } => ExitCode::Usage,
            _ => ExitCode::Failed,
        }
    }
}
