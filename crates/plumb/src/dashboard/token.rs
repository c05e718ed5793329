//! The token that a dashboard wants which can be reached from other machines.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plumb_ledger::{ExitCode, Explain, Sha256};
use subtle::ConstantTimeEq as _;

use super::store::open_regular;

/// Characters of a token. 16 of any kind cannot be guessed over a network.
const LEAST: usize = 16;
const MOST: usize = 1_024;

/// Why a file holds no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// It cannot be read.
    #[error("cannot read the token ({reason}): {}", path.display())]
    Unreadable {
        /// What the system said.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// What it holds is no token.
    #[error("a token is one line of {LEAST} to {MOST} visible ASCII characters: {}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
    },
}

impl Explain for TokenError {
    fn hint(&self) -> Option<String> {
        let path = match self {
            Self::Unreadable { path, .. } | Self::Unfit { path } => path.display(),
        };
        Some(format!("`head -c 24 /dev/urandom | base64 > {path}` makes one"))
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// A token, as digests: what is compared does not tell how long it is or how it begins.
#[derive(Clone)]
pub(crate) struct Token {
    digest: Sha256,
    cookie: Sha256,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Reads a token file.
    pub(crate) fn read(path: &Path) -> Result<Self, TokenError> {
        let unreadable = |reason: String| TokenError::Unreadable { reason, path: path.to_owned() };
        let file = open_regular(path).map_err(|e| unreadable(e.to_string()))?;
        let file = file.ok_or_else(|| unreadable("there is no such file".to_owned()))?;
        let mut text = String::new();
        let read = file.take(MOST as u64 + 2).read_to_string(&mut text);
        read.map_err(|e| unreadable(e.to_string()))?;
        Self::new(text.trim()).ok_or_else(|| TokenError::Unfit { path: path.to_owned() })
    }

    /// A token from its characters, when they are fit.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fit = (LEAST..=MOST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let cookie = || Sha256::of(format!("plumb ui cookie\n{text}").as_bytes());
        fit.then(|| Self { digest: Sha256::of(text.as_bytes()), cookie: cookie() })
    }

    /// Whether this is the token.
    pub(crate) fn is(&self, text: &str) -> bool {
        equal(&self.digest, &Sha256::of(text.as_bytes()))
    }

    /// What a browser keeps in the token's place.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_str()
    }

    /// Whether this is what a browser keeps.
    pub(crate) fn is_cookie(&self, text: &str) -> bool {
        equal(&Sha256::of(self.cookie.as_str().as_bytes()), &Sha256::of(text.as_bytes()))
    }
}

/// In a time that does not depend on where the two differ.
fn equal(a: &Sha256, b: &Sha256) -> bool {
    a.as_str().as_bytes().ct_eq(b.as_str().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_and_nothing_else_is() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.is("0123456789abcdef") && !token.is("0123456789abcdee") && !token.is(""));
        let cookie = token.cookie().to_owned();
        assert!(token.is_cookie(&cookie) && !token.is_cookie("0123456789abcdef") && !token.is(&cookie));
        assert!(Token::new("short").is_none() && Token::new("sixteen and more with blanks").is_none());
        assert_eq!(format!("{token:?}"), "Token", "it is not told");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_file_without_a_token_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(
            Token::read(&path)
                .unwrap_err()
                .to_string()
                .starts_with("cannot read the token (there is no such file)")
        );
        std::fs::write(&path, "abc\n").unwrap();
        assert!(Token::read(&path).unwrap_err().to_string().starts_with("a token is one line"));
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert!(Token::read(&path).unwrap().is("0123456789abcdef"));
    }
}
