//! `model.sig`: OpenSSF Model Signing 1.0 with an ECDSA key on P-256.
//!
//! A sigstore bundle ([`envelope`]) around a DSSE envelope around an in-toto statement ([`statement`]) that states the digest of every
//! file. The signature over the statement is verified before the statement is parsed. Signing draws nothing (RFC 6979): the same files
//! and key give the same signature. The reference implementation is PyPI's `model-signing`; `scripts/check_package` runs it both ways.

mod envelope;
mod keys;
mod statement;

use crate::{BundleLimits, Files, Refusal, SIGNATURE, Why};

pub use keys::{KeyError, PrivateKey, PublicKey, new_pair};

/// The signature of all files but itself; `name` is what the statement calls the model.
pub fn sign(files: &Files, name: &str, key: &PrivateKey) -> Result<Vec<u8>, Refusal> {
    let unwritable = |error: serde_json::Error| Refusal::of(Why::Unwritable(error.to_string()), SIGNATURE);
    signed(&statement::of(files, name).map_err(unwritable)?, key).map_err(unwritable)
}

/// The file that signs a payload, whatever it says.
pub fn signed(payload: &[u8], key: &PrivateKey) -> Result<Vec<u8>, serde_json::Error> {
    envelope::write(payload, &key.sign(&envelope::encoded(payload)), &key.public().hint())
}

/// Holds `model.sig` against the key, then each file against what was signed. The error names the first file that differs.
pub fn verify(files: &Files, key: &PublicKey, limits: &BundleLimits) -> Result<(), Refusal> {
    let refuse = |why| Refusal::of(why, SIGNATURE);
    let signature = files.get(SIGNATURE).ok_or_else(|| refuse(Why::Unsigned))?;
    let payload = payload(signature.bytes(), key, limits).map_err(refuse)?;
    statement::check(&payload, files)
}

/// What was signed, once the signature holds.
pub fn payload(signature: &[u8], key: &PublicKey, limits: &BundleLimits) -> Result<Vec<u8>, Why> {
    if signature.len() > limits.document {
        return Err(Why::Limit { what: "bytes", limit: limits.document as u64 });
    }
    let read = envelope::read(signature)?;
    if read.hint.is_some_and(|hint| hint != key.hint()) {
        return Err(Why::WrongKey);
    }
    if !key.verifies(&envelope::encoded(&read.payload), &read.signature) {
        return Err(Why::Signature("it is of another key or of other files"));
    }
    Ok(read.payload)
}

#[cfg(test)]
mod tests;
