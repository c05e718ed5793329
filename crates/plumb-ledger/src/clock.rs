//! Time, handed in from above: only the binary reads the machine's clock.

use std::time::Duration;

/// A source of time. Durations come from [`Clock::elapsed`], which never goes backwards.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC, for stamps that a person reads. May jump.
    fn unix_ms(&self) -> u64;
    /// Time since the clock was made; monotonic.
    fn elapsed(&self) -> Duration;
}

/// A clock that stands still, for tests and for code whose output must not depend on time.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoppedClock {
    /// What [`Clock::unix_ms`] answers.
    pub unix_ms: u64,
}

impl Clock for StoppedClock {
    fn unix_ms(&self) -> u64 {
        self.unix_ms
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
