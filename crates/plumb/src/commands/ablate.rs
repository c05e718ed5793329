//! `plumb ablate JOB`: what each practice of a training buys.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::ablation::ablate;
use crate::fault::Fault;
use crate::job::Needs;
use crate::run::Source;

/// Train without each practice in turn, and say what it buys
///
/// The job runs as it is, then without its dropout, weight decay, label smoothing, augmentation, pretrained weights and so on, each by itself. Each run is compared with the first on the same valid rows (paired bootstrap). Where the job names `evaluate.groups`, the differences between groups stand beside it, so that `train.mitigation` shows what it changes and costs. It costs as many runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb ablate job.toml --out ablation\n  \
                  plumb ablate photos/ --only augmentation --only \"pretrained weights\" --set model.pretrained=mobilenet_v2 --out what-helps")]
pub(crate) struct Args {
    /// A job file, data files with --target, or a folder of pictures
    #[arg(value_name = "JOB|DATA", required = true)]
    job_or_data: Vec<PathBuf>,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// The folder of all runs
    #[arg(long, value_name = "DIR", default_value = "ablation")]
    out: PathBuf,
    /// A practice to leave out; all that the job uses otherwise. May be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// A key of the job and its value, over the file's
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Ablates.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let source = Source {
        job_or_data: &args.job_or_data,
        target: args.target.as_deref(),
        overrides: &args.overrides,
        needs: Needs::Target,
    };
    ablate(&source, &args.out, &args.only, args.json)
}
