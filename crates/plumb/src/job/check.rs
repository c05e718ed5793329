//! Holds the text of a job against the schema before anything else looks at it: unknown keys and illegal
//! values are found here, each with its place, whatever their number of keys.

use std::ops::Range;

use plumb_ledger::nearest;
use toml::de::{DeTable, DeValue};

use super::error::{JobError, Place};
use super::keys::{Key, keys};

/// Checks `text`, which stands in `source`: a file's name, or `--set`.
pub(crate) fn check(source: &str, text: &str) -> Result<(), JobError> {
    let place = |span: Range<usize>| Place { source: source.to_owned(), text: text.to_owned(), span };
    let document = DeTable::parse(text).map_err(|e| JobError::Syntax {
        message: e.message().lines().next().unwrap_or("not TOML").to_owned(),
        place: place(e.span().unwrap_or(0..0)),
    })?;
    let keys = keys();
    for (section, content) in document.get_ref() {
        let name = section.get_ref().as_ref();
        if !keys.iter().any(|key| key.section() == name) {
            return Err(unknown(name, &keys, place(section.span())));
        }
        let DeValue::Table(table) = content.get_ref() else {
            let legal = format!("a section `[{name}]` of keys");
            return Err(JobError::WrongValue { key: name.to_owned(), legal, place: place(content.span()) });
        };
        check_section(name, table, &keys, &place)?;
    }
    Ok(())
}

fn check_section(
    section: &str,
    table: &DeTable<'_>,
    keys: &[Key],
    place: &dyn Fn(Range<usize>) -> Place,
) -> Result<(), JobError> {
    for (name, value) in table {
        let path = format!("{section}.{}", name.get_ref());
        let Some(key) = keys.iter().find(|key| key.path == path) else {
            return Err(unknown(&path, keys, place(name.span())));
        };
        key.legal.check(value).map_err(|span| JobError::WrongValue {
            key: path,
            legal: key.legal.describe(),
            place: place(span),
        })?;
    }
    Ok(())
}

fn unknown(path: &str, keys: &[Key], place: Place) -> JobError {
    JobError::UnknownKey { key: path.to_owned(), hint: near_keys(path, keys), place }
}

/// The hint for an unknown key: near names in its section, for a lone name near sections, then near names anywhere, then the
/// section's list.
pub(crate) fn near_keys(path: &str, keys: &[Key]) -> String {
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    let of_section: Vec<&Key> = keys.iter().filter(|key| key.section() == section).collect();
    let mut sections: Vec<&str> = keys.iter().map(Key::section).collect();
    sections.dedup();
    if section.is_empty() && !nearest::nearest(name, sections.iter().copied()).is_empty() {
        return nearest::did_you_mean(name, sections);
    }
    // The same name in another section is nearer than a like one.
    let elsewhere: Vec<&Key> = keys.iter().filter(|key| key.name() == name).collect();
    let mut near = near_among(name, if elsewhere.is_empty() { &of_section } else { &elsewhere });
    if near.is_empty() {
        near = near_among(name, &keys.iter().collect::<Vec<_>>());
    }
    if !near.is_empty() {
        return format!("did you mean {}?", near.join(" or "));
    }
    if of_section.is_empty() {
        return nearest::did_you_mean(section_or(path, section), sections);
    }
    nearest::did_you_mean(name, of_section.iter().map(|key| key.name()))
}

fn section_or<'a>(path: &'a str, section: &'a str) -> &'a str {
    if section.is_empty() { path } else { section }
}

/// Keys whose name is near, as paths in backticks, best first.
fn near_among(name: &str, keys: &[&Key]) -> Vec<String> {
    let near = nearest::nearest(name, keys.iter().map(|key| key.name()));
    let paths = near.iter().flat_map(|near| keys.iter().filter(move |key| key.name() == *near));
    let mut paths: Vec<String> = paths.map(|key| format!("`{}`", key.path)).collect();
    paths.dedup();
    paths.truncate(3);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        let error = check("job.toml", text).unwrap_err();
        format!("{error}\n{}\nhint: {}", error.snippet().unwrap(), error.hint())
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_near_misses() {
        let text = "[train]\nseed = 1\nepoch = 3\n";
        let expected = "\
unknown key `train.epoch`: job.toml
 --> job.toml:3:1
  |
3 | epoch = 3
  | ^^^^^
hint: did you mean `train.epochs`?";
        assert_eq!(complaint(text), expected);
    }

    #[test]
    fn an_illegal_value_is_shown_with_the_legal_ones() {
        let text = "[split]\nvalid = 2\n";
        let expected = "\
`split.valid` is 2, legal is a number over 0 and under 1: job.toml
 --> job.toml:2:9
  |
2 | valid = 2
  |         ^
hint: `plumb explain-key split.valid` tells what it does";
        assert_eq!(complaint(text), expected);
    }

    #[test]
    fn illegal_values_of_every_shape_are_refused() {
        for text in [
            "[train]\nlr = -1",
            "[train]\nlr = \"fast\"",
            "[train]\nlr = nan",
            "[train]\nseed = -1",
            "[train]\nseed = 1.5",
            "[train]\nseed = 18446744073709551616",
            "[train]\noptimizer = \"adamm\"",
            "[model]\nhidden = [256, 0]",
            "[data]\nkinds = { a = \"numeric\" }",
            "[data]\nfiles = \"a.csv\"",
            "[gates]\nfail = [1]",
            "train = 3",
        ] {
            assert!(matches!(check("j", text), Err(JobError::WrongValue { .. })), "{text}");
        }
    }

    #[test]
    fn a_key_in_the_wrong_section_is_pointed_to_its_own() {
        assert!(complaint("[model]\nlr = 1\n").ends_with("did you mean `train.lr`?"));
        assert!(complaint("lr = 1\n").ends_with("did you mean `train.lr`?"));
        assert!(complaint("[trian]\nlr = 1\n").ends_with("did you mean `train`?"));
    }

    #[test]
    fn text_that_is_no_toml_is_shown_at_its_place() {
        assert!(complaint("[train\nseed = 1").contains("job.toml:1:"));
    }
}
