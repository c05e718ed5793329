//! What is said of a bundle: for a person, or as JSON.

use std::path::Path;

use plumb_ledger::{Ledger, Sha256};
use plumb_package::{Bundle, DESCRIPTION, SignatureState};
use serde_json::{Value, json};

use super::verify::Verified;
use crate::console::visible;
use crate::fault::Fault;
use crate::papers::Image;

/// Of a bundle that was made.
pub(super) fn packaged(
    out: &Path,
    bundle: &Bundle,
    ledger: &Ledger,
    image: Option<&Image>,
    as_json: bool,
) -> Result<String, Fault> {
    let key = match &bundle.signature {
        SignatureState::Holds(key) => Some(key.as_str()),
        _ => None,
    };
    let (files, bytes) = (bundle.files.len(), bundle.files.bytes());
    if as_json {
        // The description lists the digest of every other file, so its own stands for the bundle.
        let digest = Sha256::of(bundle.files.bytes_of(DESCRIPTION)?);
        let listed: Vec<&str> = bundle.files.iter().map(|(path, _)| path).collect();
        let verdicts: Vec<Value> = ledger
            .verdicts
            .iter()
            .filter(|entry| entry.id.starts_with("package."))
            .map(|entry| json!(entry))
            .collect();
        let answer = json!({
            "schema": 1,
            "bundle": out.display().to_string(),
            "name": bundle.description.name,
            "sha256": digest,
            "bytes": bytes,
            "files": listed,
            "key": key,
            "verdicts": verdicts,
            "image": image,
        });
        return Ok(format!("{answer:#}"));
    }
    let signed = key.map_or_else(
        || "not signed".to_owned(),
        |key| format!("signed, key {}", key.get(..12).unwrap_or(key)),
    );
    let image = image.map_or_else(String::new, |image| format!("\n{}", image.words()));
    Ok(format!("{} ({files} files, {} kB, {signed}){image}", out.display(), bytes.div_ceil(1000)))
}

/// Of a bundle that was verified, or refused.
pub(super) fn verified(bundle: &Path, of: &Verified, as_json: bool) -> String {
    if as_json {
        let checks: Vec<Value> = of
            .checks
            .iter()
            .map(|check| json!({"check": check.name, "verdict": check.verdict, "summary": check.summary}))
            .collect();
        let answer = json!({
            "schema": 1,
            "bundle": bundle.display().to_string(),
            "name": of.name,
            "checks": checks,
            "ledger": of.ledger,
        });
        return format!("{answer:#}");
    }
    let lines = of.checks.iter().map(|check| {
        format!("{:<8}{:<18} {}", check.verdict.as_str(), visible(&check.name), visible(&check.summary))
    });
    lines.collect::<Vec<_>>().join("\n")
}
