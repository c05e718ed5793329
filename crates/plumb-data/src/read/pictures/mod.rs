//! Pictures to a column of a table: a folder of class folders, IDX files, or a table that names picture files.
//!
//! Every file is read, hashed and decoded once. One that cannot be decoded is listed with its reason and its row left
//! out; the rest goes on.

mod cache;
mod column;
mod decoded;
mod folder;
mod idx_folder;

use std::path::Path;

use plumb_ledger::nearest::did_you_mean;

use super::error::{Fault, ReadError};
use super::{Inferred, Meter, Progress, Read, ReadOptions, ReadReport, convert};
use crate::{Column, Table};

pub use cache::PictureCache;
pub(super) use column::attach;

/// The column of pictures and the column of classes that a folder becomes.
pub(super) const IMAGE: &str = "image";
/// The column of classes.
pub const LABEL: &str = "label";
/// The format of a folder of class folders, in reports.
pub const PICTURES: &str = "pictures";
/// The column of parts, when folders or files say which picture is for training.
pub const PART: &str = "part";

/// The table that a folder of pictures is; none when the entry is no such folder.
pub(super) fn folder(
    entry: &str,
    options: &ReadOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Read>, ReadError> {
    let path = options.base.join(entry);
    if !path.is_dir() {
        return Ok(None);
    }
    if let Some(read) = idx_folder::read(&path, Path::new(entry), options)? {
        return Ok(Some(read));
    }
    folder::read(&path, Path::new(entry), options, progress)
}

/// Whether a path is a folder of pictures, by the names in it: class folders, or IDX files.
pub fn is_picture_folder(path: &Path) -> bool {
    path.is_dir() && (idx_folder::has_pairs(path) || folder::has_pictures_only(path))
}

/// The table of these columns, each with the reason for its kind; the job's kinds win.
fn table(
    columns: Vec<(Column, &'static str)>,
    report: ReadReport,
    options: &ReadOptions,
) -> Result<Read, Fault> {
    if let Some(name) =
        options.kinds.keys().find(|name| columns.iter().all(|(column, _)| column.name != **name))
    {
        let near = did_you_mean(name, columns.iter().map(|(column, _)| column.name.as_str()));
        return Err(Fault::UnknownKind { name: name.clone(), near });
    }
    let (mut kept, mut inferred) = (Vec::new(), Vec::new());
    for (mut column, mut reason) in columns {
        if let Some(&kind) = options.kinds.get(&column.name) {
            reason = "the job says so";
            if column.images().is_none() {
                column.values = convert::as_kind(column.values, kind).0;
            }
            column.kind = kind;
        }
        inferred.push(Inferred { name: column.name.clone(), kind: column.kind, reason: reason.to_owned() });
        kept.push(column);
    }
    let table =
        Table::new(kept).map_err(|error| Fault::Torn { format: "picture", detail: error.to_string() })?;
    Ok(Read { table, report, inferred })
}

/// A meter over the sizes of some files.
fn meter<'a>(paths: impl Iterator<Item = &'a Path>, tell: &'a (dyn Fn(Progress) + Sync)) -> Meter<'a> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    Meter { tell, done: std::cell::Cell::new(0), total: paths.map(size).sum() }
}
