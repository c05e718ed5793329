//! The page as a whole: the template engine, the order of the sections, the content security policy.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use plumb_ledger::base64;
use serde::Serialize;

use super::sections::answer::Answer;
use super::sections::{SECTIONS, answer};
use super::view::Block;
use super::{ReportError, RunFiles, text};

/// The looks of blocks and charts.
pub(crate) const STYLE: &str = include_str!("templates/style.css");
/// How the head of a page and the blocks of a section are laid out.
pub(crate) const PARTS: [(&str, &str); 2] = [
    ("answer.html", include_str!("templates/answer.html")),
    ("blocks.html", include_str!("templates/blocks.html")),
];
const PAGE: (&str, &str) = ("page.html", include_str!("templates/page.html"));

/// A section that has something to show.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// Its anchor in the page.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its blocks.
    pub(crate) blocks: Vec<Block>,
}

/// Draws the report of a run. The same files give the same bytes.
///
/// The page grows with the columns, classes and layers up to fixed caps and does not grow with the epochs: every
/// list is cut with its count beside it, every curve thinned. One pass over the history for each curve.
pub(crate) fn render(folder: &RunFiles) -> Result<String, ReportError> {
    let sections: Vec<Shown> = SECTIONS
        .iter()
        .map(|section| Shown { id: section.id, title: section.title, blocks: (section.blocks)(folder) })
        .filter(|section| !section.blocks.is_empty())
        .collect();
    lay_out(&answer::view(folder), &sections)
}

/// Lays a head and sections out as a page.
pub(super) fn lay_out(answer: &Answer, sections: &[Shown]) -> Result<String, ReportError> {
    let page = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        policy => policy(),
        answer => Serde(answer),
        sections => Serde(sections),
        version => env!("CARGO_PKG_VERSION"),
    };
    Ok(engine(&[PAGE])?.get_template(PAGE.0)?.render(page)?)
}

/// The engine with these templates beside [`PARTS`]: everything is escaped, control characters are spelled, a name that is
/// not known is an error.
pub(crate) fn engine(
    templates: &[(&'static str, &'static str)],
) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            out.write_str(&text::escape(&text::shown(text))).map_err(Into::into)
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    for (name, source) in PARTS.iter().chain(templates) {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// No script, no network, no frame, no form; the one style sheet is named by its digest, pictures stand in the page.
fn policy() -> String {
    let digest = base64(&sha256(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

fn sha256(text: &str) -> Vec<u8> {
    let digest = plumb_ledger::Sha256::of(text.as_bytes());
    let digits: Vec<u8> =
        digest.as_str().chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_is_named_by_its_digest() {
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(base64(&sha256("")), empty);
    }

    #[test]
    fn no_template_lets_a_string_through() {
        for (name, source) in PARTS.into_iter().chain([PAGE]) {
            for hatch in ["|safe", "| safe", "autoescape", "<script", " style=", "http:", "https:", "src="] {
                assert!(!source.contains(hatch), "{name} contains {hatch}");
            }
        }
    }
}
