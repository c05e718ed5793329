//! `trainer_state.json` of the Hugging Face Trainer: its `log_history`, an object for each logged step and evaluation.

use std::path::Path;

use super::super::log::{Log, Point, Refused, whole};
use super::{Claim, Folder, Format, Inner, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "Hugging Face Trainer",
    recognised: "`trainer_state.json`, in the output folder or its last `checkpoint-*`",
    find,
    is: |_: &Path, head: &[u8]| head.windows(KEY.len()).any(|window| window == KEY.as_bytes()),
    read,
};

const FILE: &str = "trainer_state.json";
const KEY: &str = "\"log_history\"";
/// Stands in the entry at the end of a run, whose `train_loss` is a mean over all of it and no point of a curve.
const SUMMARY: &str = "train_runtime";

/// The state at the end, else that of the last checkpoint. The checkpoints before hold its beginning, and `runs` the
/// same numbers for TensorBoard.
fn find(folder: &Folder) -> Vec<Claim> {
    let number = |inner: &Inner| inner.name.strip_prefix("checkpoint-").and_then(|n| n.parse::<u64>().ok());
    let states = folder.folders.iter().filter(|inner| inner.files.iter().any(|file| file == FILE));
    let last = states.filter_map(|inner| Some((number(inner)?, inner))).max_by_key(|(number, _)| *number);
    let file = match last {
        _ if folder.has(FILE) => FILE.to_owned(),
        Some((_, inner)) => format!("{}/{FILE}", inner.name),
        None => return Vec::new(),
    };
    let belongs = |inner: &&Inner| number(inner).is_some() || inner.name == "runs";
    let takes = folder.folders.iter().filter(belongs).map(|inner| inner.name.clone()).collect();
    vec![Claim { name: file.clone(), files: vec![(String::new(), file)], takes }]
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    for source in sources {
        let state =
            json::parse(&source.bytes).ok_or_else(|| Refused::Broken("the file is no JSON".to_owned()))?;
        let Some(entries) = state.get("log_history").and_then(serde_json::Value::as_array) else {
            return Err(Refused::Broken("the file has no list `log_history`".to_owned()));
        };
        for entry in entries.iter().filter(|entry| entry.get(SUMMARY).is_none()) {
            let figure =
                |name: &str| entry.get(name).and_then(json::number).filter(|number| number.is_finite());
            let (step, epoch) = (figure("step").and_then(whole), figure("epoch"));
            for (name, value) in json::numbers(entry) {
                if name != "step" && name != "epoch" {
                    log.add(&name, Point { step, epoch, value })?;
                }
            }
        }
    }
    Ok(log)
}
