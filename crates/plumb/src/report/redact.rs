//! The job as it may be shown to others: without the places of this machine and without secrets.

use toml_edit::visit_mut::{VisitMut, visit_table_like_kv_mut};
use toml_edit::{DocumentMut, Item, KeyMut, Value};

/// Parts of a key whose value is not shown.
const SECRET_KEYS: [&str; 6] = ["token", "password", "secret", "credential", "api_key", "private_key"];

/// Keys that only look like one of these: they are about the pieces of texts.
const NO_SECRETS: [&str; 2] = ["tokens", "tokenizer"];

/// The job with absolute paths cut to their last part, and secrets and the user part of addresses replaced by
/// `redacted`; `None` when it is no TOML.
pub(crate) fn job(toml: &str) -> Option<String> {
    let mut document: DocumentMut = toml.parse().ok()?;
    Redact.visit_document_mut(&mut document);
    Some(document.to_string())
}

struct Redact;

impl VisitMut for Redact {
    fn visit_table_like_kv_mut(&mut self, key: KeyMut<'_>, node: &mut Item) {
        let name = key.get().to_lowercase();
        let secret = SECRET_KEYS.iter().any(|secret| name.contains(secret));
        if secret && !NO_SECRETS.contains(&name.as_str()) && !node.is_none() {
            *node = toml_edit::value("redacted");
        } else {
            visit_table_like_kv_mut(self, key, node);
        }
    }

    fn visit_value_mut(&mut self, node: &mut Value) {
        if let Some(short) = node.as_str().and_then(shorter) {
            let decor = node.decor().clone();
            *node = Value::from(short);
            *node.decor_mut() = decor;
        }
        toml_edit::visit_mut::visit_value_mut(self, node);
    }
}

fn shorter(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let host_end = rest.find('/').unwrap_or(rest.len());
        let at = rest.get(..host_end)?.rfind('@')?;
        return Some(format!("{scheme}://redacted{}", rest.get(at..)?));
    }
    let mut start = text.chars();
    let drive = matches!((start.next(), start.next()), (Some('a'..='z' | 'A'..='Z'), Some(':')));
    let absolute = text.starts_with(['/', '\\', '~']) || drive;
    let last = text.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next()?;
    (absolute && last != text).then(|| format!("…/{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_secrets_do_not_leave_the_machine() {
        let toml = concat!(
            "[data]\nfiles = [\"/home/ann/adult.csv\", \"b.csv\"] # mine\ntarget = \"income\"\n",
            "[log]\nmlflow = \"http://ann:pw@host:5000/x\"\napi_token = \"abc\"\nwindows = 'C:\\Users\\ann\\x.csv'\n",
        );
        let shown = job(toml).unwrap();
        assert!(shown.contains("files = [\"…/adult.csv\", \"b.csv\"] # mine"), "{shown}");
        assert!(shown.contains("\"http://redacted@host:5000/x\"") && shown.contains("…/x.csv"), "{shown}");
        assert!(!shown.contains("ann") && !shown.contains("abc"), "{shown}");
        assert_eq!(job("tokens = 512\n").unwrap(), "tokens = 512\n");
        assert_eq!(job("= broken"), None);
    }
}
