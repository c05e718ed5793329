//! JSON Lines: an object a line with numbers by name, as many training loops write them.

use std::path::Path;

use super::super::log::{Log, Point, Refused, whole};
use super::super::roles::names_a_loss;
use super::{Folder, Format, Source, has_extension, json, lines, lone_files};

pub(super) const FORMAT: Format = Format {
    name: "JSON Lines",
    recognised: "`.jsonl`, `.ndjson` or `log.txt` whose first lines are objects with a loss and a step or an epoch",
    find: |folder: &Folder| {
        lone_files(folder, |name| has_extension(name, &["jsonl", "ndjson"]) || name == "log.txt")
    },
    is,
    read,
};

/// Names of the step, the better one first.
const STEPS: [&str; 7] = ["step", "global_step", "_step", "iteration", "iter", "num_updates", "steps"];
/// Names of the epoch.
const EPOCHS: [&str; 3] = ["epoch", "_epoch", "epochs"];
/// Lines that are looked at to recognise the format: a first one may hold settings alone.
const LOOKED_AT: usize = 20;

fn is(_: &Path, head: &[u8]) -> bool {
    let mut objects = lines(head).0.into_iter().take(LOOKED_AT).filter_map(json::parse);
    objects.any(|object| {
        let numbers = json::numbers(&object);
        let placed = place(&numbers) != (None, None);
        placed && numbers.iter().any(|(name, _)| names_a_loss(name))
    })
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    for source in sources {
        let (lines, mut unread) = lines(&source.bytes);
        for line in lines {
            let Some(object) = json::parse(line).filter(serde_json::Value::is_object) else {
                unread += 1;
                continue;
            };
            let numbers = json::numbers(&object);
            let (step, epoch) = place(&numbers);
            for (name, value) in numbers.iter().filter(|(name, _)| !is_place(name)) {
                log.add(name, Point { step, epoch, value: *value })?;
            }
        }
        log.remark(unread, "lines are no JSON object and were passed over");
    }
    Ok(log)
}

fn is_place(name: &str) -> bool {
    STEPS.contains(&name) || EPOCHS.contains(&name)
}

fn place(numbers: &[(String, f64)]) -> (Option<u64>, Option<f64>) {
    let find = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| numbers.iter().find(|(known, _)| known == name));
        found.next().map(|(_, value)| *value)
    };
    (find(&STEPS).and_then(whole), find(&EPOCHS).filter(|epoch| epoch.is_finite()))
}
