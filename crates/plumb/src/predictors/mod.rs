//! What stands behind `PREDICTOR` on the command line: anything that maps rows to predictions, whoever trained it.
//!
//! One file each: a run folder ([`run_folder`]), a bundle ([`bundle`]), a table of predictions ([`given`]), a server ([`endpoint`]), an ONNX file ([`onnx`]). What knows only tensors is
//! tied to columns by [`wiring`], and to pictures by [`pixels`].

mod bundle;
mod columns;
mod endpoint;
mod exported;
mod given;
mod onnx;
#[cfg(test)]
mod picture_tests;
mod pixels;
mod run_folder;
mod wiring;

use std::path::{Path, PathBuf};

use plumb_data::{Predictor, Table, Target};
use plumb_package::{Bundle, is_bundle};

pub(crate) use bundle::{model as bundle_model, predictor as bundle_predictor};
pub(crate) use exported::Exported;
pub(crate) use given::GivenOptions;
pub(crate) use onnx::for_onnxruntime;
pub(crate) use pixels::{PixelOptions, Resize, Scaling, Size};
pub(crate) use run_folder::{bytes as model_bytes, check as check_run, model as trained_model};
pub(crate) use wiring::{Runtime, WiringOptions};

use crate::fault::Fault;
use crate::job::{self, DataSection, JobFile};
use crate::run::{Screen, files};

/// A predictor as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The folder of a run.
    Run(PathBuf),
    /// A bundle, whose digests have been verified.
    Bundle(Box<Bundle>),
    /// A table of predictions.
    Given(PathBuf),
    /// An ONNX file.
    Onnx(PathBuf),
    /// The address of a model of the Open Inference Protocol.
    Endpoint(String),
}

/// A predictor that can be asked about rows of a table.
pub(crate) struct Opened {
    /// The predictor.
    pub(crate) predictor: Box<dyn Predictor>,
    /// The rows of the table that it has an answer for; none for all.
    pub(crate) rows: Option<Vec<u32>>,
    /// The table, in which what is a prediction is no input.
    pub(crate) table: Table,
    /// The target, which knows every class that the predictor knows.
    pub(crate) target: Target,
    /// What was assumed about it, one line each.
    pub(crate) remarks: Vec<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("remarks", &self.remarks).finish_non_exhaustive()
    }
}

impl Wanted {
    /// What `text` names: an address is a server, a folder a run or a bundle, `.plumb` a bundle, `.onnx` a model, another file a table of
    /// predictions.
    pub(crate) fn of(text: &Path) -> Result<Self, Fault> {
        if let Some(address) = text.to_str().filter(|text| endpoint::is_address(text)) {
            return Ok(Self::Endpoint(address.to_owned()));
        }
        if is_bundle(text) {
            return bundle::read(text).map(|bundle| Self::Bundle(Box::new(bundle)));
        }
        if text.is_dir() {
            return run_folder::check(text).map(|()| Self::Run(text.to_owned()));
        }
        if text.is_file() && text.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
        {
            return Ok(Self::Onnx(text.to_owned()));
        }
        if text.is_file() {
            return Ok(Self::Given(text.to_owned()));
        }
        Err(Fault::usage(format!("no predictor: {}", text.display())).hint(
            "name the folder of a finished run, a bundle, an `.onnx` file, a file of predictions (CSV, Parquet, JSON Lines, Arrow), or `http://HOST/v2/models/NAME`",
        ))
    }

    /// What it is called where it is judged.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Run(path) | Self::Given(path) | Self::Onnx(path) => {
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
            Self::Bundle(bundle) => bundle.description.name.clone(),
            Self::Endpoint(address) => {
                let name = address.split("/v2/models/").nth(1).unwrap_or(address);
                name.split('/').next().unwrap_or_default().to_owned()
            }
        }
    }

    /// The job of a run, or what is to be taken over of that in a bundle; none for what was not made by one.
    pub(crate) fn job(&self, overrides: &[String]) -> Result<Option<JobFile>, Fault> {
        match self {
            Self::Run(folder) => Ok(Some(job::load(&folder.join(files::JOB), overrides)?)),
            Self::Bundle(bundle) => {
                let of = job::from_text(files::JOB, bundle.files.text_of(files::JOB)?, overrides)?;
                // Where its data, networks and servers were is no matter here.
                let data = DataSection { files: Vec::new(), reference: None, ..of.data };
                let (evaluate, train, limits) = (of.evaluate, of.train, of.limits);
                Ok(Some(JobFile { data, train, evaluate, limits, ..job::with_overrides(&[])? }))
            }
            Self::Given(_) | Self::Onnx(_) | Self::Endpoint(_) => Ok(None),
        }
    }

    /// Opens it for the rows of a table.
    pub(crate) fn open(
        &self,
        table: &Table,
        target: &Target,
        (given, wiring): (&GivenOptions<'_>, &WiringOptions<'_>),
        screen: &mut Screen,
    ) -> Result<Opened, Fault> {
        if wiring.runtime != Runtime::Embedded && !matches!(self, Self::Onnx(_)) {
            return Err(Fault::usage(format!(
                "`--runtime` is for ONNX files, and `{}` is none",
                self.name()
            ))
            .hint("leave `--runtime` out"));
        }
        match self {
            Self::Run(folder) => run_folder::open(folder, table, target),
            Self::Bundle(bundle) => bundle::open(bundle, table, target),
            Self::Given(file) => given::open(file, table, target, given, screen),
            Self::Onnx(file) => onnx::open(file, table, target, wiring),
            Self::Endpoint(address) => endpoint::open(address, table, target, wiring),
        }
    }
}

/// A server's model, tied to a table by the columns that it names.
pub(crate) fn endpoint(address: &str, table: &Table, target: &Target) -> Result<Box<dyn Predictor>, Fault> {
    Ok(endpoint::open(address, table, target, &WiringOptions::default())?.predictor)
}
