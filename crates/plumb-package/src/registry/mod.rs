//! A registry of bundles in a folder: versions by name, aliases that move and roll back, a log of every change.
//!
//! `objects/` has each file once, under its digest; `models/NAME.json` has the versions of a name and its log, and is replaced in one
//! step. A file of a bundle is there, durable, before a version names it; so a kill at any moment leaves the old state or the new one, and
//! at most an object that nobody names, which the next removal takes away. Two writers are kept apart by a lock. A mounted object store
//! is a folder like any other; objects by an API are not spoken to.

mod dvc;
mod error;
mod model;
mod name;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use plumb_ledger::lock::FolderLock;
use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{Sha256, atomic};

pub use dvc::dvc_pointer;
pub use error::RegistryError;
pub use model::{Action, Lineage, Logged, Model, Stored, Version};
pub use name::{Reference, Selector};

/// The file that says that a folder is a registry, and of which form.
const MARK: &str = "registry.json";
const MARK_TEXT: &str = "{\"schema\": 1, \"kind\": \"plumb registry\"}\n";
const OBJECTS: &str = "objects";
const MODELS: &str = "models";
/// Bytes of a model's file: a thousand versions of thirty files have four megabytes.
const MOST: u64 = 256 << 20;

/// A registry.
#[derive(Debug, Clone)]
pub struct Registry {
    root: PathBuf,
}

/// A bundle that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its version.
    pub version: u64,
    /// Whether it was there before; then nothing has changed.
    pub was_there: bool,
}

impl Registry {
    /// The registry in a folder, which must be one.
    pub fn open(root: &Path) -> Result<Self, RegistryError> {
        let mark = root.join(MARK);
        let text = fs::read_to_string(&mark).map_err(|reason| match reason.kind() {
            std::io::ErrorKind::NotFound => RegistryError::None { path: root.to_owned() },
            _ => RegistryError::Read { reason, path: mark.clone() },
        })?;
        if text != MARK_TEXT {
            return Err(RegistryError::Other { path: mark });
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The registry in a folder; where there is no folder, or an empty one, a new registry.
    pub fn open_or_create(root: &Path) -> Result<Self, RegistryError> {
        match Self::open(root) {
            Err(RegistryError::None { .. }) => {}
            answer => return answer,
        }
        for folder in [root.to_owned(), root.join(OBJECTS), root.join(MODELS)] {
            let failed = |reason| RegistryError::Create { reason, path: folder.clone() };
            fs::create_dir_all(&folder).map_err(failed)?;
            let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
            // A folder is durable when the one above is.
            File::open(above.unwrap_or(Path::new("."))).and_then(|above| above.sync_all()).map_err(failed)?;
        }
        atomic::write_file(&root.join(MARK), MARK_TEXT.as_bytes())?;
        Self::open(root)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes a bundle in as the next version of `name`; one that is there already keeps its version.
    pub fn add(
        &self,
        name: &str,
        files: &[(&str, &[u8])],
        lineage: Lineage,
        unix_ms: u64,
    ) -> Result<Added, RegistryError> {
        name::check(name)?;
        let _lock = self.lock()?;
        let mut model = self.read(name)?.unwrap_or_else(|| Model::new(name));
        if let Some(parent) = &lineage.parent {
            self.resolve(&Reference::parse(parent)?)?;
        }
        let stored = model::stored(files)?;
        let digest = model::digest_of(&stored);
        for (of, (_, bytes)) in stored.iter().zip(sorted(files)) {
            self.keep(&of.sha256, bytes)?;
        }
        if let Some(known) = model.versions.iter().find(|version| version.digest == digest) {
            return Ok(Added { version: known.version, was_there: true });
        }
        let version = model.add(digest, stored, lineage, unix_ms);
        self.write(&model)?;
        Ok(Added { version, was_there: false })
    }

    /// The names, sorted, each with its versions and aliases.
    pub fn list(&self) -> Result<Vec<Model>, RegistryError> {
        let mut names = self.names()?;
        names.sort();
        names.iter().map(|name| self.model(name)).collect()
    }

    /// A name with its versions, its aliases and its log.
    pub fn model(&self, name: &str) -> Result<Model, RegistryError> {
        name::check(name)?;
        match self.read(name)? {
            Some(model) => Ok(model),
            None => Err(self.unknown(name)),
        }
    }

    /// The version that a reference names.
    pub fn resolve(&self, reference: &Reference) -> Result<Version, RegistryError> {
        self.model(&reference.name)?.find(&reference.selector).cloned()
    }

    /// Points an alias at a version; what it pointed at is kept for [`Registry::roll_back`]. Answers what it pointed at.
    pub fn alias(
        &self,
        reference: &Reference,
        alias: &str,
        unix_ms: u64,
    ) -> Result<Option<u64>, RegistryError> {
        name::check(alias)?;
        self.change(&reference.name, |model| {
            let version = model.find(&reference.selector)?.version;
            model.point(alias, version, unix_ms)
        })
    }

    /// Points an alias at a version if it still points where it was seen to point (`expected`), or points at that version already. Between
    /// the look and the move nobody else can move it: of two that have seen the same, the second is refused.
    pub fn replace(
        &self,
        reference: &Reference,
        alias: &str,
        expected: Option<u64>,
        unix_ms: u64,
    ) -> Result<(), RegistryError> {
        name::check(alias)?;
        self.change(&reference.name, |model| {
            let version = model.find(&reference.selector)?.version;
            let found = model.aliases().get(alias).copied();
            if found != expected && found != Some(version) {
                let (name, alias) = (model.name.clone(), alias.to_owned());
                return Err(RegistryError::Moved { name, alias, expected, found });
            }
            model.point(alias, version, unix_ms).map(drop)
        })
    }

    /// Points an alias at what it pointed at before. Answers from where and to where it moved.
    pub fn roll_back(&self, name: &str, alias: &str, unix_ms: u64) -> Result<(u64, u64), RegistryError> {
        self.change(name, |model| model.roll_back(alias, unix_ms))
    }

    /// Takes a version away, unless an alias points at it, and the objects that no version names any more.
    pub fn remove(&self, name: &str, version: u64, unix_ms: u64) -> Result<(), RegistryError> {
        self.change(name, |model| model.remove(version, unix_ms))?;
        let _lock = self.lock()?;
        self.sweep()
    }

    /// The files of a version, each held against its digest.
    pub fn files(&self, version: &Version) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
        let mut files = BTreeMap::new();
        for stored in &version.files {
            let path = self.object(&stored.sha256)?;
            let bytes =
                fs::read(&path).map_err(|reason| RegistryError::Read { reason, path: path.clone() })?;
            if Sha256::of(&bytes) != stored.sha256 {
                return Err(RegistryError::Damaged { file: stored.path.clone(), path });
            }
            files.insert(stored.path.clone(), bytes);
        }
        Ok(files)
    }

    fn lock(&self) -> Result<FolderLock, RegistryError> {
        Ok(FolderLock::take(&self.root)?)
    }

    fn change<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Model) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let _lock = self.lock()?;
        let mut model = self.model(name)?;
        let before = model.clone();
        let answer = change(&mut model)?;
        if model != before {
            self.write(&model)?;
        }
        Ok(answer)
    }

