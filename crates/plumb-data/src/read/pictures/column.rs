//! A column of paths as a column of pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::decoded::{PictureFile, decode_all};
use super::meter;
use crate::read::error::{Fault, ReadError};
use crate::read::{Progress, Read, ReadOptions, format};
use crate::{Column, Images, Kind, Values};

/// Reads the pictures that columns of the table name. Paths count from the folder of the table's first file.
///
/// A column is of pictures when the job says so, or when every value of it has the extension of a picture and the
/// first one is a file. Rows whose picture cannot be decoded are left out and listed.
pub(in crate::read) fn attach(
    read: &mut Read,
    options: &ReadOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), ReadError> {
    let first = read.report.files.first().map(|file| file.path.clone()).unwrap_or_default();
    let folder = options.base.join(first.parent().unwrap_or(Path::new("")));
    for place in 0..read.table.columns().len() {
        if is_pictures(&read.table.columns()[place], &folder, options) {
            attach_column(read, place, &folder, options, progress).map_err(|fault| fault.at(&first))?;
        }
    }
    Ok(())
}

fn attach_column(
    read: &mut Read,
    place: usize,
    folder: &Path,
    options: &ReadOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), Fault> {
    let column = &read.table.columns()[place];
    let rows: Vec<usize> = (0..column.len()).filter(|&row| !column.is_missing(row)).collect();
    if rows.is_empty() {
        return Err(Fault::NoPictures(column.name.clone()));
    }
    let file = |&row: &usize| {
        let shown = PathBuf::from(column.display(row));
        PictureFile { path: folder.join(&shown), shown, line: row as u64 + 1 }
    };
    let files: Vec<PictureFile> = rows.iter().map(file).collect();
    let meter = meter(files.iter().map(|file| file.path.as_path()), progress);
    let decoded = decode_all(&files, options, &meter)?;
    decoded.check()?;
    let kept: Vec<usize> = decoded.rows.iter().map(|&index| rows[index]).collect();
    let missing = column.len() - rows.len();
    if missing > 0 {
        read.report.notes.push(format!("{missing} rows name no picture and are left out"));
    }
    let paths = kept.iter().map(|&row| Some(column.display(row))).collect();
    let images = Images { paths, set: Arc::new(decoded.set) };
    if let (Some(inferred), None) = (read.inferred.get_mut(place), options.kinds.get(&column.name)) {
        (inferred.kind, inferred.reason) = (Kind::Image, "its values are the paths of pictures".to_owned());
    }
    read.table = read.table.keep(&kept).with_values(place, Kind::Image, Values::Image(images));
    read.report.bad_rows_total += decoded.bad.total;
    read.report.bad_rows.extend(decoded.bad.listed);
    if let Some(file) = read.report.files.first_mut() {
        // The pictures belong to the data: another picture under the same path is another run.
        file.digest = plumb_ledger::Sha256::of(format!("{}{}", file.digest, decoded.digest).as_bytes());
    }
    Ok(())
}

fn is_pictures(column: &Column, folder: &Path, options: &ReadOptions) -> bool {
    match options.kinds.get(&column.name) {
        Some(kind) => *kind == Kind::Image,
        None if options.target.as_deref() == Some(column.name.as_str()) => false,
        None => {
            let mut rows = (0..column.len()).filter(|&row| !column.is_missing(row)).peekable();
            let is_text = matches!(column.values, Values::Text(_) | Values::Category(_));
            let exists = |&row: &usize| folder.join(column.display(row)).is_file();
            is_text
                && rows.peek().is_some_and(exists)
                && rows.all(|row| format::has_picture_extension(Path::new(&column.display(row))))
        }
    }
}
