//! Which rows the model has been trained on or chosen by, by their digests, for whoever judges it later.

use plumb_data::split::shown_digests;
use plumb_package::TrainedRows;

use super::pipeline::Setup;
use super::{Run, files};
use crate::fault::Fault;

/// Writes the digests of the train and the valid rows.
pub(super) fn write(run: &Run, setup: &Setup) -> Result<(), Fault> {
    let (table, split) = (&setup.data.table, setup.parts.split());
    let names: Vec<&str> =
        setup.ready.preparation.columns.iter().map(|column| column.name.as_str()).collect();
    let Some(digests) = shown_digests(table, &names) else { return Ok(()) };
    let rows = split.train().into_iter().chain(split.valid());
    let of_rows = rows.filter_map(|row| digests.get(row as usize).copied());
    let trained = TrainedRows::new(names.into_iter().map(str::to_owned).collect(), of_rows);
    run.write(files::TRAINED_ROWS, &trained.bytes())
}
