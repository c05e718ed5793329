//! The files of a bundle in memory, each under a path that means one place on every system.

use std::collections::{BTreeMap, BTreeSet};

use plumb_ledger::Sha256;

use crate::{BundleLimits, Refusal, Why};

/// A file that has been read, or is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    bytes: Vec<u8>,
    sha256: Sha256,
}

impl File {
    /// What stands in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of its bytes, taken when they came in.
    pub fn sha256(&self) -> &Sha256 {
        &self.sha256
    }
}

/// Files by path, sorted by the code points of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    entries: BTreeMap<String, File>,
    folded: BTreeSet<String>,
    folders: BTreeSet<String>,
    bytes: u64,
}

impl Files {
    /// Takes a file in, unless its path is none of a bundle or collides with another.
    pub fn insert(&mut self, path: &str, bytes: Vec<u8>, limits: &BundleLimits) -> Result<(), Refusal> {
        let refuse = |why| Refusal::of(why, path);
        self.check(path, bytes.len() as u64, limits).map_err(refuse)?;
        for (at, _) in path.match_indices('/') {
            self.folders.insert(path.get(..at).unwrap_or_default().to_owned());
        }
        self.folded.insert(path.to_ascii_lowercase());
        self.bytes += bytes.len() as u64;
        let sha256 = Sha256::of(&bytes);
        self.entries.insert(path.to_owned(), File { bytes, sha256 });
        Ok(())
    }

    /// Whether a file of that path and size may come in; asked before its bytes are read.
    pub fn check(&self, path: &str, bytes: u64, limits: &BundleLimits) -> Result<(), Why> {
        check_path(path, limits)?;
        if self.entries.contains_key(path) {
            return Err(Why::Twice);
        }
        if self.folded.contains(&path.to_ascii_lowercase()) {
            return Err(Why::Case);
        }
        let on_the_way = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        if self.folders.contains(path)
            || on_the_way.into_iter().any(|folder| self.entries.contains_key(folder))
        {
            return Err(Why::FileAndFolder);
        }
        if self.entries.len() >= limits.files {
            return Err(Why::Limit { what: "files", limit: limits.files as u64 });
        }
        if self.bytes.checked_add(bytes).is_none_or(|all| all > limits.bytes) {
            return Err(Why::Limit { what: "bytes in all", limit: limits.bytes });
        }
        Ok(())
    }

    /// A file.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.entries.get(path)
    }

    /// The bytes of a file, which must be there.
    pub fn bytes_of(&self, path: &str) -> Result<&[u8], Refusal> {
        self.get(path).map(File::bytes).ok_or_else(|| Refusal::of(Why::Missing, path))
    }

    /// The text of a file, which must be there.
    pub fn text_of(&self, path: &str) -> Result<&str, Refusal> {
        std::str::from_utf8(self.bytes_of(path)?)
            .map_err(|_not_text| Refusal::of(Why::Damaged("it is not UTF-8".to_owned()), path))
    }

    /// Paths with files, sorted by code point.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.entries.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A path of plain names, so that it is relative, means one place on every system and shows as what it is: letters, digits, `.`, `_`
/// and `-`, parted by `/`, no name beginning or ending with a dot.
pub fn check_path(path: &str, limits: &BundleLimits) -> Result<(), Why> {
    if path.is_empty() {
        return Err(Why::Path("it is empty"));
    }
    if path.len() > limits.path {
        return Err(Why::Limit { what: "bytes of a path", limit: limits.path as u64 });
    }
    if path.starts_with('/') {
        return Err(Why::Path("it is absolute"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if !path.chars().all(is_plain) {
        return Err(Why::Path("it has characters other than letters, digits, `.`, `_`, `-` and `/`"));
    }
    if path.split('/').any(|name| name.is_empty() || name.starts_with('.') || name.ends_with('.')) {
        return Err(Why::Path("a name in it is empty, or begins or ends with a dot"));
    }
    if path.matches('/').count() > limits.depth {
        return Err(Why::Limit { what: "folders on a path", limit: limits.depth as u64 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BundleLimits = BundleLimits::DEFAULT;

    #[test]
    fn paths_that_could_reach_elsewhere_are_refused() {
        let hostile = [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "..",
            "a\\b",
            "..\\x",
            "C:x",
            "C:\\x",
            "a:b",
            "%2e%2e/x",
            "a b",
            "a\0b",
            "a\nb",
            "caf\u{e9}",
            "a\u{202e}b",
            ".git",
            "a/.hidden",
            "a.",
            "a/b.",
            "a/b/c/d/e/f",
        ];
        for path in hostile {
            let mut files = Files::default();
            let refused = files.insert(path, Vec::new(), &LIMITS);
            assert!(refused.is_err() && files.is_empty(), "{path:?}");
        }
        assert!(check_path(&"a".repeat(101), &LIMITS).is_err());
        for path in ["LICENSE", "model/model.safetensors", "bom.cdx.json", "a/b/c/d/e"] {
            assert_eq!(check_path(path, &LIMITS), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_collide_are_refused() {
        let collide = |one: &str, other: &str| {
            let mut files = Files::default();
            files.insert(one, Vec::new(), &LIMITS).unwrap();
            files.insert(other, Vec::new(), &LIMITS).unwrap_err().why
        };
        assert_eq!(collide("a/b", "a/b"), Why::Twice);
        assert_eq!(collide("a/B", "A/b"), Why::Case);
        assert_eq!(collide("a", "a/b"), Why::FileAndFolder);
        assert_eq!(collide("a/b/c", "a/b"), Why::FileAndFolder);
    }

    #[test]
    fn limits_hold_before_anything_is_kept() {
        let limits = BundleLimits { files: 2, bytes: 10, ..LIMITS };
        let mut files = Files::default();
        files.insert("a", vec![0; 6], &limits).unwrap();
        assert_eq!(files.check("b", 5, &limits), Err(Why::Limit { what: "bytes in all", limit: 10 }));
        assert_eq!(files.check("b", u64::MAX, &limits), Err(Why::Limit { what: "bytes in all", limit: 10 }));
        files.insert("b", vec![0; 4], &limits).unwrap();
        assert_eq!(files.check("c", 0, &limits), Err(Why::Limit { what: "files", limit: 2 }));
    }
}
