//! Texts changed by chance, word by word (Wei, Zou 2019, "EDA"): one row in [`WORD_OPERATIONS`] each.

use std::str::FromStr;

use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{ExitCode, Explain, Stream};

use super::Synonyms;

/// A way to change words.
#[derive(Debug)]
pub struct WordOperation {
    /// Its name in the job.
    pub name: &'static str,
    /// What it does, for the manual.
    pub summary: &'static str,
    /// Changes so many of the words.
    change: fn(Vec<String>, usize, &Synonyms, Stream) -> Vec<String>,
}

/// Every way.
pub static WORD_OPERATIONS: [WordOperation; 4] = [
    WordOperation { name: "synonym", summary: "another word of the same meaning", change: replace },
    WordOperation { name: "insert", summary: "a synonym of some word of the text, anywhere", change: insert },
    WordOperation { name: "swap", summary: "two words change places", change: swap },
    WordOperation { name: "delete", summary: "a word is left out", change: delete },
];

/// An operation, and the share of a text's words that it reaches.
#[derive(Debug, Clone, Copy)]
pub struct WordChange {
    /// What is done.
    pub operation: &'static WordOperation,
    /// To how many of the words, 0 to 1.
    pub share: f64,
}

impl PartialEq for WordChange {
    fn eq(&self, other: &Self) -> bool {
        self.operation.name == other.operation.name && self.share.to_bits() == other.share.to_bits()
    }
}

/// A text that names no change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordChangeError {
    /// No operation has this name.
    #[error("no change of words is called `{0}`")]
    Unknown(String),
    /// What follows the name is no share.
    #[error("`{0}` is no share of words")]
    Share(String),
}

impl Explain for WordChangeError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown(name) => did_you_mean(name, WORD_OPERATIONS.iter().map(|of| of.name)),
            Self::Share(_) => "write a number over 0 and up to 1 behind `=`: `swap=0.1`".to_owned(),
        })
    }
    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// The share where none is written: EDA's.
const SHARE: f64 = 0.1;

impl FromStr for WordChange {
    type Err = WordChangeError;

    /// `swap`, `swap=0.1`.
    fn from_str(text: &str) -> Result<Self, WordChangeError> {
        let (name, share) = text.split_once('=').map_or((text, None), |(name, share)| (name, Some(share)));
        let operation = WORD_OPERATIONS
            .iter()
            .find(|of| of.name == name)
            .ok_or_else(|| WordChangeError::Unknown(name.to_owned()))?;
        let share = match share {
            None => SHARE,
            Some(share) => share
                .parse()
                .ok()
                .filter(|share: &f64| *share > 0.0 && *share <= 1.0)
                .ok_or_else(|| WordChangeError::Share(text.to_owned()))?,
        };
        Ok(Self { operation, share })
    }
}

impl WordChange {
    /// A text with this change made: a function of the text and the stream. Blanks between words become single ones.
    pub fn apply(&self, text: &str, synonyms: &Synonyms, stream: Stream) -> String {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return text.to_owned();
        }
        // As many on average as the share says: the rest of the division is a chance.
        let wanted = self.share * words.len() as f64;
        let count = wanted as usize + usize::from(stream.at(0).uniform(0) < wanted.fract());
        if count == 0 {
            return text.to_owned();
        }
        (self.operation.change)(words, count, synonyms, stream.at(1)).join(" ")
    }
}

fn replace(mut words: Vec<String>, count: usize, synonyms: &Synonyms, stream: Stream) -> Vec<String> {
    let order = stream.at(0).permutation(words.len());
    let known = order.into_iter().map(|place| place as usize);
    let known: Vec<usize> = known.filter(|&place| synonyms.has(&words[place])).take(count).collect();
    for place in known {
        if let Some(other) = synonyms.draw(&words[place], stream.at(1 + place as u64)) {
            words[place] = other;
        }
    }
    words
}

fn insert(mut words: Vec<String>, count: usize, synonyms: &Synonyms, stream: Stream) -> Vec<String> {
    for number in 0..count as u64 {
        let stream = stream.at(number);
        let known: Vec<usize> = (0..words.len()).filter(|&place| synonyms.has(&words[place])).collect();
        let word = match known.len() {
            0 => words[stream.below(0, words.len())].clone(),
            some => {
                let word = &words[known[stream.below(0, some)]];
                synonyms.draw(word, stream.at(1)).unwrap_or_else(|| word.clone())
            }
        };
        words.insert(stream.below(2, words.len() + 1), word);
    }
    words
}

fn swap(mut words: Vec<String>, count: usize, _: &Synonyms, stream: Stream) -> Vec<String> {
    for number in 0..count as u64 {
        let (a, b) = (stream.at(number).below(0, words.len()), stream.at(number).below(1, words.len()));
        words.swap(a, b);
    }
    words
}

/// One word is left at least.
fn delete(mut words: Vec<String>, count: usize, _: &Synonyms, stream: Stream) -> Vec<String> {
    let gone: Vec<u32> =
        stream.permutation(words.len()).into_iter().take(count.min(words.len() - 1)).collect();
    let mut place = 0;
    words.retain(|_| {
        place += 1;
        !gone.contains(&(place - 1))
    });
    words
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    const TEXT: &str = "The quick brown fox jumps over the lazy dog, again and again and again.";

    fn changed(change: &str, number: u64) -> String {
        let synonyms = Synonyms::of([("quick", vec!["fast", "rapid"]), ("lazy", vec!["idle"])]);
        change.parse::<WordChange>().unwrap().apply(TEXT, &synonyms, Seed(2).stream("change").at(number))
    }

    #[test]
    fn each_operation_does_what_it_says_and_the_same_again() {
        let words = TEXT.split(' ').count();
        for number in 0..20 {
            let count = |text: &str| text.split(' ').count();
            assert_eq!(count(&changed("delete=0.5", number)), words / 2);
            assert_eq!(
                count(&changed("insert=0.2", number)),
                words + 14 / 5 + usize::from(count(&changed("insert=0.2", number)) > words + 2)
            );
            let mut swapped: Vec<String> =
                changed("swap=0.3", number).split(' ').map(str::to_owned).collect();
            let mut own: Vec<&str> = TEXT.split(' ').collect();
            swapped.sort();
            own.sort_unstable();
            assert_eq!(swapped, own);
            let replaced = changed("synonym=1", number);
            assert!(replaced.contains("idle dog,") && !replaced.contains("quick"), "{replaced}");
            assert_eq!(replaced, changed("synonym=1", number));
        }
        assert_ne!(changed("swap=0.3", 1), changed("swap=0.3", 2));
        assert_eq!(changed("delete=1", 3).split(' ').count(), 1);
    }

    #[test]
    fn what_is_no_change_is_an_error_with_a_hint() {
        for (text, hint) in
            [("swop", "swap"), ("swap=2", "swap=0.1"), ("swap=", "swap=0.1"), ("delete=nan", "swap=0.1")]
        {
            let error = text.parse::<WordChange>().unwrap_err();
            assert!(error.hint().unwrap().contains(hint), "{text}: {error}");
        }
        for operation in &WORD_OPERATIONS {
            let written = format!("{}={SHARE}", operation.name).parse::<WordChange>().unwrap();
            assert_eq!(operation.name.parse::<WordChange>().unwrap(), written);
        }
    }
}
