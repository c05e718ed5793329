//! Exit codes of the `plumb` binary: a stable contract with scripts and CI.

/// How the process ended. The numbers never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// The work is done.
    Done = 0,
    /// Something failed that is none of the others: the disk, a bug.
    Failed = 1,
    /// Wrong usage or a job that cannot be run.
    Usage = 2,
    /// A practice named in `[gates]` failed.
    Gate = 3,
    /// The data cannot be used.
    Data = 4,
    /// Interrupted; `plumb run --resume` goes on.
    Interrupted = 5,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
