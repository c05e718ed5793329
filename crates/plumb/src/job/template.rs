//! The job file that `plumb init` writes: what was inferred, with reasons, and every other key as a comment.

use std::fmt::Write as _;

use super::keys::{Key, keys};

/// One column as it was inferred.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnLine<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What it is to the job.
    pub(crate) kind: &'a str,
    /// Why.
    pub(crate) reason: &'a str,
}

/// A commented job for these files. Without a target the line is left for the person to fill in.
pub(crate) fn template(files: &[String], target: Option<(&str, &str)>, columns: &[ColumnLine<'_>]) -> String {
    let mut text =
        "# A job for Plumb. Lines that begin with `# ` and a key show its default; `plumb explain-key KEY`\n\
        # tells more. `plumb check` judges data and split, `plumb run` does everything.\n\n[data]\n"
            .to_owned();
    push(&mut text, format_args!("files = {}\n", toml::Value::from(files.to_vec())));
    match target {
        Some((name, reason)) => push(&mut text, format_args!("target = {}  # {reason}\n", quoted(name))),
        None => text.push_str("# target = \"\"  # the column to predict: fill it in\n"),
    }
    text.push_str("# reference = \"\"  # data that this should be like, such as last month's\n");
    text.push_str(
        "\n# What each column is: number, category, time, group, id, text or ignore.\n[data.kinds]\n",
    );
    let width =
        columns.iter().map(|column| toml_key(column.name).len() + column.kind.len()).max().unwrap_or(0);
    for column in columns {
        let line = format!("{} = \"{}\"", toml_key(column.name), column.kind);
        push(&mut text, format_args!("{line:<0$}  # {1}\n", width + 5, one_line(column.reason)));
    }
    let keys = keys();
    for section in ["split", "prepare", "model", "train", "evaluate", "gates"] {
        push(&mut text, format_args!("\n[{section}]\n"));
        keys.iter().filter(|key| key.section() == section).for_each(|key| comment(&mut text, key));
    }
    text
}

fn comment(text: &mut String, key: &Key) {
    let line = format!("# {} = {}", key.name(), key.default.as_deref().unwrap_or("\"\""));
    push(text, format_args!("{line:<27} # {}\n", key.summary));
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // A bare key ends a line early when the name holds a line break: everything unusual is quoted and escaped.
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { basic_string(name) }
}

fn basic_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => push(&mut out, format_args!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{check, read_text};

    #[test]
    fn the_template_is_a_job_whatever_the_names() {
        let names = ["age", "größe", "a\"b\\c", "line\nbreak", "", "[x]", "# y = 1"];
        let columns = names.map(|name| ColumnLine { name, kind: "number", reason: "digits\nonly" });
        let text = template(&["a\"b.csv".to_owned()], Some((names[3], "given")), &columns);
        let job = read_text("job.toml", &text).unwrap();
        assert_eq!(job.data.files, ["a\"b.csv"]);
        assert_eq!(job.data.target.as_deref(), Some(names[3]));
        assert!(names.iter().all(|name| job.data.kinds.contains_key(*name)), "{text}");
    }

    #[test]
    fn every_commented_default_is_legal() {
        let text = template(&["a.csv".to_owned()], Some(("y", "given")), &[]);
        let is_key = |line: &&str| line.starts_with("# ") && line.contains(" = ") && !line.contains("\"\"  ");
        let uncommented: Vec<&str> =
            text.lines().map(|line| if is_key(&line) { &line[2..] } else { line }).collect();
        check("job.toml", &uncommented.join("\n").replace("column = \"\"", "")).unwrap();
    }
}
