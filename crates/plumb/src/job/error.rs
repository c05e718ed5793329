//! What can be wrong with a job, each with the place in the file.

use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use plumb_ledger::ExitCode;

/// A span of a job file, or of a `--set` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file as it was named, or `--set`.
    pub(crate) source: String,
    /// Its text.
    pub(crate) text: String,
    /// The bytes at fault.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// The bytes at fault, on one line.
    fn excerpt(&self) -> &str {
        let text = self.text.get(self.span.clone()).unwrap_or_default();
        text.lines().next().unwrap_or_default()
    }

    /// The lines around the fault with the fault underlined.
    fn snippet(&self) -> String {
        // A span past the end would panic in the renderer.
        let end = self.span.end.min(self.text.len());
        let span = self.span.start.min(end)..end;
        let snippet = Snippet::source(self.text.as_str())
            .path(self.source.as_str())
            .annotation(AnnotationKind::Primary.span(span));
        let report = [Level::ERROR.primary_title("").element(snippet)];
        let drawn = Renderer::plain().decor_style(DecorStyle::Ascii).render(&report);
        drawn.lines().skip(1).collect::<Vec<_>>().join("\n")
    }
}

/// What is wrong with a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The file cannot be read.
    #[error("cannot read the job ({source}): {}", path.display())]
    Read {
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The text is not TOML.
    #[error("{message}: {}", place.source)]
    Syntax {
        /// What the parser said.
        message: String,
        /// Where.
        place: Place,
    },
    /// No such key.
    #[error("unknown key `{key}`: {}", place.source)]
    UnknownKey {
        /// The key as typed.
        key: String,
        /// The near misses.
        hint: String,
        /// Where.
        place: Place,
    },
    /// The value is not legal.
    #[error("`{key}` is {}, legal is {legal}: {}", place.excerpt(), place.source)]
    WrongValue {
        /// The key.
        key: String,
        /// The legal values.
        legal: String,
        /// Where.
        place: Place,
    },
    /// A key that has no default is missing, or two keys contradict each other.
    #[error("{message}")]
    Contradiction {
        /// One lower-case sentence.
        message: String,
        /// What to change.
        hint: String,
    },
    /// `--set` without a `=`.
    #[error("`--set {text}` is not of the form `key=value`")]
    Override {
        /// The argument.
        text: String,
    },
}

impl JobError {
    /// A contradiction between keys.
    pub(crate) fn contradiction(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Contradiction { message: message.into(), hint: hint.into() }
    }

    /// What to change.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "`plumb init DATA` writes a job file".to_owned(),
            Self::Syntax { .. } => "a job file is TOML, see https://toml.io".to_owned(),
            Self::UnknownKey { hint, .. } | Self::Contradiction { hint, .. } => hint.clone(),
            Self::WrongValue { key, .. } => format!("`plumb explain-key {key}` tells what it does"),
            Self::Override { .. } => "for example `--set train.epochs=50`".to_owned(),
        }
    }

    /// The lines of the file at fault, drawn.
    pub(crate) fn snippet(&self) -> Option<String> {
        match self {
            Self::Syntax { place, .. } | Self::UnknownKey { place, .. } | Self::WrongValue { place, .. } => {
                Some(place.snippet())
            }
            _ => None,
        }
    }

    /// Wrong usage, always.
    #[expect(clippy::unused_self, reason = "the signature of every error's exit code")]
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}
