//! Where a bundle is: a folder or a file, or a version that a registry knows.

use std::path::{Path, PathBuf};

use plumb_package::registry::{Reference, Registry};
use plumb_package::signature::PublicKey;
use plumb_package::{Bundle, BundleLimits, EXTENSION};

use crate::fault::Fault;
use crate::registry;

/// Where a bundle is, and the key that its signature must be of.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    text: String,
    source: Source,
    key: Option<PublicKey>,
}

#[derive(Debug, Clone)]
enum Source {
    Path(PathBuf),
    Registry(Registry, Reference),
}

/// A bundle that was read and verified.
#[derive(Debug)]
pub(super) struct Found {
    /// The bundle.
    pub(super) bundle: Bundle,
    /// What the model is called here.
    pub(super) name: String,
    /// What tells this bundle from another one in its place; none where nothing ever comes there.
    pub(super) stamp: Option<u64>,
}

impl Place {
    /// The place that a text names: something that is there, or else a reference.
    pub(crate) fn of(text: &str, registry: &registry::Place, key: Option<&PublicKey>) -> Result<Self, Fault> {
        let key = key.cloned();
        let path = Path::new(text);
        if path.exists() {
            return Ok(Self { text: text.to_owned(), source: Source::Path(path.to_owned()), key });
        }
        // What is called like a file is not a name of a registry.
        let is_file = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION));
        let reference = Reference::parse(text).ok().filter(|_| !is_file);
        let reference = reference.ok_or_else(|| {
            Fault::usage(format!("no bundle: {text}"))
                .hint("name a folder, a file `NAME.plumb`, or `NAME@champion` of a registry; `plumb package` makes a bundle of a run")
        })?;
        Ok(Self { text: text.to_owned(), source: Source::Registry(registry.open()?, reference), key })
    }

    /// How the command line names it.
    pub(super) fn shown(&self) -> &str {
        &self.text
    }

    /// Reads and verifies what is there now.
    pub(super) fn read(&self) -> Result<Found, Fault> {
        match &self.source {
            Source::Path(path) => {
                let bundle = Bundle::open(path, self.key.as_ref(), &BundleLimits::DEFAULT)?;
                let name = bundle.description.name.clone();
                Ok(Found { bundle, name, stamp: None })
            }
            Source::Registry(registry, reference) => {
                let version = registry.resolve(reference)?;
                let bundle = registry::bundle(registry, &version, self.key.as_ref())?;
                Ok(Found { bundle, name: reference.name.clone(), stamp: Some(version.version) })
            }
        }
    }

    /// What [`Found::stamp`] would say now.
    pub(super) fn stamp(&self) -> Result<Option<u64>, Fault> {
        match &self.source {
            Source::Path(_) => Ok(None),
            Source::Registry(registry, reference) => Ok(Some(registry.resolve(reference)?.version)),
        }
    }
}
