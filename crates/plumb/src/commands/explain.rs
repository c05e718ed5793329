//! `plumb explain PREDICTOR`: why a trained model says what it says.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use super::evaluate::RowArgs;
use crate::clock::SystemClock;
use crate::evaluation::Ask;
use crate::explanation::{Cover, How, Method, explain};
use crate::fault::Fault;
use crate::run::Screen;

/// Explain what a trained model says
///
/// What each column is worth (permutation importance), how answers depend on it (partial dependence), what it adds to single predictions
/// (Shapley values, gradients of a network, or LIME) and the fewest changes that turn a prediction; what words add to texts; what segments
/// (LIME) and patches (occlusion) add to pictures. For a run the train rows that its answers rest on are shown, and rows that stand for each
/// class, as long as its own data is there. Forests and linear models of numbers in ONNX files have exact Shapley values, in closed form.
/// The `explain.*` practices say whether the explanation can be
/// believed: whether it is additive, stable over other draws, and vanishes when labels or weights are shuffled.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb explain runs/adult-1\n  plumb explain runs/adult-1 --data new.csv --rows 20 --out explanation\n  \
                  plumb explain runs/adult-1 --method lime --json\n  plumb explain runs/adult-1 --method expected-gradients\n  \
                  plumb explain resnet50.onnx --data photos --pixels imagenet --rows 4 --out explanation"
)]
pub(crate) struct Args {
    #[command(flatten)]
    rows_from: RowArgs,
    /// How many rows are explained; eight of pictures and texts at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rows: u32,
    /// How single rows are explained
    #[arg(long, value_enum, default_value_t = Method::Shap)]
    method: Method,
    /// How many rows stand for a column that is left out
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    background: u32,
    /// How much is asked for each row: coalitions of columns (2,048 and two for each column without it; for sampling 1,000 for each
    /// column), steps of integrated gradients (256), draws of expected ones (2,000), or pictures with segments covered (1,000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    budget: Option<u32>,
    /// What a covered part of a picture shows
    #[arg(long, value_enum, default_value_t = Cover::Mean)]
    cover: Cover,
    /// The row that integrated gradients start from, counted from 0; the mean of the background without it
    #[arg(long, value_name = "ROW")]
    baseline: Option<u32>,
    /// Explain margins, the scores before a logistic function or softmax: of trees and linear models in ONNX files, in closed form
    #[arg(long)]
    margins: bool,
    /// Write LIME's neighbours, what the model said of them and which rows their values come from into this Parquet file
    #[arg(long, value_name = "FILE")]
    neighbours: Option<PathBuf>,
}

/// Explains.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if args.neighbours.is_some() && args.method != Method::Lime {
        return Err(
            Fault::usage("only LIME has neighbours").hint("add `--method lime`, or leave `--neighbours` out")
        );
    }
    if args.baseline.is_some() && args.method != Method::IntegratedGradients {
        return Err(Fault::usage("only integrated gradients start from one row")
            .hint("add `--method integrated-gradients`, or leave `--baseline` out"));
    }
    if args.margins && !matches!(args.method, Method::Shap | Method::Exact) {
        return Err(Fault::usage("margins are explained in closed form alone")
            .hint("add `--method exact`, or leave `--margins` out"));
    }
    let how = How {
        method: args.method,
        of_margins: args.margins,
        rows: args.rows as usize,
        background: args.background as usize,
        budget: args.budget.map(|budget| budget as usize),
        cover: args.cover,
        baseline: args.baseline,
        neighbours: args.neighbours.as_deref(),
    };
    let ask: Ask<'_> = args.rows_from.ask()?;
    explain(&ask, how, Screen::new(SystemClock::start()))
}
