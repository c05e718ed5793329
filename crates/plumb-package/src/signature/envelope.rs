//! The sigstore bundle and the DSSE envelope in it, as JSON.

use plumb_ledger::{base64, from_base64};
use serde::{Deserialize, Serialize};

use crate::Why;

/// The version of sigstore's bundle that OpenSSF Model Signing writes.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What the payload is.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Unknown fields are refused: nothing in the file is without meaning, so that no byte of it can be changed unseen.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: PublicKey,
    #[serde(default)]
    tlog_entries: [(); 0],
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKey {
    #[serde(default)]
    hint: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: [Signature; 1],
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: String,
}

/// What stands in a signature file.
#[derive(Debug)]
pub(super) struct Read {
    /// What was signed.
    pub(super) payload: Vec<u8>,
    /// ECDSA, in DER.
    pub(super) signature: Vec<u8>,
    /// The SHA-256 of the public key as PEM, where it is stated.
    pub(super) hint: Option<String>,
}

/// DSSE's encoding of a payload and its type (PAE), which is what the key signs.
pub(super) fn encoded(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The file.
pub(super) fn write(payload: &[u8], signature: &[u8], hint: &str) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Bundle {
        media_type: MEDIA_TYPE.to_owned(),
        verification_material: Material {
            public_key: PublicKey { hint: Some(hint.to_owned()) },
            tlog_entries: [],
        },
        dsse_envelope: Envelope {
            payload: base64(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: [Signature { sig: base64(signature), keyid: String::new() }],
        },
    })
}

/// Reads the file; nothing of the payload.
pub(super) fn read(file: &[u8]) -> Result<Read, Why> {
    let bundle: Bundle = serde_json::from_slice(file)
        .map_err(|error| Why::Damaged(error.to_string().chars().take(200).collect()))?;
    let Envelope { payload, payload_type, signatures: [signature] } = bundle.dsse_envelope;
    if bundle.media_type != MEDIA_TYPE {
        return Err(Why::Signature("it is no sigstore bundle of version 0.3"));
    }
    if payload_type != PAYLOAD_TYPE || !signature.keyid.is_empty() {
        return Err(Why::Signature("its payload is no in-toto statement"));
    }
    let bytes = |text: &str| from_base64(text).ok_or(Why::Signature("it is no base64"));
    Ok(Read {
        payload: bytes(&payload)?,
        signature: bytes(&signature.sig)?,
        hint: bundle.verification_material.public_key.hint,
    })
}
