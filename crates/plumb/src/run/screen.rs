//! What a person sees while a run works: verdicts as they come, and one bar with rate, time left and the
//! figures that matter. Without a terminal the bar is plain lines, a few seconds apart.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use plumb_ledger::clock::Clock;
use plumb_ledger::{Entry, Verdict};

use crate::clock::SystemClock;
use crate::console;

/// Between plain lines of progress: enough to see that it moves, few enough to keep a log readable.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The screen's clock, for whoever holds the screen's other half.
#[derive(Debug, Clone)]
pub(crate) struct SharedClock(Arc<SystemClock>);

impl SharedClock {
    /// The clock of a screen.
    pub(crate) fn of(screen: &Screen) -> Self {
        Self(Arc::clone(&screen.clock))
    }
}

impl Clock for SharedClock {
    fn unix_ms(&self) -> u64 {
        self.0.unix_ms()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The log on stderr, with a bar below it while there is one.
#[derive(Debug)]
pub(crate) struct Screen {
    clock: Arc<SystemClock>,
    terminal: bool,
    quiet: bool,
    bar: Option<ProgressBar>,
    work: Work,
}

#[derive(Debug, Default)]
struct Work {
    what: String,
    total: u64,
    /// Where the work began: not at 0 when it is resumed, which the rate must not count.
    first: Option<u64>,
    started: Duration,
    said: Duration,
}

impl Screen {
    /// A screen on this process's stderr.
    pub(crate) fn new(clock: SystemClock) -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self { clock: Arc::new(clock), terminal, quiet: false, bar: None, work: Work::default() }
    }

    /// A screen that shows nothing: for work that another screen tells of.
    pub(crate) fn quiet(clock: SystemClock) -> Self {
        Self { clock: Arc::new(clock), terminal: false, quiet: true, bar: None, work: Work::default() }
    }

    /// The machine's clock.
    pub(crate) fn clock(&self) -> &SystemClock {
        &self.clock
    }

    /// Writes one line to the log.
    pub(crate) fn say(&self, line: &str) {
        let line = console::visible(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| console::log(&line)),
            None if self.quiet => {}
            None => console::log(line),
        }
    }

    /// Writes a verdict to the log when a person should act on it.
    pub(crate) fn verdict(&self, entry: &Entry) {
        if matches!(entry.verdict, Verdict::Fail | Verdict::Warn) {
            self.say(&format!("{} {}: {}", entry.verdict.as_str(), entry.id, entry.summary));
        }
        if entry.verdict == Verdict::Fail {
            self.say(&format!("     remedy: {}", entry.remedy));
        }
    }

    /// Begins a piece of work of so many steps.
    pub(crate) fn begin(&mut self, what: &str, total: u64) {
        let started = self.clock.elapsed();
        self.work = Work { what: what.to_owned(), total, first: None, started, said: started };
        if self.terminal {
            let bar = ProgressBar::new(total).with_message(what.to_owned());
            let layout = "{msg} {wide_bar} {pos}/{len} {per_sec} {eta} left";
            // A layout of this program's own making that does not parse would only cost the bar its looks.
            bar.set_style(
                ProgressStyle::with_template(layout).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.bar = Some(bar);
        }
    }

    /// Shows how far the work is, with its figures: `loss 0.41, auroc 0.92`.
    pub(crate) fn advance(&mut self, done: u64, figures: &str) {
        let first = *self.work.first.get_or_insert(done);
        if let Some(bar) = &self.bar {
            if first > 0 && bar.position() == 0 {
                bar.set_position(first);
                bar.reset_eta();
            }
            bar.set_position(done);
            bar.set_message(format!("{} {figures}", self.work.what));
            return;
        }
        let now = self.clock.elapsed();
        if now.saturating_sub(self.work.said) < LINE_EVERY {
            return;
        }
        self.work.said = now;
        let spent = now.saturating_sub(self.work.started).as_secs_f64();
        let line = plain_line(&self.work.what, [first, done, self.work.total], spent, figures);
        self.say(&line);
    }

    /// Ends the work; the bar goes, what was said stays.
    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// `training 1200/51200 steps, 410/s, 2 min left, loss 0.41`.
fn plain_line(what: &str, [first, done, total]: [u64; 3], spent: f64, figures: &str) -> String {
    // The first news tells no rate.
    if done <= first {
        return format!("{what} {done}/{total}, {figures}");
    }
    let rate = (done - first) as f64 / spent.max(1e-9);
    let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
    format!("{what} {done}/{total}, {rate:.0}/s, {} left, {figures}", duration(left))
}

/// Seconds as a person says them.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_counts_its_own_steps_alone() {
        let line = plain_line("training", [100, 300, 500], 2.0, "loss 0.4");
        assert_eq!(line, "training 300/500, 100/s, 2.0 s left, loss 0.4");
    }

    #[test]
    fn durations_are_readable() {
        assert_eq!([0.25, 42.0, 600.0, 9000.0].map(duration), ["0.2 s", "42 s", "10 min", "2.5 h"]);
    }
}
