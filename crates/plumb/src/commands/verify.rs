//! `plumb verify BUNDLE`: is a bundle what it says?

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::packaging::verify;
use crate::run::Screen;

/// Check a bundle: signature, digests, figures, and the answers of the model
///
/// The signature (with `--key`) and the digest of every file are verified before anything is parsed; the first file that does not hold is
/// named, and nothing after it is looked at. Then the weights and the figures of `metrics.json` are held against each other and against the
/// predictions, and the example rows are put to the model, to its ONNX files and to a server where one is named. Exit code 1 where
/// something does not hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb verify adult-1.plumb --key release.pub\n  \
                  plumb verify adult-1.plumb --endpoint http://localhost:8080/v2/models/adult\n\n\
                  `model_signing verify key BUNDLE --signature BUNDLE/model.sig --public_key release.pub` (PyPI `model-signing`) checks a \
                  folder's signature too.")]
pub(crate) struct Args {
    /// A file `NAME.plumb`, or the folder of a bundle
    bundle: PathBuf,
    /// The public key that the signature must be of; there must be one then
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// A server of the Open Inference Protocol (v2), asked with the token in `PLUMB_TOKEN`
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Verifies.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let mut screen = Screen::new(SystemClock::start());
    verify(&args.bundle, args.key.as_deref(), args.endpoint.as_deref(), args.json, &mut screen)
}
