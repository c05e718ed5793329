//! The file with the token of a server.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plumb_ledger::{ExitCode, Explain};
use plumb_serve::access::Token;

use crate::dashboard::store::open_regular;

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
    #[error("a token is one line of {} to {} visible ASCII characters: {}", Token::LEAST, Token::MOST, path.display())]
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

/// Reads a token file.
pub(crate) fn read(path: &Path) -> Result<Token, TokenError> {
    let unreadable = |reason: String| TokenError::Unreadable { reason, path: path.to_owned() };
    let file = open_regular(path).map_err(|e| unreadable(e.to_string()))?;
    let file = file.ok_or_else(|| unreadable("there is no such file".to_owned()))?;
    let mut text = String::new();
    let read = file.take(Token::MOST as u64 + 2).read_to_string(&mut text);
    read.map_err(|e| unreadable(e.to_string()))?;
    Token::new(text.trim()).ok_or_else(|| TokenError::Unfit { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_file_without_a_token_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(
            read(&path).unwrap_err().to_string().starts_with("cannot read the token (there is no such file)")
        );
        std::fs::write(&path, "abc\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().starts_with("a token is one line"));
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert!(read(&path).unwrap().is("0123456789abcdef"));
    }
}
