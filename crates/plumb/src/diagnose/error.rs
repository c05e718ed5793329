//! Why logs could not be diagnosed.

use std::io;
use std::path::PathBuf;

use plumb_ledger::{ExitCode, Explain};

use super::formats::FORMATS;
use super::log::Refused;

/// Why logs could not be diagnosed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// Nothing known stands there.
    #[error("no log of a known format: {}", path.display())]
    Unknown {
        /// The file or folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read ({source}): {}", path.display())]
    Io {
        /// What the system said.
        source: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// It is larger or deeper than is read.
    #[error("over the limit of {limit} {what}: {}", path.display())]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: u64,
        /// The file or folder.
        path: PathBuf,
    },
    /// It is of a known format but cannot be read.
    #[error("cannot read the log as {format} ({source}): {}", path.display())]
    Refused {
        /// The format that claimed it.
        format: &'static str,
        /// What is wrong.
        source: Refused,
        /// The log.
        path: PathBuf,
    },
    /// It holds no number.
    #[error("the log holds no number: {}", path.display())]
    Empty {
        /// The log.
        path: PathBuf,
    },
    /// A series that was named is not in it.
    #[error("no series `{name}`: {}", path.display())]
    NoSeries {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The log.
        path: PathBuf,
    },
    /// No series of it is a loss or a score.
    #[error("no series of the log is named like a loss: {}", path.display())]
    NoLoss {
        /// The names that there are.
        known: Vec<String>,
        /// The log.
        path: PathBuf,
    },
}

impl Explain for LogError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { .. } => {
                let known: Vec<String> =
                    FORMATS.iter().map(|format| format!("{}: {}", format.name, format.recognised)).collect();
                format!("known are {}", known.join("; "))
            }
            Self::Io { .. } => "name a file or a folder that you can read".to_owned(),
            Self::TooLarge { .. } => "name the folder of one run".to_owned(),
            Self::Refused { source: Refused::TooMuch { .. }, .. } => {
                "log fewer series, or not every step".to_owned()
            }
            Self::Refused { .. } | Self::Empty { .. } => "name another file of the run".to_owned(),
            Self::NoSeries { name, known, .. } => {
                plumb_ledger::nearest::did_you_mean(name, known.iter().map(String::as_str))
            }
            Self::NoLoss { known, .. } => {
                format!(
                    "`--train-loss NAME` and `--valid-loss NAME` say which are; the log has {}",
                    listed(known)
                )
            }
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoSeries { .. } => ExitCode::Usage,
            _ => ExitCode::Data,
        }
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    format!("{}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}
