//! Texts explained by their words: what the answer loses without each (occlusion), and a linear model of which words stay (LIME).
//!
//! As `lime_text` with its defaults: a word is taken out wherever it stands, how many go is drawn evenly, and texts count by the cosine of
//! what is left (Ribeiro, Singh, Guestrin 2016).

use plumb_data::{Column, Table};
use plumb_ledger::Seed;
use plumb_stats::attribution::{local_model, proximity};
use rayon::prelude::*;

use super::ask::{Asked, unreadable};
use crate::EvaluateError;

/// How to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordsConfig {
    /// Texts with words left out that are asked about, beside one for each word.
    pub samples: usize,
    /// Different words of a text that are looked at, the first ones.
    pub words: usize,
    /// Where draws come from.
    pub seed: Seed,
}

impl WordsConfig {
    /// 200 texts, 100 words: a network that reads 10,000 tokens a second takes a few seconds for a text of this length.
    pub fn new(seed: Seed) -> Self {
        Self { samples: 200, words: 100, seed }
    }
}

/// A text of one row, explained for one output.
#[derive(Debug, Clone, PartialEq)]
pub struct WordsExplanation {
    /// The row.
    pub row: u32,
    /// The output.
    pub output: usize,
    /// The answer for the row.
    pub answer: f64,
    /// The text in pieces: every piece begins where a word does, blanks and all.
    pub pieces: Vec<String>,
    /// Which word a piece is; none of words beyond those that are looked at.
    pub places: Vec<Option<usize>>,
    /// By word: how much less the answer is without it.
    pub occlusion: Vec<f64>,
    /// By word: its coefficient in the linear model.
    pub coefficients: Vec<f64>,
    /// How much of what the model does there is linear; none where it is constant.
    pub r2: Option<f64>,
}

/// The width of LIME's kernel for texts, of the cosine distance in hundredths.
const WIDTH: f64 = 25.0;

/// Explains the text in the column at `place` of the table for one output of each row; rows without a word are left out. The predictor is
/// asked about `samples + words` texts a row.
pub fn words(
    asked: &Asked<'_>,
    place: usize,
    rows: &[(u32, usize)],
    config: &WordsConfig,
    done: &mut dyn FnMut(u64),
) -> Result<Vec<WordsExplanation>, EvaluateError> {
    let column = asked.table.columns().get(place).ok_or_else(|| unreadable("there is no such column"))?;
    let mut found = Vec::new();
    for (at, &(row, output)) in rows.iter().enumerate() {
        let text = Text::of(column.text_at(row as usize).unwrap_or_default(), config.words);
        if text.count > 0 {
            found.push(explain(asked, (place, row, output), text, config)?);
        }
        done(at as u64 + 1);
    }
    Ok(found)
}

fn explain(
    asked: &Asked<'_>,
    (place, row, output): (usize, u32, usize),
    text: Text,
    config: &WordsConfig,
) -> Result<WordsExplanation, EvaluateError> {
    let count = text.count;
    let stream = config.seed.stream("words").at(u64::from(row));
    // The whole text, each word alone left out, then draws.
    let mut kept = vec![vec![true; count]];
    kept.extend((0..count).map(|word| (0..count).map(|other| other != word).collect::<Vec<bool>>()));
    kept.extend((0..config.samples).map(|sample| {
        let stream = stream.at(sample as u64);
        let gone = 1 + stream.below(0, count);
        let mut kept = vec![true; count];
        let order = stream.at(1).permutation(count);
        order.iter().take(gone).for_each(|&word| kept[word as usize] = false);
        kept
    }));
    let texts: Vec<String> = kept.par_iter().map(|kept| text.with(kept)).collect();
    let answers: Vec<f64> =
        ask(asked, place, row, &texts)?.chunks_exact(asked.width()).map(|answer| answer[output]).collect();
    let occlusion = answers[1..=count].iter().map(|without| answers[0] - without).collect();
    let data: Vec<f64> = kept.iter().flatten().map(|&stays| f64::from(u8::from(stays))).collect();
    let weight = |kept: &Vec<bool>| {
        let share = kept.iter().filter(|stays| **stays).count() as f64 / count as f64;
        proximity(100.0 * (1.0 - share.sqrt()), WIDTH)
    };
    let weights: Vec<f64> = kept.iter().map(weight).collect();
    let model = local_model(&data, count, &weights, &answers, 1.0).ok_or(EvaluateError::NoRows)?;
    Ok(WordsExplanation {
        row,
        output,
        answer: answers[0],
        pieces: text.pieces,
        places: text.places,
        occlusion,
        coefficients: model.coefficients,
        r2: model.r2,
    })
}

