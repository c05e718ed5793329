//! The memory that requests hold, counted, so that many large ones together stay under a limit as each alone does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{ApiError, ErrorKind};

/// What may be held at once.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    held: AtomicUsize,
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    of: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicUsize::new(0) })
    }

    /// Nothing yet of the budget.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        Held { of: Arc::clone(self), bytes: 0 }
    }
}

impl Held {
    /// Holds more; an error where others hold too much.
    pub(crate) fn more(&mut self, bytes: usize) -> Result<(), ApiError> {
        let before = self.of.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > self.of.limit {
            return Err(ApiError::new(ErrorKind::Unavailable, "requests hold as much memory as they may"));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again() {
        let budget = Budget::new(10);
        let (mut one, mut other) = (budget.hold(), budget.hold());
        assert!(one.more(6).is_ok() && other.more(6).is_err());
        drop(other);
        assert!(one.more(4).is_ok() && one.more(1).is_err());
        drop(one);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
