//! Keys on P-256 as PEM: PKCS#8 for signing, SPKI for verifying, as `openssl` and `cryptography` write them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use p256::SecretKey;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding,
};
use plumb_ledger::{ExitCode, Explain, Sha256};

/// Bytes of a key file at most: one of P-256 has 250.
const MOST: usize = 16 << 10;

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is none.
    #[error("no {0} key on P-256 in PEM")]
    None(&'static str),
    /// There is one already.
    #[error("the file is there already: {}", .0.display())]
    Taken(PathBuf),
    /// It cannot be made or written.
    #[error("the key cannot be {action} ({why}): {}", path.display())]
    Io {
        /// Made, written.
        action: &'static str,
        /// What the system said.
        why: String,
        /// The file.
        path: PathBuf,
    },
}

impl Explain for KeyError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None(_) => {
                "`plumb package --new-key NAME` makes a pair: NAME.pem to sign with, NAME.pub to verify with"
                    .to_owned()
            }
            Self::Taken(_) => {
                "choose another name: a key that has signed something is not replaced".to_owned()
            }
            Self::Io { .. } => "choose a folder that you can write to".to_owned(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// What signs.
pub struct PrivateKey(SigningKey);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// The key in this PEM (PKCS#8, not encrypted).
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let none = KeyError::None("private");
        let text =
            std::str::from_utf8(pem).ok().filter(|text| text.len() <= MOST).ok_or_else(|| none.clone())?;
        let key = SecretKey::from_pkcs8_pem(text.trim()).or_else(|_| SecretKey::from_sec1_pem(text.trim()));
        key.map(|key| Self(SigningKey::from(key))).map_err(|_no_key| none)
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// ECDSA over SHA-256, in DER; the same for the same message (RFC 6979).
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }
}

/// What verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key in this PEM (SPKI).
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let none = || KeyError::None("public");
        let text = std::str::from_utf8(pem).ok().filter(|text| text.len() <= MOST).ok_or_else(none)?;
        VerifyingKey::from_public_key_pem(text.trim()).map(Self).map_err(|_no_key| none())
    }

    /// The key as PEM.
    pub fn pem(&self) -> String {
        // A point of the curve always has this form.
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// What a signature names the key by: the SHA-256 of its PEM.
    pub fn hint(&self) -> String {
        Sha256::of(self.pem().as_bytes()).as_str().to_owned()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        DerSignature::try_from(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

/// Makes a pair from the system's own randomness: `PREFIX.pem`, which its owner alone may read, and `PREFIX.pub`. Replaces nothing.
pub fn new_pair(prefix: &Path) -> Result<[PathBuf; 2], KeyError> {
    let named = |extension: &str| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let [private, public] = [named(".pem"), named(".pub")];
    if let Some(taken) = [&private, &public].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(KeyError::Taken(taken.clone()));
    }
    let failed = |why: String| KeyError::Io { action: "made", why, path: private.clone() };
    let key = SecretKey::try_generate().map_err(|error| failed(error.to_string()))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(error.to_string()))?;
    write(&private, pem.as_bytes(), 0o600)?;
    write(&public, PrivateKey(SigningKey::from(key)).public().pem().as_bytes(), 0o644)?;
    Ok([private, public])
}

/// Writes a file that is not there yet and never has other rights than these.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _only_unix = mode;
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Taken(path.to_owned()),
        _ => KeyError::Io { action: "written", why: error.to_string(), path: path.to_owned() },
    })
}
