//! The terms of a text: words, pairs of words, runs of letters within words.

use plumb_ledger::digest::xxh3;

/// Letters of a run.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;
/// Bytes of a text that are looked at.
const BYTES: usize = 1 << 16;

/// Where a term comes from. Each block has a length of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// Words of two letters or more, and pairs of neighbours: scikit-learn's `analyzer="word"`, `ngram_range=(1, 2)`.
    Words,
    /// Runs of three to five letters within words with their blanks: `analyzer="char_wb"`, `ngram_range=(3, 5)`.
    Letters,
}

impl Block {
    pub(super) const ALL: [Self; 2] = [Self::Words, Self::Letters];

    /// Gives the digest of each term of a text, in its order.
    pub(super) fn terms(self, text: &str, mut give: impl FnMut(u64)) {
        let lower = text[..text.floor_char_boundary(BYTES.min(text.len()))].to_lowercase();
        match self {
            Self::Words => words(&lower, &mut give),
            Self::Letters => lower.split_whitespace().for_each(|word| runs(word, &mut give)),
        }
    }
}

fn words(text: &str, give: &mut impl FnMut(u64)) {
    let is_inside = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut before: Option<&str> = None;
    let mut pair = String::new();
    for word in text.split(|letter| !is_inside(letter)).filter(|word| word.chars().nth(1).is_some()) {
        give(xxh3(word.as_bytes()));
        if let Some(before) = before {
            pair.clear();
            pair.extend([before, " ", word]);
            give(xxh3(pair.as_bytes()));
        }
        before = Some(word);
    }
}

fn runs(word: &str, give: &mut impl FnMut(u64)) {
    let padded = format!(" {word} ");
    let starts: Vec<usize> = padded.char_indices().map(|(at, _)| at).chain([padded.len()]).collect();
    let letters = starts.len() - 1;
    for length in RUNS {
        for first in 0..=letters.saturating_sub(length) {
            let last = (first + length).min(letters);
            give(xxh3(&padded.as_bytes()[starts[first]..starts[last]]));
        }
        // A word that is no longer than the run is counted once, whole.
        if letters <= length {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(block: Block, text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        block.terms(text, |term| found.push(term));
        found
    }

    fn of(terms: &[&str]) -> Vec<u64> {
        terms.iter().map(|term| xxh3(term.as_bytes())).collect()
    }

    #[test]
    fn words_are_those_of_scikit_learns_pattern() {
        let terms = ["it", "it was", "was", "was snake_case", "snake_case", "snake_case über", "über"];
        let mut found = digests(Block::Words, "It was: a SNAKE_case, Über!");
        let mut expected = of(&terms);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn runs_stay_within_words_and_short_words_count_once() {
        assert_eq!(digests(Block::Letters, "a ab"), of(&[" a ", " ab", "ab ", " ab "]));
        let abc = [" ab", "abc", "bc ", " abc", "abc ", " abc "];
        assert_eq!(digests(Block::Letters, " abc\n"), of(&abc));
    }
}