/// The answers for a row with other texts in one column.
fn ask(asked: &Asked<'_>, place: usize, row: u32, texts: &[String]) -> Result<Vec<f64>, EvaluateError> {
    let rows = vec![row; texts.len()];
    let table = asked.table.gather(|_| &rows).ok_or_else(|| unreadable("rows cannot be put together"))?;
    let own = &table.columns()[place];
    let column = Column::text(&own.name, own.kind, texts.iter().map(Some));
    let table: Table = table.with_values(place, own.kind, column.values);
    asked.values(&table, &(0..texts.len() as u32).collect::<Vec<u32>>())
}

/// A text in pieces.
struct Text {
    pieces: Vec<String>,
    places: Vec<Option<usize>>,
    /// How many different words there are.
    count: usize,
}

impl Text {
    /// Words are what stands between blanks; the same word is one, whatever its case and the marks around it.
    fn of(text: &str, most: usize) -> Self {
        let mut known: Vec<String> = Vec::new();
        let (mut pieces, mut places) = (Vec::new(), Vec::new());
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(|letter: char| !letter.is_whitespace()).unwrap_or(rest.len());
            let end = rest[word..].find(char::is_whitespace).map_or(rest.len(), |end| word + end);
            let name = rest[word..end].trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
            let place = known.iter().position(|word| *word == name).or_else(|| {
                let is_new = !name.is_empty() && known.len() < most;
                is_new.then(|| {
                    known.push(name);
                    known.len() - 1
                })
            });
            pieces.push(rest[..end].to_owned());
            places.push(place);
            rest = &rest[end..];
        }
        Self { pieces, places, count: known.len() }
    }

    /// The text without some of its words.
    fn with(&self, kept: &[bool]) -> String {
        let stays = |place: &Option<usize>| place.is_none_or(|place| kept[place]);
        self.pieces
            .iter()
            .zip(&self.places)
            .filter(|(_, place)| stays(place))
            .map(|(piece, _)| piece.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use plumb_data::{Kind, PredictError, Predictions, Predictor};
    use plumb_stats::Task;

    use super::*;

    /// Counts good words, less bad ones.
    struct Feeling;

    impl Predictor for Feeling {
        fn task(&self) -> Task {
            Task::Regression
        }
        fn classes(&self) -> &[String] {
            &[]
        }
        fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            let value = |&row: &u32| {
                let text = table.columns()[0].text_at(row as usize).unwrap_or_default().to_lowercase();
                let count = |word: &str| text.matches(word).count() as f64;
                2.0 * count("good") - count("bad")
            };
            Ok(Predictions::Numbers(rows.iter().map(value).collect()))
        }
    }

    #[test]
    fn words_that_matter_are_found_wherever_they_stand() {
        let texts = ["Good tea, bad cup; good  price!", "", "nothing at all"];
        let table = Table::new(vec![Column::text("t", Kind::Text, texts.map(Some))]).unwrap();
        let asked = Asked { predictor: &Feeling, table: &table, inputs: &[0] };
        let rows = [(0, 0), (1, 0), (2, 0)];
        let found = words(&asked, 0, &rows, &WordsConfig::new(Seed(0)), &mut |_| {}).unwrap();
        assert_eq!(
            found.iter().map(|of| of.row).collect::<Vec<_>>(),
            [0, 2],
            "a row without a word has no explanation"
        );
        let of = &found[0];
        assert_eq!(of.pieces.concat(), texts[0], "nothing of the text is lost");
        assert_eq!(of.places, [Some(0), Some(1), Some(2), Some(3), Some(0), Some(4)]);
        assert_eq!(of.occlusion, [4.0, 0.0, -1.0, 0.0, 0.0]);
        assert!((of.coefficients[0] - 4.0).abs() < 0.4 && (of.coefficients[2] + 1.0).abs() < 0.2, "{of:?}");
        assert!(of.r2.is_some_and(|r2| r2 > 0.95) && found[1].r2.is_none());
        let few = WordsConfig { words: 2, ..WordsConfig::new(Seed(0)) };
        let few = words(&asked, 0, &rows[..1], &few, &mut |_| {}).unwrap();
        assert_eq!(few[0].occlusion.len(), 2);
        assert!(words(&asked, 7, &rows, &WordsConfig::new(Seed(0)), &mut |_| {}).is_err());
    }
}
