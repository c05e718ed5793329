//! `plumb pretrained add FILE|hf:ORG/NAME`, `plumb pretrained list`: weights to begin with.

use plumb_ledger::ExitCode;
use serde_json::json;

use crate::console;
use crate::fault::Fault;
use crate::pretrained::{self, Entry};

/// Keep weights that others have trained, or list them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb pretrained add mobilenet_v2-b0353104.pth\n  plumb pretrained add hf:timm/resnet18.a1_in1k\n  plumb pretrained add all-MiniLM-L6-v2/\n  plumb pretrained list\n  \
                        plumb run photos/ --set model.pretrained=mobilenet_v2"
)]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read a `.safetensors` or `.pth` file, or the folder of an encoder of texts, find the network, keep it; nothing in it is run
    Add {
        /// The file; the folder with weights, `config.json` and `tokenizer.json`; or `hf:ORG/NAME` for a model of the Hugging Face hub (fetched by `curl`)
        source: String,
        /// The name to keep it under; the network's otherwise
        #[arg(long)]
        name: Option<String>,
    },
    /// Show what is kept
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
}

/// Adds or lists.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    match &args.action {
        Action::Add { source, name } => {
            let entry = pretrained::add(source, name.as_deref())?;
            console::result(line(&entry))?;
        }
        Action::List { json: true } => console::result(json!(pretrained::list()?))?,
        Action::List { json: false } => {
            let lines: Vec<String> = pretrained::list()?.iter().map(line).collect();
            if lines.is_empty() {
                console::result("none; `plumb pretrained add FILE` keeps some")?;
            } else {
                console::result(lines.join("\n"))?;
            }
        }
    }
    Ok(ExitCode::Done)
}

fn line(entry: &Entry) -> String {
    let digest = entry.source_sha256.to_string();
    let shown = digest.get(..12).unwrap_or(&digest);
    format!("{}  {}, {} numbers, sha256 {shown}", entry.name, entry.architecture, entry.numbers)
}
