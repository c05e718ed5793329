//! Names of models and aliases, and what a person types to name a version.

use super::RegistryError;

/// Letters of a name.
const LONGEST: usize = 100;

/// Whether a text is a name: letters, digits, `.`, `_` and `-`, no dot or dash in front, so that it can stand as a file.
pub(super) fn check(name: &str) -> Result<(), RegistryError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let is_name = !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_plain);
    if is_name { Ok(()) } else { Err(RegistryError::Name { name: name.to_owned() }) }
}

/// Which version of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The one with the highest number.
    Latest,
    /// The one with this number.
    Version(u64),
    /// The one that an alias points at.
    Alias(String),
}

/// `NAME`, `NAME:3` or `NAME@champion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: String,
    /// Which version of it.
    pub selector: Selector,
}

impl Reference {
    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let (name, selector) = match (text.split_once(':'), text.split_once('@')) {
            (None, None) => (text, Selector::Latest),
            (Some((name, version)), None) => {
                let version = version
                    .parse()
                    .map_err(|_no_number| RegistryError::Reference { text: text.to_owned() })?;
                (name, Selector::Version(version))
            }
            (None, Some((name, alias))) => {
                check(alias)?;
                (name, Selector::Alias(alias.to_owned()))
            }
            _ => return Err(RegistryError::Reference { text: text.to_owned() }),
        };
        check(name)?;
        Ok(Self { name: name.to_owned(), selector })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let of = |text: &str| Reference::parse(text).map(|reference| reference.selector);
        assert_eq!(of("loans").unwrap(), Selector::Latest);
        assert_eq!(of("loans:3").unwrap(), Selector::Version(3));
        assert_eq!(of("loans@champion").unwrap(), Selector::Alias("champion".to_owned()));
    }

    #[test]
    fn no_name_leads_elsewhere() {
        let hostile = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/x",
            "a:b",
            "a:",
            "a:-1",
            "a@",
            "a@b:3",
            "a@../x",
            "%2e%2e",
            "a b",
            "a\0",
            "größe",
            "-x",
            ".x",
            "a\u{202e}",
        ];
        for text in hostile {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        assert!(check(&"a".repeat(101)).is_err());
        assert!(check("resnet18-v1.2_b").is_ok());
    }
}
