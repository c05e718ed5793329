//! `plumb registry`: bundles by name and version, aliases, rollback.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::fault::Fault;
use crate::registry::{self, Place};

/// Keep bundles by name and version, with aliases that move and roll back
///
/// The registry is a folder: `--registry`, or `registry` where you are when there is one, or one in your state folder. A bundle is verified on the way in and on the way out. Every change is whole or does not happen, and stands in a log that is never shortened. A mounted object store is a folder like any other.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb registry add adult.plumb --name adult --alias challenger\n  plumb registry list\n  plumb registry show adult\n  \
                  plumb registry alias adult@challenger champion\n  plumb registry rollback adult champion\n  plumb registry get adult@champion --out adult.plumb\n  \
                  plumb registry export adult@champion --mlflow http://127.0.0.1:5000\n  plumb registry remove adult:1"
)]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
    /// The folder of the registry
    #[arg(long, global = true, value_name = "DIR")]
    registry: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Verify a bundle and take it in as the next version of a name
    Add(Add),
    /// Show every name with its versions and aliases
    List,
    /// Show the versions of a name, its aliases and its log
    Show {
        /// `NAME`, `NAME:3` or `NAME@champion`
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Write a version as a bundle, verified
    Get {
        /// `NAME`, `NAME:3` or `NAME@champion`
        #[arg(value_name = "MODEL")]
        model: String,
        /// The bundle: a folder, or one file where it is called `NAME.plumb`
        #[arg(long, value_name = "BUNDLE")]
        out: PathBuf,
        /// The public key that its signature must be of
        #[arg(long, value_name = "PEM")]
        key: Option<PathBuf>,
    },
    /// Point an alias at a version
    Alias {
        /// `NAME:3`, or where another alias points: `NAME@challenger`
        #[arg(value_name = "MODEL")]
        model: String,
        /// The alias: `champion`, `challenger` or any other
        alias: String,
    },
    /// Point an alias at what it pointed at before
    Rollback {
        /// The name
        name: String,
        /// The alias
        alias: String,
    },
    /// Take a version away that no alias points at
    Remove {
        /// `NAME:3`
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Tell another registry of a version
    Export {
        /// `NAME`, `NAME:3` or `NAME@champion`
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        to: To,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct To {
    /// The address of an MLflow server, which gets name, version, aliases, digests and the place of the registry
    #[arg(long, value_name = "URL")]
    mlflow: Option<String>,
    /// A folder that DVC tracks: the bundle as `NAME.plumb`, and `NAME.plumb.dvc` beside it
    #[arg(long, value_name = "DIR")]
    dvc: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Add {
    /// A folder or a file `NAME.plumb`
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The name; the bundle's own otherwise
    #[arg(long)]
    name: Option<String>,
    /// The version that it was made from, or is to replace: `NAME:3`
    #[arg(long, value_name = "MODEL")]
    parent: Option<String>,
    /// Point this alias at it
    #[arg(long)]
    alias: Option<String>,
    /// The public key that its signature must be of
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
}

/// Does it.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let place = Place::new(args.registry.as_deref(), args.json)?;
    match &args.action {
        Action::Add(add) => registry::add(
            &place,
            &registry::Adding {
                bundle: &add.bundle,
                name: add.name.as_deref(),
                parent: add.parent.as_deref(),
                alias: add.alias.as_deref(),
                key: add.key.as_deref(),
            },
        ),
        Action::List => registry::list(&place),
        Action::Show { model } => registry::show(&place, model),
        Action::Get { model, out, key } => registry::get(&place, model, out, key.as_deref()),
        Action::Alias { model, alias } => registry::alias(&place, model, alias),
        Action::Rollback { name, alias } => registry::roll_back(&place, name, alias),
        Action::Remove { model } => registry::remove(&place, model),
        Action::Export { model, to } => match (&to.mlflow, &to.dvc) {
            (Some(address), _) => registry::to_mlflow(&place, model, address),
            (None, Some(folder)) => registry::to_dvc(&place, model, folder),
            (None, None) => Err(Fault::usage("an export needs `--mlflow URL` or `--dvc DIR`")),
        },
    }
}
