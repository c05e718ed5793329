//! A run of MLflow's file store: `meta.yaml` and `metrics/KEY`, a line `timestamp value step` for each number.

use super::super::log::{Log, Point, Refused};
use super::{Claim, Folder, Format, Source, json, lines};

pub(super) const FORMAT: Format = Format {
    name: "MLflow",
    recognised: "a folder with `meta.yaml` and a folder `metrics`, anywhere under `mlruns`",
    find,
    is: |_, _| false,
    read,
};

fn find(folder: &Folder) -> Vec<Claim> {
    let metrics = folder.folders.iter().find(|inner| inner.name == "metrics" && !inner.files.is_empty());
    let Some(metrics) = metrics.filter(|_| folder.has("meta.yaml")) else { return Vec::new() };
    let files = metrics.files.iter().map(|file| (file.clone(), format!("metrics/{file}"))).collect();
    let takes = folder.folders.iter().map(|inner| inner.name.clone()).collect();
    vec![Claim { name: String::new(), files, takes }]
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    let mut unread = 0;
    for source in sources {
        let (lines, long) = lines(&source.bytes);
        unread += long;
        for line in lines {
            match point(line) {
                Some(point) => log.add(&source.part, point)?,
                None => unread += 1,
            }
        }
    }
    log.remark(unread, "lines are no `timestamp value step` and were passed over");
    Ok(log)
}

/// A line of a metric; a store before 2018 wrote no step, and later ones write more after it.
fn point(line: &[u8]) -> Option<Point> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next()?.parse::<i64>().ok()?;
    let value = words.next()?;
    let value = value.parse().ok().or_else(|| json::word(value))?;
    let step = words.next().and_then(|step| step.parse().ok());
    Some(Point { step, epoch: None, value })
}
