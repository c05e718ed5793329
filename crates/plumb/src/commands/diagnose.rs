//! `plumb diagnose LOGS`: the `train.*` practices on the logs of other tools.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use plumb_ledger::{Entry, ExitCode, Explain as _, Verdict, atomic};
use serde_json::{Value, json};

use crate::console::{self, visible};
use crate::diagnose::{self, Chosen, Diagnosis};
use crate::fault::Fault;
use crate::{catalogue, commands::practices, report};

/// Judge the logs of a training that another tool ran
///
/// Reads TensorBoard event files, Lightning's and Keras's CSV, the Hugging Face Trainer's `trainer_state.json`, MLflow's run
/// folders, JSON Lines and Plumb's own runs. A folder is searched; each run in it is judged by itself.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb diagnose lightning_logs/version_0\n  plumb diagnose trainer_output/ --out diagnosis\n  \
                  plumb diagnose training.csv --train-loss bce --valid-loss val_bce\n  \
                  plumb diagnose mlruns/ --json --gate train.finite --gate train.divergence"
)]
pub(crate) struct Args {
    /// Log files, or folders to search for them
    #[arg(value_name = "LOGS", required = true)]
    logs: Vec<PathBuf>,
    /// The series that is the training loss; told by its name otherwise
    #[arg(long, value_name = "NAME")]
    train_loss: Option<String>,
    /// The series that is the validation loss
    #[arg(long, value_name = "NAME")]
    valid_loss: Option<String>,
    /// The training still runs: what only its end can show is not judged
    #[arg(long)]
    running: bool,
    /// A folder for `ledger.json` and `report.html`; of several runs each has a folder in it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A practice that ends the command with exit code 3 when it fails; may be given several times
    #[arg(long = "gate", value_name = "ID")]
    gates: Vec<String>,
    /// Print the verdicts as JSON
    #[arg(long)]
    json: bool,
}

/// Diagnoses. A log that cannot be read does not keep the others from being judged; the exit code tells of it.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if let Some(unknown) = args.gates.iter().find(|id| catalogue::page(id).is_none()) {
        return Err(practices::unknown(unknown));
    }
    let found = diagnose::find(&args.logs)?;
    let chosen = Chosen { train: args.train_loss.as_deref(), valid: args.valid_loss.as_deref() };
    let (mut diagnoses, mut unread) = (Vec::new(), None);
    for log in &found {
        match diagnose::diagnose(log, chosen, !args.running) {
            Ok(diagnosis) => diagnoses.push(diagnosis),
            Err(error) if found.len() == 1 => return Err(error.into()),
            Err(error) => {
                unread = unread.or(Some(error.exit_code()));
                let _said = Fault::from(error).report();
            }
        }
    }
    if let Some(out) = &args.out {
        write(out, &diagnoses)?;
    }
    console::result(if args.json { as_json(&diagnoses) } else { as_text(&diagnoses) })?;
    let broken: Vec<&Entry> =
        diagnoses.iter().flat_map(|diagnosis| diagnosis.ledger.broken_gates(&args.gates)).collect();
    match (broken.as_slice(), unread) {
        ([], code) => Ok(code.unwrap_or(ExitCode::Done)),
        (broken, _) => Err(Fault::gate_named(broken)),
    }
}

/// Writes the ledger and the page of each diagnosis.
fn write(out: &Path, diagnoses: &[Diagnosis]) -> Result<(), Fault> {
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        let folder = if diagnoses.len() == 1 { out.to_owned() } else { out.join(folder_name(at, diagnosis)) };
        std::fs::create_dir_all(&folder).map_err(|error| {
            Fault::usage(format!("cannot make the folder ({error}): {}", folder.display()))
                .hint("`--out DIR` takes another folder; it must be one you can write to")
        })?;
        let page = report::render_diagnosis(diagnosis)?;
        let ledger = serde_json::to_string_pretty(&diagnosis.ledger)
            .map_err(|error| Fault::failed(format!("cannot write the ledger as JSON ({error})")))?;
        for (name, text) in [("ledger.json", ledger + "\n"), ("report.html", page)] {
            atomic::write_file(&folder.join(name), text.as_bytes()).map_err(|error| {
                Fault::failed(error.to_string()).hint("free some space, or `--out DIR` elsewhere")
            })?;
        }
    }
    Ok(())
}

/// A folder's name for one of several: its number, and its path with nothing in it that a path could mean.
fn folder_name(at: usize, diagnosis: &Diagnosis) -> String {
    let path = diagnosis.path.display().to_string();
    let plain = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let tail: Vec<char> = path.chars().rev().take(80).map(plain).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{}-{}", at + 1, tail.trim_matches('-'))
}

fn as_json(diagnoses: &[Diagnosis]) -> String {
    let of = |diagnosis: &Diagnosis| {
        let parts: serde_json::Map<String, Value> = diagnosis
            .parts()
            .into_iter()
            .map(|(part, series)| (part.replace(' ', "_"), json!(series)))
            .collect();
        json!({
            "log": diagnosis.path.display().to_string(),
            "format": diagnosis.format,
            "series": parts,
            "evaluations": diagnosis.context.history.epochs.len(),
            "remarks": diagnosis.log.remarks,
            "ledger": diagnosis.ledger,
        })
    };
    let all: Vec<Value> = diagnoses.iter().map(of).collect();
    format!("{:#}", json!({ "schema": 1, "diagnoses": all }))
}

fn as_text(diagnoses: &[Diagnosis]) -> String {
    diagnoses.iter().map(one_as_text).collect::<Vec<_>>().join("\n\n")
}

fn one_as_text(diagnosis: &Diagnosis) -> String {
    let path = diagnosis.path.display().to_string();
    let mut text = format!("{}: {}, {}\n", visible(&path), diagnosis.format, diagnosis.extent());
    for (part, series) in diagnosis.parts() {
        push(&mut text, format_args!("  {part:<24} {}\n", visible(&series)));
    }
    for remark in &diagnosis.log.remarks {
        push(&mut text, format_args!("  note: {remark}\n"));
    }
    for entry in diagnosis.ledger.worst_first().into_iter().filter(|entry| entry.verdict != Verdict::Skipped)
    {
        let summary = visible(&entry.summary);
        push(&mut text, format_args!("{:<8} {:<28} {summary}\n", entry.verdict.as_str(), entry.id));
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:37} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    let words = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
    let counts = words.map(|verdict| format!("{} {}", diagnosis.ledger.count(verdict), verdict.as_str()));
    push(&mut text, format_args!("{}", counts.join(", ")));
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
