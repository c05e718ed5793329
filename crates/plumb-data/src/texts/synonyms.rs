//! Words of the same meaning, out of WordNet's own files (Fellbaum 1998): `index.noun`, `data.noun` and the like.

use std::collections::HashMap;

use plumb_ledger::Stream;

/// Words of the same meaning, by their word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synonyms {
    of: HashMap<String, Vec<String>>,
}

/// The kinds of words that WordNet has files for: `index.noun`, `data.noun` and so on.
pub const WORDNET: [&str; 4] = ["noun", "verb", "adj", "adv"];

impl Synonyms {
    /// These words.
    pub fn of<'a>(words: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Self {
        let owned = |(word, others): (&str, Vec<&str>)| {
            (word.to_owned(), others.into_iter().map(str::to_owned).collect())
        };
        Self { of: words.into_iter().map(owned).collect() }
    }

    /// The words of WordNet's files, index and data of each kind: for each word the others of its commonest meaning. Lines that are none
    /// of WordNet's are passed over.
    pub fn of_wordnet<'a>(files: impl IntoIterator<Item = [&'a str; 2]>) -> Self {
        let mut best: HashMap<String, (u32, Vec<String>)> = HashMap::new();
        for [index, data] in files {
            let sets = sets(data);
            for (word, often, set) in index.lines().filter_map(entry) {
                let Some(words) = sets.get(set) else { continue };
                let others: Vec<String> = words.iter().filter(|other| **other != word).cloned().collect();
                let known = best.get(&word).map(|(often, _)| *often);
                if !others.is_empty() && known.is_none_or(|known| known < often) {
                    best.insert(word, (often, others));
                }
            }
        }
        Self { of: best.into_iter().map(|(word, (_, others))| (word, others)).collect() }
    }

    /// How many words have some.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether a word, with what stands at it, has some.
    pub fn has(&self, word: &str) -> bool {
        self.of.contains_key(&bare(word).to_lowercase())
    }

    /// One of them, with what stands at the word, and a capital where the word has one.
    pub fn draw(&self, word: &str, stream: Stream) -> Option<String> {
        let inside = bare(word);
        let others = self.of.get(&inside.to_lowercase())?;
        let other = &others[stream.below(0, others.len())];
        let other = match (inside.chars().next(), other.chars().next()) {
            (Some(first), Some(own)) if first.is_uppercase() => {
                own.to_uppercase().chain(other.chars().skip(1)).collect()
            }
            _ => other.clone(),
        };
        Some(word.replacen(inside, &other, 1))
    }
}

/// A word without what stands at it.
fn bare(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric())
}

/// The words of each set, by the number that it begins with. A line of the licence begins with a blank.
fn sets(data: &str) -> HashMap<&str, Vec<String>> {
    let set = |line: &'_ str| -> Option<(usize, Vec<String>)> {
        let mut fields = line.split(' ');
        let number = fields.next().filter(|number| !number.is_empty())?;
        let count = usize::from_str_radix(fields.nth(2)?, 16).ok()?;
        let words: Vec<&str> = fields.step_by(2).take(count).collect();
        // Adjectives say in brackets where they stand: `galore(ip)`.
        let plain = |word: &&str| word.split('(').next().unwrap_or_default().replace('_', " ").to_lowercase();
        Some((number.len(), words.iter().map(plain).collect()))
    };
    data.lines().filter_map(|line| set(line).map(|(end, words)| (&line[..end], words))).collect()
}

/// A word, how often it was met in texts whose senses were told, and the number of its commonest set.
fn entry(line: &str) -> Option<(String, u32, &str)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if line.starts_with(' ') {
        return None;
    }
    // lemma, kind, sets, pointers, each pointer, sets again, met, the numbers of the sets.
    let pointers: usize = fields.get(3)?.parse().ok()?;
    let often = fields.get(pointers.checked_add(5)?)?.parse().ok()?;
    Some((fields[0].replace('_', " "), often, fields.get(pointers.checked_add(6)?)?))
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    const DATA: &str = "  1 a line of the licence\n00976885 30 a 03 fast 0 quick 0 flying(a) 1 001 & 00979366 a 0000 | hurried\n";
    const INDEX: &str =
        "  1 a line of the licence\nquick a 6 2 & = 6 4 00976885 00979366\nslow a 1 0 1 0 12345678\n";

    #[test]
    fn words_of_the_commonest_meaning_are_found() {
        let synonyms = Synonyms::of_wordnet([["", ""], [INDEX, DATA]]);
        assert_eq!(synonyms, Synonyms::of([("quick", vec!["fast", "flying"])]));
        let draw = |at| synonyms.draw("\"Quick,", Seed(1).stream("s").at(at)).unwrap();
        let drawn: Vec<String> = (0..20).map(draw).collect();
        assert!(
            drawn.contains(&"\"Fast,".to_owned()) && drawn.contains(&"\"Flying,".to_owned()),
            "{drawn:?}"
        );
        assert!(synonyms.has("quick!") && !synonyms.has("slow") && !synonyms.has("..."));
    }

    #[test]
    fn what_is_no_wordnet_gives_nothing() {
        for files in [
            ["quick a", "x"],
            ["quick a 1 99999999999999999999 1", "00976885 30 a zz fast"],
            ["\u{1f}", "\n\n"],
        ] {
            assert!(Synonyms::of_wordnet([files]).is_empty());
        }
    }
}
