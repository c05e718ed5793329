//! Labels that came later, from tables.

use std::path::PathBuf;

use plumb_data::Kind;
use plumb_data::read::{ReadOptions, read as read_tables};
use plumb_serve::monitor::Labels;

use super::bundle::Monitored;
use crate::fault::Fault;

/// The labels of all files, in the order in which they are named; none where no file is.
pub(super) fn read(paths: &[PathBuf], id: &str, of: &Monitored) -> Result<Option<Labels>, Fault> {
    if paths.is_empty() {
        return Ok(None);
    }
    let target = of.model.preparation().target.as_str();
    let kind = if of.layout.classes.is_empty() { Kind::Number } else { Kind::Category };
    let options = ReadOptions {
        files: paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        kinds: [(id.to_owned(), Kind::Category), (target.to_owned(), kind)].into(),
        target: Some(target.to_owned()),
        ..ReadOptions::default()
    };
    let table = read_tables(&options, &|_| {})?.table;
    let labels = Labels::of(&table, id, target);
    labels
        .map(Some)
        .map_err(|why| Fault::usage(why).hint("`--id COLUMN` names the column with the names of rows"))
}
