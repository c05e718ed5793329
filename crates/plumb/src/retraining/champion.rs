//! The model in use: a bundle, or where an alias of a registry points.

use std::path::{Path, PathBuf};

use plumb_ledger::Sha256;
use plumb_package::registry::{Reference, Registry, Selector};
use plumb_package::signature::PublicKey;
use plumb_package::{Bundle, BundleLimits, DESCRIPTION, is_bundle};

use super::round::Intent;
use crate::fault::Fault;
use crate::registry;

/// The alias of what was refused.
pub(super) const CHALLENGER: &str = "challenger";

/// Where the model in use stands, and the key that its signature must be of.
#[derive(Debug)]
pub(super) struct Seat {
    place: Place,
    key: Option<PublicKey>,
}

/// Where it stands.
#[derive(Debug)]
pub(super) enum Place {
    /// A bundle by itself: nothing can be promoted, what is better is told.
    File(PathBuf),
    /// An alias of a registry, which moves.
    Alias {
        /// The registry.
        registry: Registry,
        /// The name.
        name: String,
        /// The alias.
        alias: String,
    },
}

/// The model in use.
#[derive(Debug)]
pub(super) struct Champion {
    /// What it is called.
    pub(super) name: String,
    /// Its version in the registry.
    pub(super) version: Option<u64>,
    /// The digest of its description, which lists the digest of every other file.
    pub(super) sha256: Sha256,
    /// Its files, which have their digests.
    pub(super) bundle: Bundle,
}

/// The digest that a bundle is known by.
pub(super) fn digest_of(bundle: &Bundle) -> Result<Sha256, Fault> {
    Ok(Sha256::of(bundle.files.bytes_of(DESCRIPTION)?))
}

impl Place {
    fn of(text: &str, named: Option<&Path>) -> Result<Self, Fault> {
        let path = Path::new(text);
        if is_bundle(path) {
            if named.is_some() {
                return Err(Fault::usage(format!("`--registry` beside a bundle by itself: {text}")).hint(
                    "`plumb registry add BUNDLE --alias champion`, then `plumb retrain NAME@champion`",
                ));
            }
            return Ok(Self::File(path.to_owned()));
        }
        if !text.contains('@') {
            return Err(Fault::usage(format!("no bundle, and no alias of a registry: {text}")).hint(
                "name a file `NAME.plumb`, the folder of a bundle, or the alias that is to move, such as `NAME@champion`",
            ));
        }
        let reference = Reference::parse(text)?;
        let Selector::Alias(alias) = reference.selector else {
            return Err(Fault::usage(format!("`{text}` names no alias")));
        };
        if alias == CHALLENGER {
            return Err(Fault::usage(format!("`{text}` is where refused models are pointed at"))
                .hint(format!("name the alias of the model in use, such as `{}@champion`", reference.name)));
        }
        let registry = registry::Place::new(named, false)?.open()?;
        Ok(Self::Alias { registry, name: reference.name, alias })
    }
}

impl Seat {
    /// What a person typed.
    pub(super) fn of(text: &str, named: Option<&Path>, key: Option<&Path>) -> Result<Self, Fault> {
        Ok(Self { place: Place::of(text, named)?, key: registry::key(key)? })
    }

    /// Where it is.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The alias, where there is one.
    pub(super) fn alias(&self) -> Option<&str> {
        match &self.place {
            Place::File(_) => None,
            Place::Alias { alias, .. } => Some(alias),
        }
    }

    /// The model that is there now.
    pub(super) fn current(&self) -> Result<Champion, Fault> {
        match &self.place {
            Place::File(path) => {
                let bundle = Bundle::open(path, self.key.as_ref(), &BundleLimits::DEFAULT)?;
                let name = bundle.description.name.clone();
                Ok(Champion { name, version: None, sha256: digest_of(&bundle)?, bundle })
            }
            Place::Alias { alias, .. } => self.selected(Selector::Alias(alias.clone())),
        }
    }

    /// The model that a round began with.
    pub(super) fn as_seen(&self, intent: &Intent) -> Result<Champion, Fault> {
        let champion = match intent.version {
            Some(version) => self.selected(Selector::Version(version))?,
            None => self.current()?,
        };
        if champion.sha256 == intent.sha256 {
            return Ok(champion);
        }
        Err(Fault::failed(format!("`{}` is another model than when the round began", champion.name))
            .hint("`--out DIR` begins a round elsewhere"))
    }

    fn selected(&self, selector: Selector) -> Result<Champion, Fault> {
        let Place::Alias { registry, name, .. } = &self.place else { return self.current() };
        let reference = Reference { name: name.clone(), selector };
        let version = registry.resolve(&reference)?;
        let bundle = registry::bundle(registry, &version, self.key.as_ref())?;
        let sha256 = digest_of(&bundle)?;
        Ok(Champion { name: name.clone(), version: Some(version.version), sha256, bundle })
    }
}

impl Champion {
    /// `adult:3`, or `adult`.
    pub(super) fn shown(&self) -> String {
        self.version.map_or_else(|| self.name.clone(), |version| format!("{}:{version}", self.name))
    }
}
