//! A bundle: sealed when it is made, verified when it is opened.

use std::fs;
use std::path::Path;

use crate::signature::{self, PrivateKey, PublicKey};
use crate::{BundleLimits, DESCRIPTION, Description, Files, Refusal, Why, archive, contents, folder};

/// The name of the file with the signature.
pub const SIGNATURE: &str = "model.sig";
/// The extension of a bundle that is one file.
pub const EXTENSION: &str = "plumb";

/// What is known of who made a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureState {
    /// There is no signature.
    Absent,
    /// There is one, and no key to hold it against.
    Unchecked,
    /// It is of the key that was asked for, which is named by the SHA-256 of its PEM.
    Holds(String),
}

/// A bundle whose files are what its description, and where a key was given its signature, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Every file.
    pub files: Files,
    /// What it is.
    pub description: Description,
    /// Who made it.
    pub signature: SignatureState,
}

/// Whether a path is meant as a bundle: a file called so, or a folder with a description.
pub fn is_bundle(path: &Path) -> bool {
    let is_called_so = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION));
    (is_called_so && path.is_file()) || path.join(DESCRIPTION).is_file()
}

impl Bundle {
    /// Adds the description and, with a key, the signature to files that are otherwise whole, and opens what has been made.
    pub fn seal(mut files: Files, about: Description, key: Option<&PrivateKey>) -> Result<Self, Refusal> {
        let limits = BundleLimits::DEFAULT;
        let name = about.name.clone();
        let described = about.sealed(&files)?;
        files.insert(DESCRIPTION, described, &limits)?;
        if let Some(key) = key {
            let signature = signature::sign(&files, &name, key)?;
            files.insert(SIGNATURE, signature, &limits)?;
        }
        Self::verified(files, key.map(PrivateKey::public).as_ref(), &limits)
    }

    /// Reads a bundle, a folder or one file, and verifies it: the signature first where a key is given, then the digests, then the kind
    /// of each file. Nothing of a file is parsed before; the first thing that does not hold ends it.
    pub fn open(path: &Path, key: Option<&PublicKey>, limits: &BundleLimits) -> Result<Self, Refusal> {
        Self::verified(read(path, limits)?, key, limits)
    }

    /// The same of files that are in memory.
    pub fn verified(files: Files, key: Option<&PublicKey>, limits: &BundleLimits) -> Result<Self, Refusal> {
        let signature = match key {
            Some(key) => {
                signature::verify(&files, key, limits)?;
                SignatureState::Holds(key.hint())
            }
            None if files.get(SIGNATURE).is_some() => SignatureState::Unchecked,
            None => SignatureState::Absent,
        };
        let description = Description::read(files.bytes_of(DESCRIPTION)?, limits)?;
        description.check(&files)?;
        contents::check(&files)?;
        Ok(Self { files, description, signature })
    }

    /// Writes it: as one file where the path is called `NAME.plumb`, else as a folder that must not be there yet.
    pub fn write(&self, out: &Path) -> Result<(), Refusal> {
        let shown = out.to_string_lossy();
        if out.symlink_metadata().is_ok() {
            return Err(Refusal::of(Why::Unwritable("something is there already".to_owned()), shown));
        }
        if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION)) {
            return folder::write(out, &self.files);
        }
        let bytes = archive::write(&self.files)?;
        plumb_ledger::atomic::write_file(out, &bytes).map_err(|error| {
            Refusal::of(Why::Unwritable(format!("{}: {}", error.action, error.source)), shown)
        })
    }
}

/// The files of a bundle, of which nothing is known yet.
fn read(path: &Path, limits: &BundleLimits) -> Result<Files, Refusal> {
    let shown = path.to_string_lossy();
    let unreadable = |error: std::io::Error| Refusal::of(Why::Unreadable(error.to_string()), &shown);
    let found = fs::metadata(path).map_err(unreadable)?;
    if found.is_dir() {
        return folder::read(path, limits);
    }
    if !found.is_file() {
        return Err(Refusal::of(Why::NotAFile("a device or a pipe"), shown));
    }
    let file = fs::File::open(path).map_err(unreadable)?;
    archive::read(std::io::BufReader::with_capacity(1 << 20, file), &shown, limits)
}

#[cfg(test)]
mod tests;
