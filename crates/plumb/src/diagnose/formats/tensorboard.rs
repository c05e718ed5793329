//! TensorBoard event files: the scalars of their summaries, as a plain number (PyTorch, Plumb) or as a tensor of one
//! (TensorFlow 2, JAX). Pictures, histograms and graphs are passed over.

use std::path::Path;

use super::super::log::{Log, Point, Refused};
use super::protobuf::{Field, field, fields};
use super::{Claim, Folder, Format, Source};
use crate::tfrecord;

pub(super) const FORMAT: Format = Format {
    name: "TensorBoard",
    recognised: "files with `tfevents` in their name; folders such as `train` and `validation` in one folder are one log, \
                 their tags led by the folder",
    find,
    is: |path: &Path, head: &[u8]| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_event_file(&name) || !tfrecord::cut(head).whole.is_empty()
    },
    read,
};

/// Folders that hold a part of a log rather than a log, as TensorFlow's callbacks make them.
const PARTS: [&str; 10] =
    ["train", "training", "val", "valid", "validation", "dev", "eval", "evaluation", "test", "testing"];

fn is_event_file(name: &str) -> bool {
    name.contains("tfevents")
}

fn find(folder: &Folder) -> Vec<Claim> {
    let own = folder.files.iter().filter(|file| is_event_file(file));
    let mut files: Vec<(String, String)> = own.map(|file| (String::new(), file.clone())).collect();
    let mut takes = Vec::new();
    let beside = !files.is_empty();
    for inner in folder.folders.iter().filter(|inner| is_part(&inner.name, beside)) {
        let events = inner.files.iter().filter(|file| is_event_file(file) && !file.contains('/'));
        let before = files.len();
        files.extend(events.map(|file| (inner.name.clone(), format!("{}/{file}", inner.name))));
        if files.len() > before {
            takes.push(inner.name.clone());
        }
    }
    if files.is_empty() { Vec::new() } else { vec![Claim { name: String::new(), files, takes }] }
}

/// Whether a folder holds a part of the log. PyTorch's `add_scalars` makes one such as `Loss_train` for each curve, beside
/// the file of the log itself; without one, `a_train` and `b_train` may be two runs.
fn is_part(name: &str, beside: bool) -> bool {
    let name = name.to_lowercase();
    let word = if beside { name.rsplit('_').next().unwrap_or(&name) } else { &name };
    PARTS.contains(&word)
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    let (mut whole, mut damaged, mut unread) = (0, 0, 0);
    for source in sources {
        let records = tfrecord::cut(&source.bytes);
        (whole, damaged, unread) =
            (whole + records.whole.len(), damaged + records.damaged, unread + records.unread);
        for event in records.whole {
            read_event(event, &source.part, &mut log)?;
        }
    }
    if whole == 0 {
        return Err(Refused::Broken("the file holds no whole record".to_owned()));
    }
    log.remark(damaged, "records have a wrong checksum and were passed over");
    log.remark(unread, "bytes at the end of an event file are no whole record");
    Ok(log)
}

/// `Event`: step 2, summary 5. `Summary`: value 1.
fn read_event(event: &[u8], part: &str, log: &mut Log) -> Result<(), Refused> {
    let step = match field(event, 2) {
        Some(Field::Varint(step)) if i64::try_from(step).is_err() => None,
        Some(Field::Varint(step)) => Some(step),
        _ => Some(0),
    };
    let summaries = fields(event).filter(|(number, _)| *number == 5);
    for (_, value) in
        summaries.flat_map(|(_, summary)| fields(summary.bytes())).filter(|(number, _)| *number == 1)
    {
        let Some((tag, number)) = read_value(value.bytes()) else { continue };
        // Keras counts the epochs, not the steps, in what it logs once an epoch.
        let by_epoch = tag.starts_with("epoch_");
        let (step, epoch) = if by_epoch { (None, step.map(|step| step as f64)) } else { (step, None) };
        let name = if part.is_empty() { tag } else { format!("{part}/{tag}") };
        log.add(&name, Point { step, epoch, value: number })?;
    }
    Ok(())
}

/// `Summary.Value`: tag 1, simple_value 2, tensor 8.
fn read_value(value: &[u8]) -> Option<(String, f64)> {
    let tag = std::str::from_utf8(field(value, 1)?.bytes()).ok()?.to_owned();
    let number = match field(value, 2) {
        Some(Field::Fixed32(bytes)) => f64::from(f32::from_le_bytes(bytes)),
        _ => scalar(field(value, 8)?.bytes())?,
    };
    Some((tag, number))
}

