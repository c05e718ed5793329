//! `plumb export RUN`: the model of a run in a form that other programs read.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::export::{Format, export};
use crate::fault::Fault;

/// Write a trained model in a form that other programs read
///
/// `onnx`: one file that takes the raw columns of a row, each as an input of its name, and gives `probabilities` and `label`, or `prediction`; the preparation is in it. Numbers go in as 64-bit floating point (NaN where missing), categories as text (empty where missing), times as milliseconds since 1970 UTC, pictures as bytes. It is run on rows of the run's data, and what it says is held against the trained model.
///
/// Texts go in as tokens, for no operator of ONNX makes them: `input_ids` and `attention_mask`, as Hugging Face calls them, 64-bit whole numbers of as many rows and tokens as a request has; the mask is 0 for tokens at the end that fill a row up, and they change no answer. `plumb.texts` in the file's metadata names the columns, whose texts make one row of tokens, how many at most, and the token that fills up. The tokenizer is the text under `texts.tokenizer` in the run's `model/preparation.json`: a `tokenizer.json`, as Hugging Face's `tokenizers` reads it.
///
/// `safetensors`: the weights under the names that PyTorch's packages use.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb export runs/adult-1 --format onnx --out adult.onnx\n  plumb export runs/photos-1 --format safetensors\n  \
                  plumb evaluate adult.onnx --data march.csv --target income"
)]
pub(crate) struct Args {
    /// The folder of a finished run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Onnx)]
    format: Format,
    /// The file; the run's name beside where you are otherwise
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Exports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    export(&args.run, args.format, args.out.as_deref(), args.json)
}
