//! Whether a single word gives the target away: a label, or the name of a file, that was left in the text.

use std::collections::HashMap;

use plumb_ledger::digest::xxh3;
use rayon::prelude::*;

use crate::{Column, Target};

/// A word, and how well it tells a class from the rest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TellingWord {
    /// The word, lower case.
    pub(super) word: String,
    /// The class that it tells from the rest.
    pub(super) class: u32,
    /// The area under the ROC curve of its presence alone.
    pub(super) score: f64,
    /// That of the next word that does not stand in the same texts; one half if there is none.
    pub(super) next: f64,
}

/// Rows of a class, and of the rest, at least.
const LEAST_ROWS: u32 = 20;
/// Classes at most: a count for each is kept of each word.
const MOST_CLASSES: usize = 200;
/// Bytes of a text that are looked at.
const BYTES: usize = 1 << 16;
/// Bytes of a word at most, with what stands at it.
const LONGEST: usize = 40;
/// The best words of a class, among which the next one is looked for.
const BEST: usize = 10;
/// Common rows of two words, of all rows of either, from which on they are one phrase.
const TOGETHER: f64 = 0.8;

/// The most telling word of a column of texts in these labelled rows; none without classes of enough rows.
///
/// Three passes over the texts, a number for each class and word that stands in twenty rows.
pub(super) fn most_telling(column: &Column, target: &Target, rows: &[u32]) -> Option<TellingWord> {
    let classes = target.classes.len();
    if !target.task.is_classification() || classes > MOST_CLASSES {
        return None;
    }
    let text = |row: u32| column.text_at(row as usize).unwrap_or_default();
    let texts: Vec<Vec<u64>> = rows.par_iter().map(|&row| digests(text(row))).collect();
    let mut rows_with: HashMap<u64, u32> = HashMap::new();
    texts.iter().flatten().for_each(|word| *rows_with.entry(*word).or_default() += 1);
    let codes = target.codes_of(rows);
    let mut counts: HashMap<u64, Vec<u32>> = HashMap::new();
    for (words, &code) in texts.iter().zip(&codes) {
        for word in words.iter().filter(|word| rows_with[word] >= LEAST_ROWS) {
            counts.entry(*word).or_insert_with(|| vec![0; classes])[code as usize] += 1;
        }
    }
    let mut of_class = vec![0u32; classes];
    for &code in &codes {
        of_class[code as usize] += 1;
    }
    let all = codes.len() as u32;
    let is_large = |&class: &usize| of_class[class] >= LEAST_ROWS && all - of_class[class] >= LEAST_ROWS;
    let of_classes = (0..classes).filter(is_large).filter_map(|class| {
        let score = |(word, count): (&u64, &Vec<u32>)| {
            let inside = f64::from(count[class]) / f64::from(of_class[class]);
            let outside = count.iter().sum::<u32>() - count[class];
            (0.5 + 0.5 * (inside - f64::from(outside) / f64::from(all - of_class[class])).abs(), *word)
        };
        let mut scored: Vec<(f64, u64)> = counts.iter().map(score).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.truncate(BEST);
        (!scored.is_empty()).then_some((class as u32, scored))
    });
    let (class, scored) =
        of_classes.reduce(|best, next| if next.1[0].0 > best.1[0].0 { next } else { best })?;
    let (score, digest) = scored[0];
    let apart = scored[1..].iter().find(|(_, other)| !stand_together(&texts, digest, *other));
    let place = texts.iter().position(|words| words.binary_search(&digest).is_ok())?;
    let word = words(text(rows[place])).find(|word| xxh3(word.as_bytes()) == digest)?;
    Some(TellingWord { word, class, score, next: apart.map_or(0.5, |(score, _)| *score) })
}

/// The words of a text, lower case; with what stands at them, too: `[spam]` is another word than `spam`, which people write.
fn words(text: &str) -> impl Iterator<Item = String> {
    let text = &text[..text.floor_char_boundary(BYTES.min(text.len()))];
    let bare = text.split(|letter: char| !letter.is_alphanumeric());
    let written = text.split_whitespace().filter(|word| word.len() <= LONGEST);
    bare.chain(written).filter(|word| word.chars().nth(1).is_some()).map(str::to_lowercase)
}

/// Their digests, ascending, each once.
fn digests(text: &str) -> Vec<u64> {
    let mut digests: Vec<u64> = words(text).map(|word| xxh3(word.as_bytes())).collect();
    digests.sort_unstable();
    digests.dedup();
    digests
}

fn stand_together(texts: &[Vec<u64>], a: u64, b: u64) -> bool {
    let (mut both, mut either) = (0, 0);
    for text in texts {
        let (has_a, has_b) = (text.binary_search(&a).is_ok(), text.binary_search(&b).is_ok());
        both += usize::from(has_a && has_b);
        either += usize::from(has_a || has_b);
    }
    both as f64 >= TOGETHER * either as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Table};

    fn told(text: impl Fn(usize) -> String) -> TellingWord {
        let texts: Vec<String> = (0..200).map(text).collect();
        let label = (0..200).map(|row| Some(if row % 2 == 0 { "ham" } else { "spam" }));
        let columns = vec![
            Column::text("text", Kind::Text, texts.iter().map(Some)),
            Column::category("label", Kind::Category, label),
        ];
        let table = Table::new(columns).unwrap();
        let target = Target::of(&table, "label", None).unwrap();
        let rows: Vec<u32> = (0..200).collect();
        most_telling(&table.columns()[0], &target, &rows).unwrap()
    }

    #[test]
    fn a_word_that_tells_alone_is_told_from_words_that_tell_together() {
        let common = |row: usize| format!("hello {} world {}", row % 7, row % 5);
        let leak =
            told(|row| if row % 2 == 1 { format!("[JUNK] Mail {}", common(row)) } else { common(row) });
        // All words of the phrase stand in the same texts: one of them is named, and they are no relatives.
        assert!(["[junk]", "junk", "mail"].contains(&leak.word.as_str()) && leak.score >= 1.0, "{leak:?}");
        assert!(leak.next < 0.6, "{}", leak.next);
        let language = told(|row| {
            let words = if row % 2 == 0 { ["der", "die", "und"] } else { ["the", "and", "of"] };
            let kept: Vec<&str> = words
                .into_iter()
                .enumerate()
                .filter(|(at, _)| (row / 2) % 13 != *at)
                .map(|(_, word)| word)
                .collect();
            kept.join(" ")
        });
        assert!(language.score > 0.9 && language.next > 0.9, "{language:?}");
    }
}
