//! `plumb monitor BUNDLE --log DIR`: what was served, beside what the model was judged on.

use std::path::PathBuf;
use std::time::Duration;

use plumb_ledger::ExitCode;
use plumb_serve::monitor::Mode;

use crate::catalogue;
use crate::clock::SystemClock;
use crate::commands::practices;
use crate::fault::Fault;
use crate::monitoring::{Ask, Fill, fill, monitor};
use crate::run::Screen;

/// Judge what a model has served: drift, skew, quality
///
/// Reads the log that `plumb serve --log DIR` keeps and holds its windows beside the sample of the bundle. `--out` keeps what was found, so
/// that a look goes on where the one before ended, and so that looks are counted: the chance of any false alarm over all of them, of drift and of
/// quality each, is at most `--level`. Exit code 3 tells that a practice of `--gate` failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb monitor adult.plumb --log /var/log/adult --out monitor/adult\n  \
                  plumb monitor adult.plumb --log /var/log/adult --out monitor/adult --labels outcomes.csv --every 5m\n  \
                  plumb monitor adult.plumb --log /var/log/adult --out monitor/adult --window day --webhook https://chat.example/hook\n  \
                  plumb monitor adult.plumb --log replayed --replay last-year.csv --id customer")]
pub(crate) struct Args {
    /// The bundle of the model that was served
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The folder of the log
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
    /// A table of labels that came: a column with the names of rows and the target; may be named again
    #[arg(long, value_name = "DATA")]
    labels: Vec<PathBuf>,
    /// The column with the names of rows
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    id: String,
    /// Which rows are judged together: `rows:N`, `hour`, `day`, `week`, `month` (UTC), each once when it is complete; `last:N` or `all`, at
    /// each look anew
    #[arg(long, value_name = "WINDOW", default_value = "rows:1000")]
    window: Mode,
    /// The chance of any false alarm over all looks
    #[arg(long, value_name = "CHANCE", default_value_t = 0.01, value_parser = chance)]
    level: f64,
    /// A folder for `monitor.json`, `ledger.json` and `report.html`, and for the next look
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Look again and again: `30s`, `5m`, `1h`; until Ctrl-C
    #[arg(long, value_name = "TIME", value_parser = time, requires = "out")]
    every: Option<Duration>,
    /// Where verdicts that change are sent as JSON
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A practice that ends the command with exit code 3 when it fails; may be given several times
    #[arg(long = "gate", value_name = "ID", default_values = ["operate.skew", "operate.drift", "operate.performance"])]
    gates: Vec<String>,
    /// Fill the log with the rows of a table, answered by the bundle's model, and nothing else; may be named again
    #[arg(long, value_name = "DATA", conflicts_with_all = ["labels", "out", "every", "webhook", "json"])]
    replay: Vec<PathBuf>,
    /// The column that says when a row was served
    #[arg(long, value_name = "COLUMN", requires = "replay")]
    time: Option<String>,
    /// Print the figures and verdicts as JSON
    #[arg(long)]
    json: bool,
}

/// Looks at a log, or fills one.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if let Some(unknown) = args.gates.iter().find(|id| catalogue::page(id).is_none()) {
        return Err(practices::unknown(unknown));
    }
    let mut screen = Screen::new(SystemClock::start());
    if !args.replay.is_empty() {
        let ask = Fill {
            bundle: &args.bundle,
            log: &args.log,
            data: &args.replay,
            id: &args.id,
            time: args.time.as_deref(),
        };
        return fill(&ask, &mut screen).map(|()| ExitCode::Done);
    }
    let ask = Ask {
        bundle: &args.bundle,
        log: &args.log,
        labels: &args.labels,
        id: &args.id,
        mode: args.window,
        level: args.level,
        out: args.out.as_deref(),
        every: args.every,
        webhook: args.webhook.as_deref(),
        gates: &args.gates,
        json: args.json,
    };
    monitor(&ask, &screen)
}

fn chance(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|chance| *chance > 0.0 && *chance < 1.0);
    found.ok_or_else(|| "a chance is over 0 and under 1".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let found = units.iter().find_map(|(unit, seconds)| {
        let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(*seconds).filter(|seconds| (1..=30 * 86_400).contains(seconds))
    });
    found
        .map(Duration::from_secs)
        .ok_or_else(|| "write it as `30s`, `5m`, `1h` or `1d`, 30 days at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_chances_are_read() {
        assert_eq!(time("5m"), Ok(Duration::from_mins(5)));
        for wrong in ["", "5", "m", "0s", "-1s", "999999999999999999d", "31d", "5 m"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert!(chance("0.01").is_ok() && ["0", "1", "NaN", "x"].iter().all(|wrong| chance(wrong).is_err()));
    }
}
