//! The in-toto statement: the digest of each file, and one over all of them.

use std::collections::BTreeSet;

use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;
use serde::{Deserialize, Serialize};

use crate::{Files, Refusal, SIGNATURE, Why};

const TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://model_signing/signature/v1.0";
const ALGORITHM: &str = "sha256";
const METHOD: &str = "files";

/// What is signed. Fields that version 1.0 does not know are to be left alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    of: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
struct Digest {
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    #[serde(default)]
    allow_symlinks: bool,
    #[serde(default)]
    ignore_paths: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

/// The statement about all files but the signature.
pub(super) fn of(files: &Files, name: &str) -> Result<Vec<u8>, serde_json::Error> {
    let resources: Vec<Resource> = files
        .iter()
        .filter(|(path, _)| *path != SIGNATURE)
        .map(|(path, file)| Resource {
            name: path.to_owned(),
            algorithm: ALGORITHM.to_owned(),
            digest: file.sha256().as_str().to_owned(),
        })
        .collect();
    let digest = Digest { sha256: over(&resources).as_str().to_owned() };
    let serialization = Serialization {
        method: METHOD.to_owned(),
        hash_type: ALGORITHM.to_owned(),
        allow_symlinks: false,
        ignore_paths: vec![SIGNATURE.to_owned()],
    };
    serde_json::to_vec(&Statement {
        of: TYPE.to_owned(),
        subject: vec![Subject { name: name.to_owned(), digest }],
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate { serialization, resources },
    })
}

/// SHA-256 over the raw digests in their order. One that is no digest counts as nothing, which no other side agrees with.
fn over(resources: &[Resource]) -> Sha256 {
    let mut all = Sha256Hasher::default();
    for resource in resources {
        let digits = resource.digest.as_bytes().chunks(2);
        let bytes = digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        all.update(&bytes.collect::<Vec<u8>>());
    }
    all.finish()
}

/// Holds each file against a statement whose signature has been verified.
pub(super) fn check(payload: &[u8], files: &Files) -> Result<(), Refusal> {
    let refuse = |why| Refusal::of(why, SIGNATURE);
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| refuse(Why::Damaged(error.to_string().chars().take(200).collect())))?;
    form(&statement).map_err(|why| refuse(Why::Signature(why)))?;
    let mut signed = BTreeSet::new();
    for resource in &statement.predicate.resources {
        let refuse = |why| Refusal::of(why, &resource.name);
        let file = files.get(&resource.name).ok_or_else(|| refuse(Why::Missing))?;
        if file.sha256().as_str() != resource.digest {
            return Err(refuse(Why::Changed("the signature")));
        }
        if !signed.insert(resource.name.as_str()) {
            return Err(refuse(Why::Twice));
        }
    }
    match files.iter().find(|(path, _)| *path != SIGNATURE && !signed.contains(path)) {
        Some((added, _)) => Err(Refusal::of(Why::NotSigned, added)),
        None => Ok(()),
    }
}

fn form(statement: &Statement) -> Result<(), &'static str> {
    let Predicate { serialization, resources } = &statement.predicate;
    if statement.of != TYPE || statement.predicate_type != PREDICATE {
        return Err("it is no statement of OpenSSF Model Signing 1.0");
    }
    if serialization.method != METHOD
        || serialization.hash_type != ALGORITHM
        || resources.iter().any(|resource| resource.algorithm != ALGORITHM)
    {
        return Err("it does not state the SHA-256 of whole files");
    }
    match statement.subject.as_slice() {
        [subject] if subject.digest.sha256 == over(resources).as_str() => Ok(()),
        _ => Err("its digest over all files is not that of its list"),
    }
}
