//! `plumb fairness PREDICTOR --groups COL`: how a trained model does for groups of people.

use plumb_ledger::ExitCode;

use super::evaluate::{GivenArgs, RowArgs};
use crate::clock::SystemClock;
use crate::evaluation::{Ask, groups};
use crate::fault::Fault;
use crate::run::Screen;

/// Measure a trained model for groups of people
///
/// Error, selection rate, true and false positive rate and calibration of each group and combination with intervals, beside all others;
/// what a threshold for each group would change, and what it would cost. It says what differs, not what is right.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb fairness runs/adult-1 --groups sex --groups race\n  \
                  plumb fairness scores.csv --data test.csv --key id --target label --parts part --groups sex --out fairness")]
pub(crate) struct Args {
    #[command(flatten)]
    rows: RowArgs,
    /// A column of groups; given several times, their combinations are looked at too
    #[arg(long, value_name = "COL", required = true)]
    groups: Vec<String>,
    #[command(flatten)]
    given: GivenArgs,
}

/// Measures the groups.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let ask = Ask { groups: &args.groups, given: args.given.options(), ..args.rows.ask()? };
    groups(&ask, Screen::new(SystemClock::start()))
}
