//! The papers of a run that is packaged: its model card, its bill of materials, whether it is documented, and the image.

mod image;

use std::path::{Path, PathBuf};

use plumb_ledger::Ledger;
use plumb_package::bom::{self, Material};
use plumb_package::documented::{Documented, PRACTICES};
use plumb_package::license::spdx;
use plumb_package::{BundleLimits, Files, Record, Said, card, record};

use crate::fault::Fault;
use crate::run::files;

pub(crate) use image::{Image, image};

/// The folder of a bundle that holds what was found out after the run.
const EVIDENCE: &str = "evidence";
/// The card's place in a bundle.
const CARD: &str = "README.md";
/// The licence's.
const LICENSE: &str = "LICENSE";

/// What papers are drawn from beside the files of the bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The folder of the run.
    pub(crate) run: &'a Path,
    /// The name of the model.
    pub(crate) name: &'a str,
    /// A file of what only a person knows, which is believed before the job's `[card]`.
    pub(crate) card: Option<&'a Path>,
    /// The licence as it was named on the command line, where it was.
    pub(crate) license: Option<&'a str>,
    /// Folders that `plumb evaluate`, `explain` or `fairness` wrote about the run.
    pub(crate) evidence: &'a [PathBuf],
}

/// Completes a bundle: adds the files that its card is drawn from, judges `package.documented`, writes the ledger, and draws card
/// and bill from what stands in the bundle then, so that every digest in them is one of its files. Answers with the licence.
pub(crate) fn complete(files: &mut Files, ledger: &mut Ledger, of: &Sources<'_>) -> Result<String, Fault> {
    let limits = BundleLimits::DEFAULT;
    for name in record::READ {
        if files.get(name).is_none() && name != files::LEDGER && of.run.join(name).is_file() {
            files.insert(name, read(&of.run.join(name))?, &limits)?;
        }
    }
    let mut later = Vec::new();
    for (number, folder) in of.evidence.iter().enumerate() {
        let place = format!("{EVIDENCE}/{}", number + 1);
        for name in [files::LEDGER, files::EXPLANATION] {
            if folder.join(name).is_file() {
                files.insert(&format!("{place}/{name}"), read(&folder.join(name))?, &limits)?;
            }
        }
        later.push(place);
    }
    let said = said(files, ledger, of, &later)?;
    let before = recorded(files, &json(ledger)?, of.name, &later)?;
    ledger.judge_all(PRACTICES, &Documented::of(&before, &said), |_| {});
    if let (None, Some(id)) = (files.get(LICENSE), spdx(&said.license)) {
        files.insert(LICENSE, format!("SPDX-License-Identifier: {id}\n").into_bytes(), &limits)?;
    }
    let text = json(ledger)?;
    let record = recorded(files, &text, of.name, &later)?;
    files.insert(files::LEDGER, text, &limits)?;
    files.insert(CARD, card::text(&record, &said).into_bytes(), &limits)?;
    files.insert(bom::NAME, bill(&record, &said, files), &limits)?;
    Ok(said.license)
}

/// What a person has said: the file before the job, the job before the command line.
fn said(files: &Files, ledger: &Ledger, of: &Sources<'_>, later: &[String]) -> Result<Said, Fault> {
    let of_job = recorded(files, &json(ledger)?, of.name, later)?.said()?;
    let said = match of.card {
        Some(file) => of_file(file)?.or(&of_job),
        None => of_job,
    };
    let named = of.license.filter(|license| !Path::new(license).is_file()).unwrap_or_default();
    Ok(said.or(&Said { license: named.to_owned(), ..Said::default() }))
}

fn recorded(files: &Files, ledger: &[u8], name: &str, later: &[String]) -> Result<Record, Fault> {
    let bytes = |path: &str| files.get(path).map(plumb_package::files::File::bytes);
    let mut record =
        Record::read(name, |path| if path == files::LEDGER { Some(ledger) } else { bytes(path) })?;
    for place in later {
        let ledger = files.bytes_of(&format!("{place}/{}", files::LEDGER))?;
        record.add(place, ledger, bytes(&format!("{place}/{}", files::EXPLANATION)))?;
    }
    Ok(record)
}

fn bill(record: &Record, said: &Said, files: &Files) -> Vec<u8> {
    let material = |(path, file): (&str, &plumb_package::files::File)| Material {
        path: path.to_owned(),
        sha256: file.sha256().clone(),
    };
    let files: Vec<Material> = files.iter().map(material).collect();
    bom::of_bundle(record, said, &files, env!("CARGO_PKG_VERSION"))
}

fn json(ledger: &Ledger) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec_pretty(ledger)
        .map_err(|error| Fault::failed(format!("cannot write the ledger as JSON ({error})")))
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path)
        .map_err(|error| Fault::failed(format!("cannot read the file ({error}): {}", path.display())))
}

fn of_file(file: &Path) -> Result<Said, Fault> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Fault::usage(format!("cannot read the card ({error}): {}", file.display())))?;
    toml::from_str(&text).map_err(|error| {
        Fault::usage(format!("the card is not as it should be ({}): {}", error.message(), file.display()))
            .hint("`plumb explain-key card` lists its keys: `intended_use = \"...\"`, `limits = [\"...\"]`")
    })
}
