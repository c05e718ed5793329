//! `plumb compress RUN`: a smaller model from a trained one.

use std::path::PathBuf;

use plumb_ledger::ExitCode;
use plumb_onnx::{Calibration, WeightForm};

use super::practices;
use crate::catalogue;
use crate::clock::SystemClock;
use crate::compression::{Int8, Wishes, compress};
use crate::fault::Fault;
use crate::run::Screen;

/// How ranges follow from what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ranges {
    /// All that was seen.
    MinMax,
    /// All but one value in ten thousand.
    Percentile,
    /// The part of which the codes tell most.
    Entropy,
}

/// In which numbers weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Weights {
    /// 8 bits.
    Int8,
    /// 4 bits, in products of matrices.
    Int4,
    /// Half precision.
    F16,
    /// Brain floating point.
    Bf16,
}

/// Make a smaller, faster model from a trained one, and judge what it keeps
///
/// The new model is a run folder: `evaluate`, `explain`, `compare`, `export` and `package` take it. Beside size, parameters and the time of a request on this machine (one row and eight) stands what the same test rows say of both models: the metric with its interval, McNemar's test, calibration, each group. A model that is not faster, not smaller, or not as good fails `compress.*`.
///
/// The ways combine, in this order: a student (`--distill`), fewer units (`--prune`), 8 bits (`--int8`). In 8 bits, ranges are measured on train rows, what each layer costs on valid rows, and the most costly layers are left as they were until the loss on valid rows is within the budget.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb compress runs/photos-1 --int8\n  plumb compress runs/photos-1 --prune 0.5 --int8\n  plumb compress runs/photos-1 --distill small.toml --out runs/photos-small\n  \
                  plumb compress runs/reviews-1 --int8=dynamic --out runs/reviews-8-bits\n  \
                  plumb compress runs/photos-1 --int8=trained --epochs 2\n  \
                  plumb compress runs/adult-1 --weights f16 --gate compress.accuracy-kept"
)]
pub(crate) struct Args {
    /// The folder of a finished run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// A job whose network learns from the run (`train.teacher`), on the run's rows in its parts; its `[data]`, `[split]` and `[evaluate]` are the run's
    #[arg(long, value_name = "JOB")]
    distill: Option<PathBuf>,
    /// The share of channels, hidden units and heads that is left out, those that matter least; what is left is trained on
    #[arg(long, value_name = "SHARE")]
    prune: Option<f64>,
    /// In how many steps they go
    #[arg(long, value_name = "N", default_value_t = 3, requires = "prune")]
    steps: usize,
    /// Epochs of training after each step of `--prune`, and of `--int8=trained`; a tenth of the run's without it
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// Products in 8 bits, with ranges measured before (`static`, without a value), the same behind some epochs in which numbers are rounded as they will be (`trained`), or measured at each request (`dynamic`, products of matrices alone)
    #[arg(long, value_enum, value_name = "RANGES", num_args = 0..=1, require_equals = true, default_missing_value = "static")]
    int8: Option<Int8>,
    /// Weights alone in fewer bits, arithmetic as before
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "int8")]
    weights: Option<Weights>,
    /// How ranges follow from what was seen; the one that moves the answers least without it
    #[arg(long, value_enum, value_name = "HOW", requires = "int8")]
    calibration: Option<Ranges>,
    /// What may be lost: of a metric between 0 and 1 so much, of another so large a share
    #[arg(long, value_name = "LOSS", default_value_t = 0.01)]
    budget: f64,
    /// The folder of the new run; the run's name with `-compressed` otherwise
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A practice that ends the command with exit code 3 when it fails; may be given several times
    #[arg(long = "gate", value_name = "ID")]
    gates: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Compresses.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if let Some(unknown) = args.gates.iter().find(|id| catalogue::page(id).is_none()) {
        return Err(practices::unknown(unknown));
    }
    if args.epochs.is_some() && args.prune.is_none() && args.int8 != Some(Int8::Trained) {
        return Err(Fault::usage("`--epochs` is given, and nothing is trained")
            .hint("it goes with `--prune SHARE` and `--int8=trained`"));
    }
    if args.int8.is_none() && args.weights.is_none() && args.prune.is_none() && args.distill.is_none() {
        return Err(Fault::usage("nothing is asked for").hint(
            "`--int8`, `--prune SHARE`, `--distill JOB` or `--weights FORM` say how to make it smaller",
        ));
    }
    if !(0.0..1.0).contains(&args.budget) {
        return Err(Fault::usage(format!("`--budget {}` is no share", args.budget)).hint("0.01 is one point"));
    }
    let wishes = Wishes {
        run: &args.run,
        distill: args.distill.as_deref(),
        prune: args.prune,
        steps: args.steps,
        epochs: args.epochs,
        int8: args.int8,
        weights: args.weights.map(|form| match form {
            Weights::Int8 => WeightForm::Int8,
            Weights::Int4 => WeightForm::Int4,
            Weights::F16 => WeightForm::F16,
            Weights::Bf16 => WeightForm::Bf16,
        }),
        calibration: args.calibration.map(|how| match how {
            Ranges::MinMax => Calibration::MinMax,
            Ranges::Percentile => Calibration::Percentile,
            Ranges::Entropy => Calibration::Entropy,
        }),
        budget: args.budget,
        out: args.out.as_deref(),
        gates: &args.gates,
        json: args.json,
    };
    compress(&wishes, Screen::new(SystemClock::start()))
}
