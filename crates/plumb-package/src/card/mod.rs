//! The model card, `README.md`: what was measured, each figure with the digest of the file that it comes from, and what only a
//! person can say. What nobody said is named as missing.

mod front;
mod made;
mod measured;
mod verdicts;

use std::fmt::Display;

use crate::markdown::{code, paragraph, push};
use crate::record::{METRICS, Origin, PREPARATION};
use crate::{Record, Said};

pub use front::model_index;
pub use measured::evidence_table;

/// The card of a run.
pub fn text(record: &Record, said: &Said) -> String {
    let mut text = front::matter(record, said);
    opening(&mut text, record, said);
    use_of_it(&mut text, said);
    made::sections(&mut text, record, said);
    measured::sections(&mut text, record, said);
    verdicts::sections(&mut text, record);
    evidence(&mut text, record);
    text
}

fn opening(text: &mut String, record: &Record, said: &Said) {
    push(text, format_args!("# {}\n\n", paragraph(&record.name)));
    if !said.description.trim().is_empty() {
        push(text, format_args!("{}\n\n", paragraph(&said.description)));
    }
    let classes = record.classes().len();
    let target = match classes {
        0 => "a number".to_owned(),
        classes => format!("one of {classes} classes"),
    };
    push(
        text,
        format_args!(
            "The network `{}` predicts `{}`, {target}, from {}; trained by Plumb ({}).\n\n",
            code(record.network()),
            code(record.target()),
            crate::format::counted(record.inputs().len(), "column"),
            cited([record.origin_of(METRICS), record.origin_of(PREPARATION)]),
        ),
    );
    let missing = crate::documented::unsaid(record, said);
    if !missing.is_empty() {
        push(
            text,
            format_args!(
                "> Nobody has said: {}. `[card]` in the job or `plumb package --card FILE` says it.\n\n",
                missing.join(", ")
            ),
        );
    }
}

/// What only a person knows.
fn use_of_it(text: &mut String, said: &Said) {
    section(text, "Intended use");
    said_or_missing(text, &said.intended_use);
    bullets(text, "Users", &said.users);
    bullets(text, "Out of scope", &said.out_of_scope);
    section(text, "Limits");
    if said.limits.is_empty() {
        text.push_str("Nobody has said where the model falls short; what was measured stands below.\n\n");
    }
    items(text, &said.limits);
    bullets(text, "Risks to people", &said.risks);
    section(text, "Contact and licence");
    let or = |said: &str| if said.trim().is_empty() { "not said".to_owned() } else { paragraph(said) };
    push(text, format_args!("Contact: {}. Licence: {}.\n\n", or(&said.contact), or(&said.license)));
}

fn evidence(text: &mut String, record: &Record) {
    section(text, "Evidence");
    text.push_str("The files that the figures come from; behind a figure stand the first digits of its file's SHA-256.\n\n");
    let row = |origin: &Origin| vec![format!("`{}`", code(&origin.file)), format!("`{}`", origin.sha256)];
    crate::markdown::table(text, &["file", "SHA-256"], record.origins().into_iter().map(row));
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn section(text: &mut String, title: impl Display) {
    push(text, format_args!("## {title}\n\n"));
}

fn said_or_missing(text: &mut String, said: &str) {
    if said.trim().is_empty() {
        text.push_str("Nobody has said it.\n\n");
    } else {
        push(text, format_args!("{}\n\n", paragraph(said)));
    }
}

fn bullets(text: &mut String, title: &str, said: &[String]) {
    section(text, title);
    if said.is_empty() {
        text.push_str("Nobody has said it.\n\n");
    }
    items(text, said);
}

fn items(text: &mut String, said: &[String]) {
    for item in said {
        push(text, format_args!("- {}\n", paragraph(item)));
    }
    if !said.is_empty() {
        text.push('\n');
    }
}

/// Files and the beginnings of their digests.
fn cited<'a>(origins: impl IntoIterator<Item = Option<&'a Origin>>) -> String {
    let cited: Vec<String> = origins.into_iter().flatten().map(Origin::cite).collect();
    cited.join(", ")
}

#[cfg(test)]
mod tests;
