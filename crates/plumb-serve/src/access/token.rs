//! The token that a server wants which can be reached from other machines.

use plumb_ledger::Sha256;
use subtle::ConstantTimeEq as _;

/// A token, as digests: what is compared does not tell how long it is or how it begins.
#[derive(Clone)]
pub struct Token {
    digest: Sha256,
    cookie: Sha256,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Characters of a token. 16 of any kind cannot be guessed over a network.
    pub const LEAST: usize = 16;
    /// Characters at most.
    pub const MOST: usize = 1_024;

    /// A token from its characters, when they are fit.
    pub fn new(text: &str) -> Option<Self> {
        let fit = (Self::LEAST..=Self::MOST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        let cookie = || Sha256::of(format!("plumb ui cookie\n{text}").as_bytes());
        fit.then(|| Self { digest: Sha256::of(text.as_bytes()), cookie: cookie() })
    }

    /// Whether this is the token.
    pub fn is(&self, text: &str) -> bool {
        equal(&self.digest, &Sha256::of(text.as_bytes()))
    }

    /// What a browser keeps in the token's place.
    pub fn cookie(&self) -> &str {
        self.cookie.as_str()
    }

    /// Whether this is what a browser keeps.
    pub fn is_cookie(&self, text: &str) -> bool {
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
}
