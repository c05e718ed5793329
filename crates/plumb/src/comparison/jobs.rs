//! What differs between two jobs.

use std::collections::BTreeMap;

/// A key whose values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The key: `train.lr`.
    pub(crate) key: String,
    /// Its value in the first job; none where it is not there.
    pub(crate) a: Option<String>,
    /// Its value in the second.
    pub(crate) b: Option<String>,
}

/// The keys whose values differ, in the order of their names.
pub(crate) fn differences(a: &toml::Table, b: &toml::Table) -> Vec<Difference> {
    let (a, b) = (flat(a), flat(b));
    let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let difference = |key: &String| {
        let (a, b) = (a.get(key), b.get(key));
        (a != b).then(|| Difference { key: key.clone(), a: a.cloned(), b: b.cloned() })
    };
    keys.into_iter().filter_map(difference).collect()
}

/// Every value by its whole key. TOML is read under a limit of depth, so this ends.
fn flat(table: &toml::Table) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut open: Vec<(String, &toml::Value)> =
        table.iter().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((key, value)) = open.pop() {
        match value {
            toml::Value::Table(inner) if !inner.is_empty() => {
                open.extend(inner.iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            toml::Value::Table(_) => {}
            value => {
                all.insert(key, value.to_string());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_and_what_is_missing_is_named() {
        let a = "x = 1\n[train]\nlr = 0.1\nseed = 0\n[data.kinds]\n".parse().unwrap();
        let b = "x = 1\n[train]\nlr = 0.2\n[data.kinds]\nzip = \"category\"\n".parse().unwrap();
        let found: Vec<String> =
            differences(&a, &b).iter().map(|d| format!("{} {:?} {:?}", d.key, d.a, d.b)).collect();
        let expected = [
            "data.kinds.zip None Some(\"\\\"category\\\"\")",
            "train.lr Some(\"0.1\") Some(\"0.2\")",
            "train.seed Some(\"0\") None",
        ];
        assert_eq!(found, expected);
        assert!(differences(&a, &a).is_empty());
    }
}
