//! The files of a bundle, but for its ledger, its description and its signature. A function of the run alone: nothing here knows a clock,
//! a path of the machine or a number that was not drawn by the seed.

use std::collections::BTreeMap;

use plumb_data::Predictor as _;
use plumb_package::practices::Parity;
use plumb_package::{BundleLimits, Files};

use super::answers::{self, SAME};
use super::examples::{Chosen, EXAMPLES};
use super::reference::REFERENCE;
use super::source::Source;
use crate::fault::Fault;
use crate::run::files;

/// What was put together.
#[derive(Debug)]
pub(super) struct Assembled {
    /// The files.
    pub(super) files: Files,
    /// What each way to the model says of the example rows.
    pub(super) parities: Vec<Parity>,
    /// What a person should hear.
    pub(super) notes: Vec<String>,
}

/// The way that all others are held against.
pub(super) const NATIVE: &str = "native";

/// Puts the files together and asks every way to the model about the example rows.
pub(super) fn assemble(source: &Source) -> Result<Assembled, Fault> {
    let mut made = Assembled { files: Files::default(), parities: Vec::new(), notes: Vec::new() };
    for (path, bytes) in &source.taken {
        made.add(path, bytes.clone())?;
    }
    if let Some(reference) = &source.reference {
        made.add(REFERENCE, reference.clone())?;
    }
    let exported = if source.taken(files::ONNX).is_some() { None } else { made.exported(source) };
    if let Some(examples) = &source.examples {
        made.ask(source, examples, exported)?;
    } else {
        made.notes.push("no example rows: `plumb verify` cannot ask the model".to_owned());
        if let Some(bytes) = exported {
            made.add(files::ONNX, bytes)?;
        }
    }
    Ok(made)
}

impl Assembled {
    fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        Ok(self.files.insert(path, bytes, &BundleLimits::DEFAULT)?)
    }

    /// The network in ONNX; a note where it has no such form.
    fn exported(&mut self, source: &Source) -> Option<Vec<u8>> {
        let exported = source.model.to_onnx(env!("CARGO_PKG_VERSION"));
        exported.map_err(|reason| self.notes.push(format!("no `{}`: {reason}", files::ONNX))).ok()
    }

    /// Records the answers of each way. An exported file that says other things than the model is left out.
    fn ask(&mut self, source: &Source, examples: &Chosen, exported: Option<Vec<u8>>) -> Result<(), Fault> {
        let (model, table) = (&source.model, &examples.table);
        let width = model.classes().len().max(1);
        let native = answers::native(model, table)?;
        let mut outputs = BTreeMap::new();
        self.parities.push(Parity { way: NATIVE.to_owned(), found: Ok(examples.as_in_run) });
        let is_exported = exported.is_some();
        if let Some(bytes) = exported.or_else(|| source.taken(files::ONNX).map(<[u8]>::to_vec)) {
            let found = answers::onnx(bytes.clone(), model, table);
            let found = found.map(|found| (answers::agreement(&native, &found, width, SAME), found));
            let agreement = found.map_err(|fault| fault.message().to_owned()).map(|(agreement, found)| {
                outputs.insert(files::ONNX.to_owned(), found);
                agreement
            });
            match agreement {
                Ok(agreement) if is_exported && !agreement.holds() => {
                    outputs.remove(files::ONNX);
                    self.leave_out(&format!("it would differ by {:.1e}", agreement.difference));
                }
                Err(why) if is_exported => self.leave_out(&why),
                found => {
                    self.parities.push(Parity { way: files::ONNX.to_owned(), found });
                    if is_exported {
                        self.add(files::ONNX, bytes)?;
                    }
                }
            }
        }
        for name in files::SMALLER {
            if let Some(bytes) = source.taken(name) {
                outputs.insert(name.to_owned(), answers::onnx(bytes.to_vec(), model, table)?);
            }
        }
        outputs.insert(NATIVE.to_owned(), native);
        let file = examples.file(&outputs).map_err(|why| Fault::failed(format!("{why}: {EXAMPLES}")))?;
        self.add(EXAMPLES, file)
    }

    fn leave_out(&mut self, why: &str) {
        self.notes.push(format!("no `{}`: {why}", files::ONNX));
        self.parities.push(Parity { way: files::ONNX.to_owned(), found: Err(format!("left out: {why}")) });
    }
}
