//! `plumb package RUN`: a finished run as a bundle.

use std::path::PathBuf;

use plumb_ledger::ExitCode;
use plumb_package::signature::new_pair;

use crate::clock::SystemClock;
use crate::console;
use crate::fault::Fault;
use crate::packaging::{Ask, package};
use crate::run::Screen;

/// Make of a finished run a bundle that can be signed, sent and verified
///
/// A bundle is one file, `NAME.plumb` (a tar), or a folder: weights, ONNX where the network has that form, preparation, job, metrics,
/// predictions, ledger, report, model card (`README.md`), bill of materials (`bom.cdx.json`, CycloneDX), example rows with the answers that the model gives, and a sample for monitoring. `bundle.json` lists each file with its SHA-256. The
/// same run gives the same bundle, byte for byte. Example rows and sample are raw rows of the judged part, of the columns that the model reads,
/// the sample with the target: mind who may see them. `rows.json` has a digest of each row that the model was trained on: whoever has all that it reads of a row can tell whether it was among them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb package runs/adult-1\n  plumb package --new-key release\n  \
                  plumb package runs/adult-1 --sign release.pem --license Apache-2.0\n  \
                  plumb package runs/adult-1 --card card.toml --oci adult-image\n  \
                  plumb package runs/adult-1 --examples 0 --out bundles/adult\n  plumb verify adult-1.plumb --key release.pub\n\n\
                  Keys are ECDSA on P-256 in PEM: `openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt` makes one too.")]
pub(crate) struct Args {
    /// The folder of a finished run
    #[arg(value_name = "RUN", required_unless_present = "new_key")]
    run: Option<PathBuf>,
    /// The bundle: a file when it is called `NAME.plumb`, else a folder; `RUN.plumb` where you are otherwise
    #[arg(long, value_name = "BUNDLE")]
    out: Option<PathBuf>,
    /// The private key that signs it, as OpenSSF Model Signing 1.0
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// The licence of the model: an SPDX expression, or the file of its text
    #[arg(long, value_name = "LICENSE")]
    license: Option<String>,
    /// How many rows of the data go along as examples; 0 for none
    #[arg(long, value_name = "ROWS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(0..=4096))]
    examples: u16,
    /// How many rows of the judged part go along as `reference.parquet`, beside which `plumb monitor` holds served rows; 0 for none.
    /// It is data: inputs, answers and true values
    #[arg(long, value_name = "ROWS", default_value_t = 2000, value_parser = clap::value_parser!(u16).range(0..=50_000))]
    reference: u16,
    /// What only a person knows, for the model card: intended use, limits, users and more, as `[card]` of the job has it
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// A folder that `plumb evaluate`, `explain` or `fairness` wrote about this run, for the card; may be named again
    #[arg(long, value_name = "DIR")]
    evidence: Vec<PathBuf>,
    /// Also make an OCI image of the bundle and the program that serves it: a layout as a folder, or one file `NAME.tar`
    #[arg(long, value_name = "IMAGE")]
    oci: Option<PathBuf>,
    /// The program in the image, a `plumb` for Linux; this one otherwise, with the libraries that it needs
    #[arg(long, value_name = "FILE", requires = "oci")]
    program: Option<PathBuf>,
    /// Make a pair of keys, NAME.pem to sign with and NAME.pub to verify with, and nothing else
    #[arg(long, value_name = "NAME", conflicts_with_all = ["run", "out", "sign", "license", "card", "evidence", "oci"])]
    new_key: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Packages.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let Some(run) = &args.run else { return new_key(args) };
    let ask = Ask {
        run,
        out: args.out.as_deref(),
        sign: args.sign.as_deref(),
        license: args.license.as_deref(),
        examples: args.examples.into(),
        reference: args.reference.into(),
        card: args.card.as_deref(),
        evidence: &args.evidence,
        oci: args.oci.as_deref(),
        program: args.program.as_deref(),
        json: args.json,
    };
    package(&ask, Screen::new(SystemClock::start()))
}

fn new_key(args: &Args) -> Result<ExitCode, Fault> {
    let Some(prefix) = &args.new_key else { return Err(Fault::usage("no run is named")) };
    let [private, public] = new_pair(prefix)?;
    console::result(if args.json {
        let shown = [&private, &public].map(|path| path.display().to_string());
        format!("{:#}", serde_json::json!({"schema": 1, "private": shown[0], "public": shown[1]}))
    } else {
        format!(
            "{} signs and stays with you; {} verifies and goes to everyone",
            private.display(),
            public.display()
        )
    })?;
    Ok(ExitCode::Done)
}
