//! Term frequencies, weighted by rarity, and logistic or ridge regression on them: what a network for texts must beat.
//!
//! scikit-learn's `TfidfVectorizer(sublinear_tf=True, min_df=2)` for words and for runs of letters side by side, and its
//! `LogisticRegression(C=10)`. Reading costs two passes over the texts; a step of the solver two passes over the terms of all
//! rows, a multiplication for each output.

mod ngrams;

use std::collections::HashMap;

use rayon::prelude::*;

use super::lbfgs::minimise;
use super::link::Link;
use crate::{Column, PredictError, Table, Target};
use ngrams::Block;

/// Rows that a term must stand in.
const LEAST_ROWS: u32 = 2;
/// Terms of a block of a column at most, the most frequent ones.
const MOST: usize = 50_000;
/// Weights of all outputs at most: the solver keeps twenty copies of them.
const MOST_WEIGHTS: usize = 4_000_000;
/// The inverse strength of the penalty, on the sum of the losses.
const C: f64 = 10.0;
/// Steps of the solver at most.
const ROUNDS: usize = 100;
/// Where the mean loss counts as flat.
const TOLERANCE: f64 = 1e-5;
/// Rows or terms that a thread takes at a time.
const CHUNK: usize = 256;

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct TfIdf {
    link: Link,
    blocks: Vec<Vocabulary>,
    /// For each term the weights of all outputs, the intercepts first.
    weights: Vec<f64>,
}

/// The terms of a block of a column.
#[derive(Debug, Clone)]
struct Vocabulary {
    column: String,
    block: Block,
    /// The number of each term among all, by its digest.
    numbers: HashMap<u64, u32>,
    /// What a term weighs, by its number less `first`.
    rarity: Vec<f64>,
    first: u32,
}

/// Terms of rows, one row after the other: numbers and weights.
#[derive(Debug, Default)]
struct Rows {
    starts: Vec<usize>,
    terms: Vec<(u32, f32)>,
}

/// Fits on labels as [`super::link::outcome`] gives them; none where the rows have no texts.
pub(super) fn fit(table: &Table, target: &Target, rows: &[u32], link: Link, labels: &[f64]) -> Option<TfIdf> {
    let columns: Vec<&Column> = table.texts(Some(&target.name)).collect();
    let of_each = MOST.min(MOST_WEIGHTS / link.outputs().max(1) / (2 * columns.len().max(1)));
    let mut blocks = Vec::new();
    let mut first = 1;
    for (column, block) in columns.iter().flat_map(|column| Block::ALL.map(|block| (column, block))) {
        let vocabulary = Vocabulary::fit(column, block, rows, of_each, first);
        first += vocabulary.rarity.len() as u32;
        blocks.push(vocabulary);
    }
    if first == 1 {
        return None;
    }
    let known = Rows::of(&blocks, &columns, rows);
    let weights = solve(&known, first as usize, link, labels);
    Some(TfIdf { link, blocks, weights })
}

impl Vocabulary {
    fn fit(column: &Column, block: Block, rows: &[u32], most: usize, first: u32) -> Self {
        let mut seen: HashMap<u64, (u32, u32)> = HashMap::new();
        for (number, &row) in rows.iter().enumerate() {
            block.terms(text(column, row), |term| {
                let (count, last) = seen.entry(term).or_insert((0, u32::MAX));
                if *last != number as u32 {
                    (*count, *last) = (*count + 1, number as u32);
                }
            });
        }
        let frequent = seen.into_iter().filter(|(_, (count, _))| *count >= LEAST_ROWS);
        let mut terms: Vec<(u64, u32)> = frequent.map(|(term, (count, _))| (term, count)).collect();
        terms.sort_unstable_by_key(|&(term, count)| (std::cmp::Reverse(count), term));
        terms.truncate(most);
        // scikit-learn's smooth inverse document frequency.
        let rarity =
            |&(_, count): &(u64, u32)| ((1.0 + rows.len() as f64) / (1.0 + f64::from(count))).ln() + 1.0;
        let numbers = terms.iter().enumerate().map(|(at, &(term, _))| (term, first + at as u32)).collect();
        let rarity = terms.iter().map(rarity).collect();
        Self { column: column.name.clone(), block, numbers, rarity, first }
    }

    /// The terms of a text with their weights, of length 1 together.
    fn weigh(&self, text: &str, terms: &mut Vec<(u32, f32)>) {
        let mut found = Vec::new();
        self.block.terms(text, |term| found.extend(self.numbers.get(&term).copied()));
        found.sort_unstable();
        let start = terms.len();
        let mut length = 0.0;
        for same in found.chunk_by(|a, b| a == b) {
            let weight = (1.0 + (same.len() as f64).ln()) * self.rarity[(same[0] - self.first) as usize];
            length += weight * weight;
            terms.push((same[0], weight as f32));
        }
        let factor = if length > 0.0 { 1.0 / length.sqrt() } else { 0.0 };
        terms[start..].iter_mut().for_each(|(_, weight)| *weight = (f64::from(*weight) * factor) as f32);
    }
}

fn text(column: &Column, row: u32) -> &str {
    column.text_at(row as usize).unwrap_or_default()
}

impl Rows {
    fn of(blocks: &[Vocabulary], columns: &[&Column], rows: &[u32]) -> Self {
        let of_row = |&row: &u32| {
            // The intercept is a term of every row.
            let mut terms = vec![(0, 1.0)];
            for (at, block) in blocks.iter().enumerate() {
                block.weigh(text(columns[at / Block::ALL.len()], row), &mut terms);
            }
            terms
        };
        let of_rows: Vec<Vec<(u32, f32)>> = rows.par_iter().map(of_row).collect();
        let mut all = Self { starts: vec![0], terms: Vec::new() };
        for terms in of_rows {
            all.terms.extend(terms);
            all.starts.push(all.terms.len());
        }
        all
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.terms[self.starts[row]..self.starts[row + 1]]
    }

