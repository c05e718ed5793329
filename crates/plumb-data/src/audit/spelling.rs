//! When two spellings are one word: a folded form, and typing errors of one letter.

use std::collections::BTreeMap;

/// A form that case, blanks, separators between words, accents, full-width letters and outer punctuation do not
/// change. Signs that carry meaning stay: `<=50K` and `>50K`, `A+` and `A`, `-1` and `1`, `1.5` and `15` differ.
pub(super) fn fold(text: &str) -> String {
    let plain: Vec<char> = text.chars().filter_map(plain).flat_map(char::to_lowercase).collect();
    let first = plain.iter().position(|&c| !is_edge(c)).unwrap_or(0);
    let last = plain.iter().rposition(|&c| !is_edge(c)).map_or(plain.len(), |last| last + 1);
    let inner = &plain[first.min(last)..last];
    let mut folded = String::with_capacity(text.len());
    for (at, &c) in inner.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| inner.get(at));
        if !is_separator(c) || joins_digits(before, inner.get(at + 1)) {
            folded.push(c);
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    // A separator at the end belongs to the word when the word is a sign: `A-`, `-1`.
    folded
}

/// Blanks, quotes and stops around a word say nothing.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '\'' | '"' | '`' | '_')
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '.' | ',' | '/' | '\u{2010}'..='\u{2014}')
}

/// `1.5`, `1-5`, `-1`, `A-`: between digits or at an end the sign means something.
fn joins_digits(before: Option<&char>, after: Option<&char>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => before.is_ascii_digit() && after.is_ascii_digit(),
        _ => true,
    }
}

/// A letter without its accent, a full-width letter as the plain one; none for marks and invisible characters.
fn plain(c: char) -> Option<char> {
    const ACCENTED: &str = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ";
    const PLAIN: &str = "aaaaaaceeeeiiiinoooooouuuuyyAAAAAACEEEEIIIINOOOOOOUUUUY";
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0),
        c if c.is_ascii() => Some(c),
        c => Some(ACCENTED.chars().zip(PLAIN.chars()).find(|&(a, _)| a == c).map_or(c, |(_, plain)| plain)),
    }
}

/// Shorter words than this are codes, in which one letter makes another word.
pub(super) const LEAST_LETTERS: usize = 5;
/// Longer texts are not compared letter by letter.
const MOST_LETTERS: usize = 64;

/// Pairs (rare, common) of words that one inserted, left out, replaced or swapped letter parts. Words with digits
/// are left out. `words` come with their counts; `is_rare(rare, common)` decides from the counts.
///
/// Words within one such edit share a word with one letter taken out, so that only words that meet in a table of
/// those are compared: linear in the number of letters squared, not quadratic in the number of words.
pub(super) fn typing_errors(
    words: &[(&str, u32)],
    is_rare: impl Fn(u32, u32) -> bool,
) -> Vec<(usize, usize)> {
    let mut shortened: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, (word, _)) in words.iter().enumerate() {
        let letters: Vec<char> = word.chars().collect();
        let has_digit = letters.iter().any(|c| c.is_numeric());
        if !(LEAST_LETTERS..=MOST_LETTERS).contains(&letters.len()) || has_digit {
            continue;
        }
        shortened.entry((*word).to_owned()).or_default().push(at);
        for gone in 0..letters.len() {
            let rest = letters.iter().enumerate().filter(|&(at, _)| at != gone).map(|(_, c)| c);
            shortened.entry(rest.collect()).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    for met in shortened.into_values() {
        // The most frequent words that meet here stand for all common ones.
        let Some(&common) = met.iter().max_by_key(|&&at| (words[at].1, std::cmp::Reverse(at))) else {
            continue;
        };
        let rare = met.into_iter().filter(|&at| at != common && is_rare(words[at].1, words[common].1));
        pairs.extend(
            rare.filter(|&at| strsim::osa_distance(words[at].0, words[common].0) == 1).map(|at| (at, common)),
        );
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word_fold_together() {
        for same in [
            "State-gov",
            "state gov",
            " STATE_GOV.",
            "state  gov",
            "Stâte-gov",
            "ｓtate-gov",
            "state\u{a0}gov",
        ] {
            assert_eq!(fold(same), "state gov", "{same:?}");
        }
    }

    #[test]
    fn signs_that_carry_meaning_stay() {
        for (a, b) in
            [("<=50K", ">50K"), ("A+", "A"), ("A-", "A"), ("-1", "1"), ("1.5", "15"), ("1-5", "1.5")]
        {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn a_typing_error_is_found_only_in_the_rare_word() {
        let words =
            [("Private", 900), ("Privte", 3), ("Federal", 800), ("Fedreal", 2), ("Male", 500), ("10th", 9)];
        let rare = |rare: u32, common: u32| rare * 100 <= common;
        assert_eq!(typing_errors(&words, rare), [(1, 0), (3, 2)]);
        assert!(typing_errors(&[("Austria", 500), ("Austrin", 400)], rare).is_empty());
    }
}
