//! The processors of the machine, shared by models that work with several threads each: first come, first served.
//!
//! Who waits holds nothing, so that nobody waits for one that waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Processors, and who has them.
#[derive(Debug)]
pub struct Turns {
    all: usize,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The number that the next one to come draws.
    next: u64,
    /// The number whose turn it is.
    now: u64,
}

/// Some processors, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    count: usize,
}

impl Turns {
    /// So many processors, at least one.
    pub fn new(processors: usize) -> Self {
        let all = processors.max(1);
        Self { all, state: Mutex::new(State { free: all, next: 0, now: 0 }), wake: Condvar::new() }
    }

    /// Waits for so many of them, all at most.
    pub(crate) fn take(&self, count: usize) -> Turn<'_> {
        let count = count.clamp(1, self.all);
        let mut state = self.locked();
        let number = state.next;
        state.next += 1;
        while state.now != number || state.free < count {
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.now += 1;
        state.free -= count;
        drop(state);
        // The next one may want no more than what is left.
        self.wake.notify_all();
        Turn { turns: self, count }
    }

    /// Nothing panics while the lock is held.
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.locked().free += self.count;
        self.turns.wake.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_work_than_there_are_processors_and_all_get_their_turn() {
        let (turns, busy, most) = (Turns::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for client in 0..8 {
                let (turns, busy, most) = (&turns, &busy, &most);
                scope.spawn(move || {
                    for _ in 0..200 {
                        // More than there are counts as all.
                        let turn = turns.take(1 + client % 5);
                        most.fetch_max(
                            busy.fetch_add(turn.count, Ordering::SeqCst) + turn.count,
                            Ordering::SeqCst,
                        );
                        std::thread::yield_now();
                        busy.fetch_sub(turn.count, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn who_wants_all_is_not_passed_by_those_who_want_one() {
        let turns = Turns::new(2);
        let first = turns.take(1);
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (number, count) in [(1, 2), (2, 1)] {
                let (turns, order) = (&turns, &order);
                scope.spawn(move || {
                    let turn = turns.take(count);
                    order.lock().unwrap().push(count);
                    drop(turn);
                });
                while turns.locked().next <= number {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), [2, 1]);
    }
}