    /// The same, term by term: the rows of each.
    fn turned(&self, terms: usize) -> Self {
        let mut starts = vec![0; terms + 1];
        self.terms.iter().for_each(|&(term, _)| starts[term as usize + 1] += 1);
        (0..terms).for_each(|term| starts[term + 1] += starts[term]);
        let mut next = starts.clone();
        let mut turned = vec![(0, 0.0); self.terms.len()];
        for row in 0..self.len() {
            for &(term, weight) in self.row(row) {
                turned[next[term as usize]] = (row as u32, weight);
                next[term as usize] += 1;
            }
        }
        Self { starts, terms: turned }
    }

    /// `sum of factor x the outputs' numbers of each entry`, a run of `outputs` numbers for each row.
    fn times(&self, numbers: &[f64], outputs: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.len() * outputs];
        sums.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, sums)| {
            for (place, sum) in sums.chunks_exact_mut(outputs).enumerate() {
                for &(entry, factor) in self.row(chunk * CHUNK + place) {
                    let numbers = &numbers[entry as usize * outputs..][..outputs];
                    sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += f64::from(factor) * number);
                }
            }
        });
        sums
    }
}

/// The weights that fit the labels, penalised.
fn solve(rows: &Rows, terms: usize, link: Link, labels: &[f64]) -> Vec<f64> {
    let outputs = link.outputs();
    let turned = rows.turned(terms);
    let mut start = vec![0.0; terms * outputs];
    start[..outputs].copy_from_slice(&link.prior(labels));
    let n = labels.len() as f64;
    minimise(start, ROUNDS, TOLERANCE, |weights| {
        let mut scores = rows.times(weights, outputs);
        let losses: Vec<f64> = scores
            .par_chunks_exact_mut(outputs)
            .zip(labels)
            .map(|(scores, &label)| {
                let loss = link.loss(scores, label);
                link.activate(scores);
                (0..outputs).for_each(|output| scores[output] -= link.wanted(label, output));
                loss
            })
            .collect();
        // In the order of the rows, whatever the threads.
        let mut loss = losses.iter().sum::<f64>();
        let mut gradient = turned.times(&scores, outputs);
        for (slope, weight) in gradient.iter_mut().zip(weights).skip(outputs) {
            loss += 0.5 / C * weight * weight;
            *slope += weight / C;
        }
        for slope in &mut gradient {
            *slope /= n;
        }
        (loss / n, gradient)
    })
}

impl TfIdf {
    /// Answers for each row, row-major.
    pub(super) fn predict(&self, table: &Table, rows: &[u32]) -> Result<Vec<f64>, PredictError> {
        let find = |block: &Vocabulary| {
            table
                .column(&block.column)
                .ok_or_else(|| PredictError { message: format!("column `{}` is missing", block.column) })
        };
        let columns: Vec<&Column> =
            self.blocks.iter().step_by(Block::ALL.len()).map(find).collect::<Result<_, _>>()?;
        let known = Rows::of(&self.blocks, &columns, rows);
        Ok(self.link.answers(known.times(&self.weights, self.link.outputs())))
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;
    use serde_json::Value;

    use super::*;
    use crate::probe::{ProbeError, ProbeKind, fit};
    use crate::{Kind, Predictions, Predictor};

    fn table(rows: &[(String, String)]) -> (Table, Target) {
        let text = Column::text("text", Kind::Text, rows.iter().map(|(text, _)| Some(text)));
        let label = Column::category("label", Kind::Category, rows.iter().map(|(_, label)| Some(label)));
        let table = Table::new(vec![text, label]).unwrap();
        let target = Target::of(&table, "label", None).unwrap();
        (table, target)
    }

    #[test]
    fn probabilities_are_scikit_learns() {
        let golden: Value = serde_json::from_str(include_str!("../../../tests/golden/tfidf.json")).unwrap();
        let rows =
            |name: &str| -> Vec<(String, String)> { serde_json::from_value(golden[name].clone()).unwrap() };
        let (test, _) = table(&rows("test"));
        let without_third: Vec<_> =
            rows("train").into_iter().filter(|(_, label)| label != "weather").collect();
        for (name, train) in [("three_classes", rows("train")), ("two_classes", without_third)] {
            let (train, target) = table(&train);
            let all: Vec<u32> = (0..train.rows() as u32).collect();
            let model = fit(ProbeKind::TfIdf, &train, &target, &all, Seed(0)).unwrap();
            let asked: Vec<u32> = (0..test.rows() as u32).collect();
            let Predictions::Probabilities { values, .. } = model.predict(&test, &asked).unwrap() else {
                panic!("classes were asked for");
            };
            let expected: Vec<Vec<f64>> = serde_json::from_value(golden[name].clone()).unwrap();
            // The solver stops where the mean gradient is below 1e-5; scikit-learn's is asked for 1e-10.
            for (found, expected) in values.iter().zip(expected.concat()) {
                assert!((found - expected).abs() < 2e-3, "{name}: {found} {expected}");
            }
        }
    }

    #[test]
    fn texts_that_share_nothing_are_an_error() {
        let row = |text: &str, label: &str| (text.to_owned(), label.to_owned());
        let (table, target) = table(&[row("ab", "x"), row("", "y"), row("cd", "y")]);
        let fitted = fit(ProbeKind::TfIdf, &table, &target, &[0, 1, 2], Seed(0));
        assert_eq!(fitted.unwrap_err(), ProbeError::NoTexts);
    }
}
