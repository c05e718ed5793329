//! What every error of Plumb can tell beyond its one sentence.

use crate::ExitCode;

/// An error that knows what the person should change and how the process should end.
///
/// The sentence itself is the error's `Display`: one lower-case fragment without a final dot, values in
/// backticks, the file last.
pub trait Explain: std::error::Error {
    /// The job key or the command to change, for the `hint:` line.
    fn hint(&self) -> Option<String>;
    /// The exit code that this error ends the process with.
    fn exit_code(&self) -> ExitCode;
}
