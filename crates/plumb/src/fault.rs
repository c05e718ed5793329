//! The one error of the binary: a sentence, what to change, how the process ends.

use std::path::Path;

use plumb_ledger::{Entry, ExitCode, Explain};

use crate::console;
use crate::job::JobError;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Fault {
    message: String,
    details: Option<String>,
    hint: Option<String>,
    exit_code: ExitCode,
}

impl Fault {
    fn new(message: impl Into<String>, exit_code: ExitCode) -> Self {
        Self { message: message.into(), details: None, hint: None, exit_code }
    }

    /// Something failed that is neither the job's nor the data's fault.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(message, ExitCode::Failed)
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message, ExitCode::Usage)
    }

    /// The data cannot be used.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(message, ExitCode::Data)
    }

    /// Whoever read the result has had enough: no fault at all.
    pub(crate) fn reader_gone() -> Self {
        Self::new("", ExitCode::Done)
    }

    /// Practices named in `[gates]` failed.
    pub(crate) fn gate(broken: &[&Entry]) -> Self {
        let ids: Vec<String> = broken.iter().map(|entry| format!("`{}`", entry.id)).collect();
        let remedy = broken.first().map(|entry| entry.remedy.clone()).unwrap_or_default();
        Self::new(format!("stopped by `gates.fail`: {} failed", ids.join(", ")), ExitCode::Gate).hint(remedy)
    }

    /// Practices named by `--gate` failed.
    pub(crate) fn gate_named(broken: &[&Entry]) -> Self {
        let fault = Self::gate(broken);
        Self { message: fault.message.replacen("`gates.fail`", "`--gate`", 1), ..fault }
    }

    /// The run was interrupted and can be resumed.
    pub(crate) fn interrupted(folder: &Path) -> Self {
        let hint = format!("`plumb run --resume {}` goes on", folder.display());
        Self::new(format!("interrupted: {}", folder.display()), ExitCode::Interrupted).hint(hint)
    }

    /// What went wrong, in a sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// How the process ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.exit_code
    }

    /// Adds what to change.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it on stderr: `error: `, the lines at fault, `hint: `. Answers how the process ends.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            console::log(format_args!("error: {}", console::visible(&self.message)));
        }
        if let Some(details) = &self.details {
            console::log(details);
        }
        if let Some(hint) = &self.hint {
            console::log(format_args!("hint: {}", console::visible(hint)));
        }
        self.exit_code
    }
}

impl<E: Explain> From<E> for Fault {
    fn from(error: E) -> Self {
        let fault = Self::new(error.to_string(), error.exit_code());
        Self { hint: error.hint(), ..fault }
    }
}

impl From<JobError> for Fault {
    fn from(error: JobError) -> Self {
        let fault = Self::new(error.to_string(), error.exit_code());
        Self { details: error.snippet(), hint: Some(error.hint()), ..fault }
    }
}
