//! `plumb retrain BUNDLE --data DATA`: a new model from new data, promoted only when it is better.

use std::path::PathBuf;
use std::time::Duration;

use plumb_evaluate::retrain::Rule;
use plumb_ledger::ExitCode;

use super::practices;
use crate::catalogue;
use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::retraining::{Wishes, retrain};
use crate::run::Screen;

/// Train a model's job on new data, and promote the result only when it is better
///
/// The job is that of the bundle, with its seed. The challenger is an ordinary run; then both models are asked about the same rows: the test part of that run without the rows that the champion was trained on or chosen by, which its bundle lists by their digests. It is promoted when the interval of what it gains (paired bootstrap of the metric that decides) lies above 0, and it fails no gate that the champion does not; else the champion stays, and the answer says by which figures.
///
/// In a registry the challenger becomes a version with its lineage. Promoted, the alias moves to it in one step, and `plumb registry rollback NAME champion` goes back; refused, `challenger` points at it. Where the alias points elsewhere by then, nothing is promoted.
///
/// Each round is a folder in `--out`. Given again, the same command goes on with a round that was killed anywhere, and answers from one that is decided. Exit code 0 whether promoted, refused or with nothing to do; 3 when refused and `--gate operate.retrained` is given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb retrain adult@champion --data adult-2026.csv\n  plumb retrain adult.plumb --data 2025.csv 2026.csv --target-metric auroc --least 0.005\n  \
                  plumb retrain adult@champion --data incoming/ --when monitor --dry-run\n  \
                  plumb retrain adult@champion --data incoming/ --when monitor --every 1h --key release.pub --sign release.pem\n  \
                  plumb retrain adult@champion --data adult-2026.csv --not-worse 0.002 --gate operate.retrained\n  plumb registry rollback adult champion"
)]
pub(crate) struct Args {
    /// A bundle, or the alias of a registry that is to move, such as `NAME@champion`
    #[arg(value_name = "BUNDLE|NAME@ALIAS")]
    champion: String,
    /// The new data: files, a folder, whatever `plumb run` takes
    #[arg(long, value_name = "DATA", num_args = 1.., required = true)]
    data: Vec<PathBuf>,
    /// The metric that decides; the one that the champion was chosen by otherwise
    #[arg(long, value_name = "METRIC")]
    target_metric: Option<String>,
    /// What the challenger must gain at least
    #[arg(long, value_name = "GAIN", default_value_t = 0.0, conflicts_with = "not_worse")]
    least: f64,
    /// Promote a challenger that is not worse than this: the whole interval of its gain lies above -MARGIN
    #[arg(long, value_name = "MARGIN")]
    not_worse: Option<f64>,
    /// The folder of the registry; `registry` here or that of your state folder otherwise
    #[arg(long, value_name = "DIR")]
    registry: Option<PathBuf>,
    /// The public key that the champion's signature must be of
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    /// The folder of the rounds, with `retrain.json` and `ledger.json` of the last one
    #[arg(long, value_name = "DIR", default_value = "retrain")]
    out: PathBuf,
    /// The folder of `plumb monitor`: nothing is done unless its `operate.drift` or `operate.performance` fails or warns
    #[arg(long, value_name = "DIR")]
    when: Option<PathBuf>,
    /// Do it again and again with this pause: `30s`, `5m`, `1h`, `1d`; each round stands in `log.jsonl`, and one that fails does not end it
    #[arg(long, value_name = "PAUSE", value_parser = pause)]
    every: Option<Duration>,
    /// End after so many rounds
    #[arg(long, value_name = "N", requires = "every", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// A key of the job and its value, over the bundle's: `train.seed=1`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// The private key that signs the challenger's bundle
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// A practice that the challenger must not fail where the champion does not; `operate.retrained` ends the command with exit code 3 when it fails; may be given several times
    #[arg(long = "gate", value_name = "ID")]
    gates: Vec<String>,
    /// Say what would be done, and do nothing
    #[arg(long, conflicts_with = "every")]
    dry_run: bool,
    /// Print the answer as JSON; in a loop a line for each round
    #[arg(long)]
    json: bool,
}

/// Retrains.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if let Some(unknown) = args.gates.iter().find(|id| catalogue::page(id).is_none()) {
        return Err(practices::unknown(unknown));
    }
    let figures = [("--least", Some(args.least)), ("--not-worse", args.not_worse)];
    let is_none = |of: &&(&str, Option<f64>)| of.1.is_some_and(|figure| !figure.is_finite() || figure < 0.0);
    if let Some((flag, Some(figure))) = figures.iter().find(is_none) {
        return Err(
            Fault::usage(format!("`{flag} {figure}` is no gain of a metric")).hint("0.01 is one point")
        );
    }
    let wishes = Wishes {
        champion: &args.champion,
        data: &args.data,
        metric: args.target_metric.as_deref(),
        rule: Rule { least: args.least, not_worse: args.not_worse },
        registry: args.registry.as_deref(),
        key: args.key.as_deref(),
        out: &args.out,
        when: args.when.as_deref(),
        every: args.every,
        max: args.max,
        overrides: &args.overrides,
        sign: args.sign.as_deref(),
        gates: &args.gates,
        dry_run: args.dry_run,
        json: args.json,
    };
    retrain(&wishes, Screen::new(SystemClock::start()))
}

/// `90s`, `5m`, `1h`, `1d`.
fn pause(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let of =
        |(unit, seconds): (&str, u64)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(seconds);
    let seconds = units.into_iter().find_map(of).filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "a number and its unit, such as `30s`, `5m`, `1h`, `1d`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_read() {
        let seconds = |text: &str| pause(text).ok().map(|pause| pause.as_secs());
        assert_eq!(["90s", "5m", "1h", "2d"].map(seconds), [Some(90), Some(300), Some(3600), Some(172_800)]);
        for text in
            ["", "5", "h", "0s", "-1s", "1.5h", "1 h", "99999999999999999999d", "18446744073709551615d", "ü"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
