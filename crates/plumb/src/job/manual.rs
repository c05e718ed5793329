//! The manual of the job file, written from its keys: `docs/job.md` and `plumb explain-key`.

use std::fmt::Write as _;

use super::keys::{Key, keys, schema};

impl Key {
    /// The key's entry, as `plumb explain-key` prints it.
    pub(crate) fn explain(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.path, self.summary);
        if !self.detail.is_empty() {
            push(&mut text, format_args!("{}\n", self.detail));
        }
        push(&mut text, format_args!("\nlegal:   {}\n", self.legal.describe()));
        push(&mut text, format_args!("default: {}\n", self.default.as_deref().unwrap_or("none")));
        for (word, meaning) in self.legal.words.iter().filter(|(_, meaning)| !meaning.is_empty()) {
            push(&mut text, format_args!("  {word:<13} {meaning}\n"));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("### `{}`\n\n{}\n", self.path, self.summary);
        if !self.detail.is_empty() {
            push(&mut text, format_args!("\n{}\n", self.detail));
        }
        let default = self.default.as_deref().map_or("none".to_owned(), |text| format!("`{text}`"));
        push(&mut text, format_args!("\n- legal: {}\n- default: {default}\n", self.legal.describe()));
        for (word, meaning) in self.legal.words.iter().filter(|(_, meaning)| !meaning.is_empty()) {
            push(&mut text, format_args!("- `{word}`: {meaning}\n"));
        }
        text
    }
}

/// The whole manual.
pub(crate) fn markdown() -> String {
    let mut text = "# The job file\n\nGenerated from the code; a test holds it up to date. Unknown keys are \
        errors, and every key has a default\nbut `data.files` and `data.target`. \
        `plumb explain-key KEY` prints one entry, `plumb schema` the JSON schema.\n"
        .to_owned();
    let schema = schema();
    let mut section = String::new();
    for key in keys() {
        if key.section() != section {
            key.section().clone_into(&mut section);
            let about = schema["properties"][&section]["description"].as_str().unwrap_or_default();
            push(&mut text, format_args!("\n## `[{section}]`\n\n{}\n", about.replace('\n', " ")));
        }
        push(&mut text, format_args!("\n{}", key.markdown()));
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}

#[cfg(test)]
mod tests {
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a generated page of the repository")]
    fn the_manual_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/job.md");
        let expected = super::markdown();
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &expected).unwrap();
            panic!("docs/job.md was stale and has been rewritten: look at it and commit it");
        }
    }
}