/// The one number of a `TensorProto`: dtype 1, shape 2, content 4, float_val 5, double_val 6. Of another type, or with a
/// dimension, it is no scalar.
fn scalar(tensor: &[u8]) -> Option<f64> {
    const FLOAT: u64 = 1;
    const DOUBLE: u64 = 2;
    let shape = field(tensor, 2).map(Field::bytes).unwrap_or_default();
    if fields(shape).any(|(number, _)| number == 2) {
        return None;
    }
    let Some(Field::Varint(kind)) = field(tensor, 1) else { return None };
    let content = field(tensor, 4).filter(|content| !content.bytes().is_empty());
    match (kind, content.or_else(|| field(tensor, if kind == FLOAT { 5 } else { 6 }))?) {
        (FLOAT, Field::Bytes(bytes)) => Some(f64::from(f32::from_le_bytes(bytes.try_into().ok()?))),
        (FLOAT, Field::Fixed32(bytes)) => Some(f64::from(f32::from_le_bytes(bytes))),
        (DOUBLE, Field::Bytes(bytes)) => Some(f64::from_le_bytes(bytes.try_into().ok()?)),
        (DOUBLE, Field::Fixed64(bytes)) => Some(f64::from_le_bytes(bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfrecord::record;

    /// A message of fields of bytes; short ones, whose lengths are one byte.
    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let field = |(number, bytes): &(u8, &[u8])| [&[number << 3 | 2, bytes.len() as u8], *bytes].concat();
        fields.iter().flat_map(field).collect()
    }

    fn value(tag: &str, more: &[u8]) -> Vec<u8> {
        let value = [message(&[(1, tag.as_bytes())]), more.to_vec()].concat();
        let event = [vec![0x10, 7], message(&[(5, &message(&[(1, &value)]))])].concat();
        record(&event)
    }

    fn tensor(kind: u8, more: &[u8]) -> Vec<u8> {
        message(&[(8, &[&[0x08, kind], more].concat())])
    }

    #[test]
    fn the_folders_of_add_scalars_are_parts_and_runs_are_not() {
        assert!(is_part("Loss_train", true) && is_part("validation", false) && is_part("Validation", true));
        assert!(!is_part("a_train", false) && !is_part("version_0", true));
    }

    #[test]
    fn every_form_of_a_scalar_is_read_and_nothing_else() {
        let one = 1.5f32.to_le_bytes();
        let two = 2.5f64.to_le_bytes();
        let forms = [
            ("plain", [&[0x15], &one[..]].concat()),
            ("float_content", tensor(1, &message(&[(4, &one)]))),
            ("float_val", tensor(1, &[&[0x2d], &one[..]].concat())),
            ("packed_float_val", tensor(1, &message(&[(5, &one)]))),
            ("double_content", tensor(2, &message(&[(4, &two)]))),
            ("double_val", tensor(2, &[&[0x31], &two[..]].concat())),
            ("text", tensor(7, &message(&[(8, b"words")]))),
            (
                "vector",
                tensor(1, &[message(&[(2, &message(&[(2, &[0x08, 1])]))]), message(&[(4, &one)])].concat()),
            ),
            ("two_numbers", tensor(1, &message(&[(4, &[one, one].concat())]))),
            ("epoch_loss", [&[0x15], &one[..]].concat()),
        ];
        let bytes = forms.iter().flat_map(|(tag, more)| value(tag, more)).collect();
        let log = read(&[Source { part: "train".to_owned(), bytes }]).unwrap();
        let read: Vec<(&str, Point)> =
            log.series.iter().map(|(name, points)| (name.as_str(), points[0])).collect();
        let at = |value| Point { step: Some(7), epoch: None, value };
        let expected = [
            ("train/double_content", at(2.5)),
            ("train/double_val", at(2.5)),
            ("train/epoch_loss", Point { step: None, epoch: Some(7.0), value: 1.5 }),
            ("train/float_content", at(1.5)),
            ("train/float_val", at(1.5)),
            ("train/packed_float_val", at(1.5)),
            ("train/plain", at(1.5)),
        ];
        assert_eq!(read, expected);
    }
}
