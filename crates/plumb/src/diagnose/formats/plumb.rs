//! `history.jsonl` of a run folder of Plumb's own.

use std::path::Path;

use plumb_learn::train::Event;
use plumb_learn::watch::{History, Look};
use serde_json::Value;

use super::super::log::{Log, Point, Refused, whole};
use super::{Claim, Folder, Format, Source, json, lines};

pub(super) const FORMAT: Format = Format {
    name: super::PLUMB,
    recognised: "a run folder with `job.toml` and `history.jsonl`",
    find,
    is: |_: &Path, head: &[u8]| {
        lines(head).0.first().and_then(|line| json::parse(line)).is_some_and(|line| {
            line.get("event").and_then(Value::as_str).is_some_and(|event| EVENTS.contains(&event))
        })
    },
    read,
};

const HISTORY: &str = "history.jsonl";
const EVENTS: [&str; 3] = ["step", "layers", "epoch"];

/// All of the folder: its TensorBoard files hold the same numbers.
fn find(folder: &Folder) -> Vec<Claim> {
    if !(folder.has(HISTORY) && folder.has("job.toml")) {
        return Vec::new();
    }
    let takes = folder.folders.iter().map(|inner| inner.name.clone()).collect();
    vec![Claim { name: String::new(), files: vec![(String::new(), HISTORY.to_owned())], takes }]
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    let mut unread = 0;
    for source in sources {
        let (lines, long) = lines(&source.bytes);
        unread += long;
        for line in lines {
            let Some(event) = json::parse(line) else {
                unread += 1;
                continue;
            };
            match event.get("event").and_then(Value::as_str) {
                Some("step") => add(&mut log, &event, &STEP)?,
                Some("epoch") => add_epoch(&mut log, &event)?,
                Some("layers") => log.looks.extend(look(line)),
                _ => {}
            }
        }
    }
    log.remark(unread, "lines of the history could not be read");
    Ok(log)
}

/// Keys of a step's event and the names of their series.
const STEP: [(&str, &str); 3] = [("loss", "train_loss_step"), ("lr", "lr"), ("grad_norm", "grad_norm")];

fn add(log: &mut Log, event: &Value, keys: &[(&str, &str)]) -> Result<(), Refused> {
    let place = |name: &str| event.get(name).and_then(Value::as_f64);
    let (step, epoch) = (place("step").and_then(whole), place("epoch"));
    for (key, name) in keys {
        if let Some(value) = event.get(*key) {
            log.add(name, Point { step, epoch, value: figure(value) })?;
        }
    }
    Ok(())
}

fn add_epoch(log: &mut Log, event: &Value) -> Result<(), Refused> {
    add(log, event, &[("train_loss", "train_loss_epoch")])?;
    let valid = event.get("valid").unwrap_or(&Value::Null);
    for name in valid.as_object().into_iter().flat_map(serde_json::Map::keys) {
        let place = |name: &str| event.get(name).and_then(Value::as_f64);
        let (step, epoch) = (place("step").and_then(whole), place("epoch"));
        log.add(&format!("valid_{name}"), Point { step, epoch, value: figure(&valid[name.as_str()]) })?;
    }
    Ok(())
}

/// A number that JSON lacks stands as `null`.
fn figure(value: &Value) -> f64 {
    json::number(value).unwrap_or(f64::NAN)
}

fn look(line: &[u8]) -> Option<Look> {
    // The history leaves out what no practice reads.
    let mut history = History::default();
    history.push(&serde_json::from_slice::<Event>(line).ok()?);
    history.looks.pop()
}
