//! `plumb watch RUN`: a run in the terminal, while it goes on.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use plumb_ledger::clock::Clock as _;
use plumb_ledger::{ExitCode, Verdict};

use crate::clock::SystemClock;
use crate::console;
use crate::dashboard::store::Store;
use crate::dashboard::terminal::{Snapshot, plain, screen};
use crate::fault::Fault;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_millis(500);
/// Between two lines of a log.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Follow a run in the terminal
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb watch runs/adult-1\n  plumb watch runs/adult-1 | tee adult.log      (plain lines)\n  plumb watch runs/adult-1 --once --json"
)]
pub(crate) struct Args {
    /// The folder of the run
    run: PathBuf,
    /// Show it as it is and end
    #[arg(long)]
    once: bool,
    /// Print it as JSON; wants --once
    #[arg(long, requires = "once")]
    json: bool,
}

/// Follows until the run ends.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let store = Store::of_run(&args.run);
    let nothing = || {
        Fault::usage(format!("there is no run: {}", args.run.display()))
            .hint("name the folder of a run: `plumb run` says which it writes")
    };
    let first = Snapshot::take(&store).ok_or_else(nothing)?;
    if args.json {
        console::result(format_args!("{:#}", first.json()))?;
    } else if args.once {
        console::result(screen(&first, None).join("\n"))?;
    } else if std::io::stdout().is_terminal() {
        follow_on_screen(&store, first)?;
    } else {
        follow_in_lines(&store, first)?;
    }
    Ok(ExitCode::Done)
}

/// Draws the screen again over itself.
fn follow_on_screen(store: &Store, first: Snapshot) -> Result<(), Fault> {
    let clock = SystemClock::start();
    let (begun, mut now) = (first.steps, first);
    let mut drawn = 0;
    loop {
        let spent = clock.elapsed().as_secs_f64();
        let rate = (now.goes_on() && spent > 1.0).then(|| now.steps.saturating_sub(begun) as f64 / spent);
        let lines = screen(&now, rate);
        // Up to where the last screen began, and clear from there.
        let back = if drawn > 0 { format!("\x1b[{drawn}A\x1b[J") } else { String::new() };
        console::result(format_args!("{back}{}", lines.join("\n")))?;
        drawn = lines.len();
        if !now.goes_on() {
            return Ok(());
        }
        std::thread::sleep(LOOK);
        let Some(next) = Snapshot::take(store) else { return Ok(()) };
        now = next;
    }
}

/// A line now and then, and a line for each verdict that wants somebody.
fn follow_in_lines(store: &Store, first: Snapshot) -> Result<(), Fault> {
    let clock = SystemClock::start();
    let mut said = None;
    let mut known = BTreeSet::new();
    let mut now = first;
    loop {
        for entry in now.verdicts.iter().filter(|entry| entry.verdict <= Verdict::Warn) {
            if known.insert((entry.id.clone(), entry.verdict)) {
                let line = format!("{} {}: {}", entry.verdict.as_str(), entry.id, entry.summary);
                console::result(console::visible(&line))?;
            }
        }
        let elapsed = clock.elapsed();
        if said.is_none_or(|then| elapsed.saturating_sub(then) >= LINE_EVERY) || !now.goes_on() {
            said = Some(elapsed);
            console::result(plain(&now))?;
        }
        if !now.goes_on() {
            return Ok(());
        }
        std::thread::sleep(LOOK);
        let Some(next) = Snapshot::take(store) else { return Ok(()) };
        now = next;
    }
}
