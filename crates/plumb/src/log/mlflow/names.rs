//! Keys and values as MLflow allows them.

use plumb_ledger::Sha256;

/// Characters of a key, of a parameter's value, of a tag's value (`mlflow/utils/validation.py`).
const KEY: usize = 250;
pub(super) const PARAM: usize = 6_000;
pub(super) const TAG: usize = 8_000;

/// A legal key, the same for the same text and another for another. What had to be changed ends in a part of its digest.
pub(super) fn key(text: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-. :/".contains(c);
    let mut name: String = text.chars().map(|c| if legal(c) { c } else { '_' }).collect();
    // A key is a path too, and must be the only way to write it.
    let parts: Vec<&str> =
        name.split('/').map(|part| if matches!(part, "" | "." | "..") { "_" } else { part }).collect();
    name = parts.join("/");
    if name == text && name.len() <= KEY {
        return name;
    }
    let digest = Sha256::of(text.as_bytes()).to_string();
    let suffix = format!("-{}", digest.get(..8).unwrap_or_default());
    name.truncate(KEY - suffix.len());
    name + &suffix
}

/// The beginning of a text, as much as is allowed; what was left out is said.
pub(super) fn cut(text: &str, most: usize) -> String {
    const MARK: &str = " ...";
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - MARK.len()).chain(MARK.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_keys_stay_and_others_become_legal_and_stay_apart() {
        for legal in ["train.lr", "valid/log_loss", "data.kinds.a b", "a:b-c_d"] {
            assert_eq!(key(legal), legal);
        }
        let long = "x".repeat(300);
        let changed = ["größe", "grüße", "", "/a", "a/", "a//b", "a/./b", "../b", ".", "a\nb", "a{b}", &long];
        let keys = changed.map(key);
        for (text, key) in changed.iter().zip(&keys) {
            assert!(key.len() <= KEY && key.contains('-'), "{text}: {key}");
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. :/".contains(c)), "{key}");
            assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")), "{key}");
        }
        let mut apart = keys.to_vec();
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), keys.len());
    }

    #[test]
    fn long_values_are_cut_by_characters() {
        assert_eq!(cut("größe", 5), "größe");
        let long = "ö".repeat(PARAM + 1);
        let short = cut(&long, PARAM);
        assert_eq!(short.chars().count(), PARAM);
        assert!(short.ends_with("ö ..."));
    }
}
