//! Ctrl-C and SIGTERM: once asks the run to save and stop, twice stops it.

use std::sync::atomic::{AtomicBool, Ordering};

use plumb_ledger::ExitCode;

use crate::console;
use crate::fault::Fault;

static ASKED: AtomicBool = AtomicBool::new(false);
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Starts to listen; a second run of the same process finds it done.
pub(crate) fn listen() -> Result<(), Fault> {
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    ctrlc::set_handler(on_signal).map_err(|e| Fault::failed(format!("cannot listen for Ctrl-C ({e})")))
}

/// Whether the run has been asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the second Ctrl-C stops at once, whatever the other threads do"
)]
fn on_signal() {
    if ASKED.swap(true, Ordering::Relaxed) {
        std::process::exit(ExitCode::Interrupted as i32);
    }
    console::log("interrupted: stopping as soon as all is saved; once more stops at once");
}
