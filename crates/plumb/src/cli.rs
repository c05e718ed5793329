//! The command line as typed. One command, one arm here, one file in `commands/`.

use clap::{Parser, Subcommand};

use crate::commands::{
    ablate, audit, check, compare, completions, compress, diagnose, evaluate, explain, explain_key, export,
    fairness, init, monitor, package, practices, pretrained, registry, retrain, run, schema, serve, ui,
    verify, watch,
};

/// From raw data to a model you can trust: every step is judged by established practice, with evidence.
///
/// The result goes to stdout, the log and the progress to stderr.
/// Exit codes: 0 done, 1 failed, 2 wrong usage or job, 3 a gated practice failed, 4 unusable data,
/// 5 interrupted and resumable.
#[derive(Debug, Parser)]
#[command(
    name = "plumb",
    version,
    verbatim_doc_comment,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Environment:\n  \
        PLUMB_STATE  Where looks at test rows are counted and a registry is kept; `plumb` in XDG_STATE_HOME or ~/.local/state\n  \
        PLUMB_CACHE  Where weights and reduced pictures are kept; `plumb` in the user's cache\n  \
        PLUMB_TOKEN  The token with which `http://HOST/v2/models/NAME` is asked"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at data and write a commented job file
    Init(init::Args),
    /// Audit, split, train, evaluate and report
    Run(run::Args),
    /// Judge a table
    Audit(audit::Args),
    /// Audit, split and preflight, without training
    Check(check::Args),
    /// Measure and judge a trained model, whoever trained it
    Evaluate(evaluate::Args),
    // Without words of its own here, so that `--help` shows all that stands at its arguments.
    Explain(explain::Args),
    /// Measure a trained model for groups of people
    Fairness(fairness::Args),
    /// Compare two models on the same rows
    Compare(compare::Args),
    /// Train without each practice in turn, and say what it buys
    Ablate(ablate::Args),
    // As above: what becomes smaller, and what goes in and comes out, is told there.
    Compress(compress::Args),
    Export(export::Args),
    // As with `explain`.
    Package(package::Args),
    Verify(verify::Args),
    Registry(registry::Args),
    // As above.
    Monitor(monitor::Args),
    Retrain(retrain::Args),
    Serve(serve::Args),
    /// Show a folder of runs in the browser, live
    Ui(ui::Args),
    /// Follow a run in the terminal
    Watch(watch::Args),
    /// Judge the logs of a training that another tool ran
    Diagnose(diagnose::Args),
    /// List the practices, or explain one
    Practices(practices::Args),
    /// Keep weights that others have trained, or list them
    Pretrained(pretrained::Args),
    /// Explain a key of the job file, or all of them
    ExplainKey(explain_key::Args),
    /// Print the JSON schema of the job file, for an editor
    #[command(after_help = "Example:\n  plumb schema > job.schema.json")]
    Schema,
    /// Print the completions of a shell
    Completions(completions::Args),
}

impl Command {
    /// Whether it computes all the time until it ends. A server waits for most of it, and has threads of its own for each model.
    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self, Self::Serve(_) | Self::Ui(_))
    }

    /// Dispatches to the command's file.
    pub(crate) fn run(self) -> Result<plumb_ledger::ExitCode, crate::fault::Fault> {
        match self {
            Self::Init(args) => init::run(&args),
            Self::Run(args) => run::run(&args),
            Self::Audit(args) => audit::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Evaluate(args) => evaluate::run(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Fairness(args) => fairness::run(&args),
            Self::Compare(args) => compare::run(&args),
            Self::Ablate(args) => ablate::run(&args),
            Self::Compress(args) => compress::run(&args),
            Self::Export(args) => export::run(&args),
            Self::Package(args) => package::run(&args),
            Self::Verify(args) => verify::run(&args),
            Self::Registry(args) => registry::run(&args),
            Self::Monitor(args) => monitor::run(&args),
            Self::Retrain(args) => retrain::run(&args),
            Self::Serve(args) => serve::run(&args),
            Self::Ui(args) => ui::run(&args),
            Self::Watch(args) => watch::run(&args),
            Self::Diagnose(args) => diagnose::run(&args),
            Self::Practices(args) => practices::run(&args),
            Self::Pretrained(args) => pretrained::run(&args),
            Self::ExplainKey(args) => explain_key::run(&args),
            Self::Schema => schema::run(),
            Self::Completions(args) => completions::run(&args),
        }
    }
}
