//! `plumb practices [ID]`: the catalogue, or one page of it.

use plumb_ledger::{ExitCode, nearest};

use crate::fault::Fault;
use crate::{catalogue, console};

/// List the practices, or explain one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb practices\n  plumb practices data.target-leakage")]
pub(crate) struct Args {
    /// The practice: `data.duplicates`, or a stage: `data`
    id: Option<String>,
}

/// Prints the list or the page.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let pages = catalogue::pages();
    match &args.id {
        Some(id) if id.contains('.') => {
            let page = catalogue::page(id).ok_or_else(|| unknown(id))?;
            console::result(page.markdown().trim_end())?;
        }
        stage => {
            let prefix = stage.as_ref().map(|stage| format!("{stage}.")).unwrap_or_default();
            let lines: Vec<String> = pages
                .iter()
                .filter(|page| page.id.starts_with(&prefix))
                .map(|page| format!("{:<32} {}", page.id, page.question))
                .collect();
            if let (true, Some(stage)) = (lines.is_empty(), stage) {
                return Err(unknown(stage));
            }
            console::result(lines.join("\n"))?;
        }
    }
    Ok(ExitCode::Done)
}

/// The fault of a name that is no practice's.
pub(crate) fn unknown(id: &str) -> Fault {
    let pages = catalogue::pages();
    let hint = nearest::did_you_mean(id, pages.iter().map(|page| page.id));
    Fault::usage(format!("unknown practice `{id}`")).hint(hint)
}
