//! Why a tokenizer cannot be had, or cannot split a text.

use plumb_ledger::{ExitCode, Explain};

/// A tokenizer that was not read, not trained, or that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// The file is no tokenizer.
    #[error("not a tokenizer file ({0})")]
    Damaged(String),
    /// The file passes a limit.
    #[error("a tokenizer of more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        limit: usize,
    },
    /// The length leaves no room for the text.
    #[error("{length} tokens leave no room for a text beside {special} special ones")]
    TooShort {
        /// The length.
        length: usize,
        /// Tokens that every text gets.
        special: usize,
    },
    /// The train part gives no vocabulary.
    #[error("no vocabulary can be made of the train texts ({0})")]
    Untrained(String),
    /// A text could not be split.
    #[error("the tokenizer failed on a text ({0})")]
    Failed(String),
}

impl Explain for TokenizerError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Damaged(_) | Self::TooLarge { .. } => {
                "name a `tokenizer.json` of the `tokenizers` library, or leave it out"
            }
            Self::TooShort { .. } => "set `prepare.tokens` higher, or leave it at `auto`",
            Self::Untrained(_) => "check that the text column holds texts, or name a `tokenizer.json`",
            Self::Failed(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::Failed,
            Self::TooShort { .. } => ExitCode::Usage,
            _ => ExitCode::Data,
        }
    }
}
