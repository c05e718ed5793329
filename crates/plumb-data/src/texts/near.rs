//! Texts that are nearly the same: most of their runs of letters are common. Candidates are found by MinHash (Broder 1997) with
//! one permutation (Li, Owen, Zhang 2012) in bands, and then compared in full.
//!
//! Cost: a hash for each letter, a sort of all texts for each band, a comparison of whole texts for each candidate.

use plumb_ledger::digest::xxh3;
use rayon::prelude::*;

use crate::Column;

/// Common runs of two texts, of all runs of both, from which on they count as near copies: one word in ten changed.
pub const NEAR_TEXT: f64 = 0.7;
/// Letters of a run.
const RUN: usize = 5;
/// Runs of a text at least: greetings and other short texts repeat by nature.
const FEWEST: usize = 24;
/// Bytes of a text that are looked at.
const BYTES: usize = 1 << 16;
/// Least hashes that stand for a text, and bands of them: two texts with seven tenths in common share a band 99 times of 100.
const HASHES: usize = 64;
const BANDS: usize = 16;
/// Each text is compared with so many before it in its band.
const WINDOW: usize = 6;

/// The rows whose text is nearly that of an earlier row, each once, ascending, with that row. Equal texts are near, too.
pub fn near_texts(column: &Column) -> Vec<(u32, u32)> {
    let text = |row: usize| column.text_at(row).unwrap_or_default();
    let signatures: Vec<Option<[u32; HASHES]>> =
        (0..column.len()).into_par_iter().map(|row| signature(&runs(text(row)))).collect();
    let bands: Vec<Vec<(u32, u32)>> =
        (0..BANDS).into_par_iter().map(|band| candidates(&signatures, band)).collect();
    let mut pairs: Vec<(u32, u32)> = bands.into_iter().flatten().collect();
    pairs.sort_unstable();
    pairs.dedup();
    let near = |&(later, earlier): &(u32, u32)| {
        let [a, b] = [later, earlier].map(|row| runs(text(row as usize)));
        common_share(&a, &b) >= NEAR_TEXT
    };
    let mut near: Vec<(u32, u32)> = pairs.into_par_iter().filter(near).collect();
    near.dedup_by_key(|(later, _)| *later);
    near
}

/// The digests of a text's runs of letters, ascending, each once: lower case, all that is neither letter nor digit one blank.
fn runs(text: &str) -> Vec<u64> {
    let text = &text[..text.floor_char_boundary(BYTES.min(text.len()))];
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            plain.extend(letter.to_lowercase());
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    let starts: Vec<usize> = plain.char_indices().map(|(at, _)| at).chain([plain.len()]).collect();
    let run = |ends: &[usize]| xxh3(&plain.as_bytes()[ends[0]..ends[RUN]]);
    let mut runs: Vec<u64> = starts.windows(RUN + 1).map(run).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// The least hash of the runs that fall to each place; none for short texts.
fn signature(runs: &[u64]) -> Option<[u32; HASHES]> {
    if runs.len() < FEWEST {
        return None;
    }
    let mut least = [u32::MAX; HASHES];
    for run in runs {
        let place = (run >> 58) as usize % HASHES;
        least[place] = least[place].min(*run as u32);
    }
    // A place without a run borrows from the next one that has some (Shrivastava, Li 2014).
    let borrowed = |place: usize| {
        let from = (0..HASHES).map(|step| (place + step) % HASHES).find(|&at| least[at] < u32::MAX);
        from.map_or(u32::MAX, |at| least[at].wrapping_add(((at + HASHES - place) % HASHES) as u32))
    };
    Some(std::array::from_fn(borrowed))
}

/// Texts that agree in a band with one before them.
fn candidates(signatures: &[Option<[u32; HASHES]>], band: usize) -> Vec<(u32, u32)> {
    const WIDTH: usize = HASHES / BANDS;
    let key = |(row, signature): (usize, &Option<[u32; HASHES]>)| {
        let hashes = &signature.as_ref()?[band * WIDTH..(band + 1) * WIDTH];
        Some((hashes.iter().fold(0, |key: u64, hash| key.rotate_left(23) ^ u64::from(*hash)), row as u32))
    };
    let mut keys: Vec<(u64, u32)> = signatures.iter().enumerate().filter_map(key).collect();
    keys.sort_unstable();
    let mut pairs = Vec::new();
    for same in keys.chunk_by(|a, b| a.0 == b.0) {
        for (at, &(_, row)) in same.iter().enumerate() {
            // The first one too: of a chain of copies each is then told beside the original.
            let before = same[at.saturating_sub(WINDOW)..at].iter().chain(same[..at].first());
            pairs.extend(before.map(|&(_, earlier)| (row, earlier)));
        }
    }
    pairs
}

/// Common ones of all, of two ascending lists.
fn common_share(a: &[u64], b: &[u64]) -> f64 {
    let common = a.iter().filter(|run| b.binary_search(run).is_ok()).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const WORDS: [&str; 12] = [
        "harbour",
        "quietly",
        "the",
        "lantern",
        "of",
        "seven",
        "merchants",
        "was",
        "carried",
        "through",
        "snow",
        "again",
    ];

    fn sentence(seed: u64) -> Vec<&'static str> {
        let stream = plumb_ledger::Seed(seed).stream("sentence");
        (0..20).map(|at| WORDS[stream.below(at, WORDS.len())]).collect()
    }

    #[test]
    fn near_copies_are_found_and_others_are_not() {
        let mut texts: Vec<String> = (0..300).map(|seed| sentence(seed).join(" ")).collect();
        let mut changed = sentence(7);
        changed[9] = "blue";
        texts.push(changed.join(" "));
        texts.push(texts[11].to_uppercase().replace(' ', ",  "));
        let mut half = sentence(13);
        half[..10].copy_from_slice(&sentence(14)[..10]);
        texts.push(half.join(" "));
        texts.push("good morning".to_owned());
        texts.push("good morning".to_owned());
        let column = Column::text("text", Kind::Text, texts.iter().map(Some));
        assert_eq!(near_texts(&column), [(300, 7), (301, 11)]);
    }

    #[test]
    fn a_chain_of_copies_costs_no_pair_of_all_with_all() {
        let texts = vec![sentence(1).join(" "); 5_000];
        let column = Column::text("text", Kind::Text, texts.iter().map(Some));
        let near = near_texts(&column);
        assert_eq!((near.len(), near[4_998]), (4_999, (4_999, 0)));
    }
}
