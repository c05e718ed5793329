//! The keys of a job, read from the schema of [`JobFile`]: the one list behind checks, help and manual.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::JobFile;
use super::legal::Legal;

/// One key of the job file.
#[derive(Debug)]
pub(crate) struct Key {
    /// Section and name: `train.lr`.
    pub(crate) path: String,
    /// What it is, one sentence.
    pub(crate) summary: String,
    /// The default's reason and more; may be empty.
    pub(crate) detail: String,
    /// The legal values.
    pub(crate) legal: Legal,
    /// The default as it would stand in a job file; none for a key without one.
    pub(crate) default: Option<String>,
}

impl Key {
    /// The section it stands in.
    pub(crate) fn section(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// Its name within the section.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// The JSON schema of a job file (draft 2020-12), nothing behind a reference.
pub(crate) fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<JobFile>().to_value()
}

/// Every key, section by section, in the order in which they are documented.
pub(crate) fn keys() -> Vec<Key> {
    let schema = schema();
    let mut keys = Vec::new();
    for (section, of_section) in properties(&schema) {
        for (name, of_key) in properties(of_section) {
            keys.push(key(format!("{section}.{name}"), of_key));
        }
    }
    keys
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn key(path: String, schema: &Value) -> Key {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let (summary, detail) = text.split_once("\n\n").unwrap_or((text, ""));
    let default = schema.get("default").filter(|value| !value.is_null()).map(toml_text);
    Key { path, summary: unwrap(summary), detail: unwrap(detail), legal: Legal::of(schema), default }
}

/// Text of a doc comment with its line breaks taken out; paragraphs stay.
fn unwrap(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// A JSON value as TOML would write it. A schema's defaults are numbers, words and lists, for which the two
/// agree, and empty tables.
fn toml_text(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented_and_has_legal_values() {
        let keys = keys();
        assert!(keys.len() > 40, "{}", keys.len());
        for key in &keys {
            assert!(
                key.summary.ends_with('.') || key.summary.ends_with("..."),
                "{}: {}",
                key.path,
                key.summary
            );
            assert!(!key.legal.describe().is_empty(), "{}", key.path);
        }
    }

    #[test]
    fn only_what_must_be_said_has_no_default_of_use() {
        let without: Vec<String> =
            keys().into_iter().filter(|key| key.default.is_none()).map(|key| key.path).collect();
        assert_eq!(
            without,
            [
                "data.target",
                "data.reference",
                "split.column",
                "prepare.wordnet",
                "prepare.tokenizer",
                "model.pretrained",
                "train.teacher",
                "log.mlflow",
                "log.mlflow_experiment",
                "card.description",
                "card.intended_use",
                "card.users",
                "card.out_of_scope",
                "card.limits",
                "card.risks",
                "card.no_groups",
                "card.license",
                "card.languages",
                "card.contact",
                "card.data",
                "card.datasets",
                "card.base_model",
                "card.tags"
            ]
        );
    }

    #[test]
    fn keys_say_what_is_legal() {
        let keys = keys();
        let legal = |path: &str| keys.iter().find(|key| key.path == path).unwrap().legal.describe();
        assert_eq!(legal("train.lr"), "`auto`, `find` or a number over 0 and up to 1000");
        assert_eq!(legal("split.valid"), "a number over 0 and under 1");
        assert_eq!(legal("train.accumulate"), "a whole number from 1 to 4096");
        assert_eq!(legal("gates.fail"), "a list of texts");
        assert_eq!(legal("model.hidden"), "`auto` or a list of whole numbers from 1 to 16384");
    }
}