    fn read(&self, name: &str) -> Result<Option<Model>, RegistryError> {
        let path = self.file_of(name);
        let size = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => return Err(RegistryError::Read { reason, path }),
        };
        if size > MOST {
            return Err(RegistryError::Form { reason: format!("{size} bytes"), path });
        }
        let bytes = fs::read(&path).map_err(|reason| RegistryError::Read { reason, path: path.clone() })?;
        Model::read(name, &bytes).map(Some).map_err(|reason| RegistryError::Form { reason, path })
    }

    fn write(&self, model: &Model) -> Result<(), RegistryError> {
        Ok(atomic::write_file(&self.file_of(&model.name), &model.bytes())?)
    }

    fn file_of(&self, name: &str) -> PathBuf {
        self.root.join(MODELS).join(format!("{name}.json"))
    }

    /// Where an object stands; a digest is 64 digits, so that a forged file cannot reach outside the folder.
    fn object(&self, digest: &Sha256) -> Result<PathBuf, RegistryError> {
        let text = digest.as_str();
        let is_digest =
            text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return Err(RegistryError::Form {
                reason: "a digest is none".to_owned(),
                path: self.root.clone(),
            });
        }
        Ok(self.root.join(OBJECTS).join(text))
    }

    /// Puts an object in its place, or over one that is damaged.
    fn keep(&self, digest: &Sha256, bytes: &[u8]) -> Result<(), RegistryError> {
        let path = self.object(digest)?;
        let is_there = fs::read(&path).is_ok_and(|found| Sha256::of(&found) == *digest);
        if !is_there {
            atomic::write_file(&path, bytes)?;
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, RegistryError> {
        let folder = self.root.join(MODELS);
        let failed = |reason| RegistryError::Read { reason, path: folder.clone() };
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            // What a killed writer left behind begins with a dot.
            let name = file
                .to_str()
                .and_then(|file| file.strip_suffix(".json"))
                .filter(|name| name::check(name).is_ok());
            names.extend(name.map(str::to_owned));
        }
        Ok(names)
    }

    fn unknown(&self, name: &str) -> RegistryError {
        let names = self.names().unwrap_or_default();
        RegistryError::Unknown {
            name: name.to_owned(),
            hint: did_you_mean(name, names.iter().map(String::as_str)),
        }
    }

    /// Removes the objects that no version names, and what killed writers left.
    fn sweep(&self) -> Result<(), RegistryError> {
        let mut named = BTreeSet::new();
        for model in self.list()? {
            named.extend(
                model
                    .versions
                    .into_iter()
                    .flat_map(|version| version.files)
                    .map(|file| file.sha256.to_string()),
            );
        }
        let folder = self.root.join(OBJECTS);
        let failed = |reason| RegistryError::Read { reason, path: folder.clone() };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().to_str().is_some_and(|name| named.contains(name)) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// The files by path, as [`model::stored`] has them.
fn sorted<'a>(files: &[(&'a str, &'a [u8])]) -> BTreeMap<&'a str, &'a [u8]> {
    files.iter().copied().collect()
}

#[cfg(test)]
mod tests;
