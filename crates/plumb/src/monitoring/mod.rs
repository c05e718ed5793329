//! `plumb monitor BUNDLE --log DIR`: what was served, beside what the model was judged on.
//!
//! One direction: open the bundle ([`bundle`]), read the log and what was found before, look (`plumb_serve::monitor`), judge, write
//! ([`folder`]), tell ([`webhook`], [`answer`]). The figures are a function of files; this module brings files, clock and network.

mod answer;
mod bundle;
mod fill;
mod folder;
mod labels;
mod webhook;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_ledger::clock::Clock as _;
use plumb_ledger::{Entry, ExitCode, Ledger};
use plumb_serve::monitor::practices::PRACTICES;
use plumb_serve::monitor::{Figures, Look, Mode, Wanted, read_log};

pub(crate) use fill::{Fill, fill};

use bundle::Monitored;
use folder::MonitorFolder;
use webhook::{Told, Webhook};

use crate::console;
use crate::fault::Fault;
use crate::run::{Screen, interrupt};

/// The name of the figures in a monitor folder.
pub(crate) const MONITOR: &str = "monitor.json";
/// Rows of a log that are looked at: the newest million.
const MOST_ROWS: usize = 1_000_000;
/// How often a wait looks whether it is to end.
const TICK: Duration = Duration::from_millis(200);

/// What is asked on the command line.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The bundle.
    pub(crate) bundle: &'a Path,
    /// The folder of the log.
    pub(crate) log: &'a Path,
    /// Files of labels.
    pub(crate) labels: &'a [PathBuf],
    /// The column of labels that names rows.
    pub(crate) id: &'a str,
    /// How rows are put into windows.
    pub(crate) mode: Mode,
    /// The chance of any false alarm.
    pub(crate) level: f64,
    /// Where the result is written; nowhere without it.
    pub(crate) out: Option<&'a Path>,
    /// How often to look; once without it.
    pub(crate) every: Option<Duration>,
    /// Who is told of verdicts that change.
    pub(crate) webhook: Option<&'a str>,
    /// Practices that end the command with code 3.
    pub(crate) gates: &'a [String],
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// Looks, once or again and again until Ctrl-C.
pub(crate) fn monitor(ask: &Ask<'_>, screen: &Screen) -> Result<ExitCode, Fault> {
    let monitored = Monitored::open(ask.bundle)?;
    let webhook = ask.webhook.map(Webhook::new).transpose()?;
    let mut state = State { folder: ask.out.map(MonitorFolder::take).transpose()?, ..State::default() };
    if let Some(folder) = &state.folder {
        (state.before, state.told) = folder.before()?;
    }
    let Some(every) = ask.every else {
        let ledger = look(ask, &monitored, &mut state, webhook.as_ref(), screen)?;
        return ended(&ledger, ask.gates);
    };
    interrupt::listen()?;
    loop {
        let ledger = look(ask, &monitored, &mut state, webhook.as_ref(), screen)?;
        let until = screen.clock().elapsed() + every;
        while !interrupt::asked() && screen.clock().elapsed() < until {
            std::thread::sleep(TICK.min(until.saturating_sub(screen.clock().elapsed())));
        }
        if interrupt::asked() {
            return ended(&ledger, ask.gates);
        }
    }
}

/// What goes on from look to look.
#[derive(Debug, Default)]
struct State {
    folder: Option<MonitorFolder>,
    before: Option<Figures>,
    told: Told,
}

/// One look.
fn look(
    ask: &Ask<'_>,
    monitored: &Monitored,
    state: &mut State,
    webhook: Option<&Webhook>,
    screen: &Screen,
) -> Result<Ledger, Fault> {
    let wanted = Wanted { version: &monitored.version, layout: &monitored.layout, from: 0, most: MOST_ROWS };
    let log = read_log(ask.log, &wanted)?;
    let labels = labels::read(ask.labels, ask.id, monitored)?;
    let replayed = log.rows.as_ref().and_then(|logged| monitored.replayed(&logged.rows));
    let look = Look {
        model: &monitored.name,
        bundle_sha256: &monitored.sha256,
        layout: &monitored.layout,
        preparation: monitored.model.preparation(),
        metric: monitored.metric,
        reference: &monitored.reference,
        reference_sha256: &monitored.reference_sha256,
        judged: monitored.judged.as_ref(),
        mode: ask.mode,
        level: ask.level,
        labels: labels.as_ref(),
        replayed,
        unix_ms: screen.clock().unix_ms(),
    };
    let figures = look.at(log, state.before.take());
    let mut ledger = Ledger::new(&monitored.name);
    ledger.judge_all(PRACTICES, &figures, |_| {});
    if let Some(webhook) = webhook {
        match webhook.tell(&figures, &ledger, &state.told) {
            Ok(told) => state.told = told,
            // Whoever was not told is told at the next look.
            Err(why) => screen.say(&format!("the webhook was not told: {why}")),
        }
    }
    if let Some(folder) = &state.folder {
        folder.write(&figures, &ledger, &state.told)?;
    }
    console::result(if ask.json {
        answer::json(&figures, &ledger)?
    } else {
        answer::text(&figures, &ledger)
    })?;
    state.before = Some(figures);
    Ok(ledger)
}

fn ended(ledger: &Ledger, gates: &[String]) -> Result<ExitCode, Fault> {
    let broken: Vec<&Entry> = ledger.broken_gates(gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}
