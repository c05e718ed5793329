//! The files of a run as the sections of the report take them. One that cannot be read is told and left out: the other
//! pages are none the worse for it.

use std::collections::BTreeMap;

use plumb_ledger::Ledger;

use super::super::store::{Summary, bytes};
use crate::report::files::history::{History, StepEvent};
use crate::report::files::lenient::Number;
use crate::report::view::Block;
use crate::report::{ReportError, RunFiles};
use crate::run::files;

/// Reads some files of a run, and says which of them could not be read.
pub(super) fn load(run: &Summary, wanted: &[&str]) -> (Option<RunFiles>, Vec<Block>) {
    let read = |name: &&str| Some(((*name).to_owned(), bytes(&run.path.join(name))?));
    let mut files_read: BTreeMap<String, Vec<u8>> = wanted.iter().filter_map(read).collect();
    let mut said = Vec::new();
    loop {
        if !files_read.contains_key(files::LEDGER) {
            let empty = serde_json::to_vec(&Ledger::new(&run.id)).unwrap_or_default();
            files_read.insert(files::LEDGER.to_owned(), empty);
        }
        match RunFiles::from_bytes(&files_read) {
            Ok(mut loaded) => {
                // A folder may have been renamed since.
                loaded.ledger.run.clone_from(&run.id);
                return (Some(loaded), said);
            }
            Err(error) => {
                said.push(Block::text(format!("Left out: {error}.")));
                let ReportError::Unreadable { file, .. } = error else { return (None, said) };
                if files_read.remove(file).is_none() {
                    return (None, said);
                }
            }
        }
    }
}

/// A history that holds the rates alone, at their extremes: the range test shows which rates were used.
pub(super) fn with_rates(files: &mut RunFiles, rates: &[(f64, f64)]) {
    let step =
        |&(step, lr): &(f64, f64)| StepEvent { step: Number(step), lr: Number(lr), ..StepEvent::default() };
    files.history = History { steps: rates.iter().map(step).collect(), ..History::default() };
}
