//! Rows with several labels at once: each label is there or not, and has a score of its own.

use rayon::prelude::*;
use serde::Serialize;

use crate::intervals::read_off;
use crate::metrics::{auroc, average_precision};
use crate::ranks::{Ranked, ascending, for_each_run};
use crate::resample::draw_weights;
use crate::{Bootstrap, Direction};

/// What is true of rows, and how they were scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Labelled<'a> {
    /// Whether a label is there: row-major, `rows x labels`.
    pub truth: &'a [bool],
    /// Probabilities, row-major; a label is called from 0.5 on.
    pub scores: &'a [f64],
    /// How many labels there are.
    pub labels: usize,
}

/// A metric over all labels with its bootstrap interval over rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelMetric {
    /// Its name.
    pub name: &'static str,
    /// Which way is better: `up` or `down`.
    #[serde(skip)]
    pub direction: Direction,
    /// Its value.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How the interval was made.
    pub method: String,
}

/// A score from which on a label is called.
const CALLED: f64 = 0.5;

/// A metric of counted rows: its name, direction, and value from the prepared rows and their weights.
type Row = (&'static str, Direction, fn(&Prepared, &[u32]) -> Option<f64>);

/// Every metric, as scikit-learn has it: `f1_score(average=...)`, `hamming_loss`, `accuracy_score`, `roc_auc_score` and
/// `average_precision_score(average="macro")`, `label_ranking_average_precision_score`. Macro means leave out labels that all rows or
/// none have, where the area is undefined.
const METRICS: [Row; 7] = [
    ("micro_f1", Direction::Up, |prepared, weights| Some(micro_f1(prepared, weights))),
    ("macro_f1", Direction::Up, |prepared, weights| Some(macro_f1(prepared, weights))),
    ("hamming_loss", Direction::Down, hamming_loss),
    ("exact_match", Direction::Up, exact_match),
    ("macro_auroc", Direction::Up, |prepared, weights| prepared.macro_area(weights, auroc)),
    ("macro_auprc", Direction::Up, |prepared, weights| prepared.macro_area(weights, average_precision)),
    ("label_ranking_precision", Direction::Up, label_ranking),
];

impl Labelled<'_> {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.truth.len() / self.labels.max(1)
    }

    /// Whether lengths agree, there is a row and a label, and every score is finite.
    pub fn is_valid(&self) -> bool {
        self.labels > 0
            && !self.truth.is_empty()
            && self.truth.len() == self.scores.len()
            && self.truth.len().is_multiple_of(self.labels)
            && self.scores.iter().all(|score| score.is_finite())
    }

    /// Every metric that is defined on these rows, with its interval over resampled rows.
    pub fn metrics(&self, settings: &Bootstrap) -> Vec<LabelMetric> {
        if !self.is_valid() {
            return Vec::new();
        }
        let prepared = Prepared::new(self);
        let draw = |r: usize| {
            let weights = draw_weights(settings.stream(r), prepared.rows);
            METRICS.map(|(_, _, of)| of(&prepared, &weights))
        };
        let draws: Vec<[Option<f64>; METRICS.len()]> =
            (0..settings.resamples).into_par_iter().map(draw).collect();
        let once = vec![1; prepared.rows];
        let metric = |(place, (name, direction, of)): (usize, Row)| {
            let value = of(&prepared, &once)?;
            let values: Vec<f64> = draws.iter().filter_map(|draw| draw[place]).collect();
            let weighted = |weights: &[u32]| of(&prepared, weights);
            let interval = read_off(prepared.rows, &weighted, value, &values, settings)?;
            let (low, high, method) = (interval.low, interval.high, interval.made_by());
            Some(LabelMetric { name, direction, value, low, high, method })
        };
        METRICS.into_iter().enumerate().filter_map(metric).collect()
    }
}

/// What does not change between resamples.
struct Prepared {
    rows: usize,
    labels: usize,
    /// Of each row and label: 2 when it is there, plus 1 when it is called.
    cells: Vec<u8>,
    /// Rows by descending score, label by label.
    ranked: Vec<Ranked>,
    /// The ranking precision of each row.
    ranking: Vec<f64>,
}

impl Prepared {
    fn new(of: &Labelled<'_>) -> Self {
        let (rows, labels) = (of.rows(), of.labels);
        let cell = |(truth, score): (&bool, &f64)| u8::from(*truth) << 1 | u8::from(*score >= CALLED);
        let ranked = |label: usize| {
            let scores: Vec<f64> = of.scores.iter().skip(label).step_by(labels).copied().collect();
            Ranked::new(&scores, |row| of.truth[row * labels + label])
        };
        let rows_of = of.truth.chunks_exact(labels).zip(of.scores.chunks_exact(labels));
        Self {
            rows,
            labels,
            cells: of.truth.iter().zip(of.scores).map(cell).collect(),
            ranked: (0..labels).into_par_iter().map(ranked).collect(),
            ranking: rows_of.map(|(truth, scores)| ranking_precision(truth, scores)).collect(),
        }
    }

    /// True positives, called and present rows of each label.
    fn counts(&self, weights: &[u32]) -> Vec<[u64; 3]> {
        let mut counts = vec![[0; 3]; self.labels];
        for (row, &weight) in self.cells.chunks_exact(self.labels).zip(weights) {
            let weight = u64::from(weight);
            for (count, &cell) in counts.iter_mut().zip(row) {
                count[0] += weight * u64::from(cell == 3);
                count[1] += weight * u64::from(cell & 1);
                count[2] += weight * u64::from(cell >> 1);
            }
        }
        counts
    }

    fn macro_area(&self, weights: &[u32], area: fn(&Ranked, &[u32]) -> Option<f64>) -> Option<f64> {
        let areas: Vec<f64> = self.ranked.iter().filter_map(|ranked| area(ranked, weights)).collect();
        (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.cells[row * self.labels..][..self.labels]
    }
}

fn mean_of_rows(weights: &[u32], of: impl Fn(usize) -> f64) -> Option<f64> {
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    let sum: f64 = weights.iter().enumerate().map(|(row, &weight)| f64::from(weight) * of(row)).sum();
    (total > 0).then(|| sum / total as f64)
}

fn f1([hits, called, present]: [u64; 3]) -> f64 {
    if called + present == 0 { 0.0 } else { 2.0 * hits as f64 / (called + present) as f64 }
}

fn micro_f1(prepared: &Prepared, weights: &[u32]) -> f64 {
    let counts = prepared.counts(weights);
    f1([0, 1, 2].map(|of| counts.iter().map(|count| count[of]).sum()))
}

fn macro_f1(prepared: &Prepared, weights: &[u32]) -> f64 {
    let counts = prepared.counts(weights);
    counts.iter().map(|count| f1(*count)).sum::<f64>() / counts.len() as f64
}

fn hamming_loss(prepared: &Prepared, weights: &[u32]) -> Option<f64> {
    let wrong = |cell: &&u8| **cell == 1 || **cell == 2;
    let of = |row: usize| prepared.row(row).iter().filter(wrong).count() as f64 / prepared.labels as f64;
    mean_of_rows(weights, of)
}

fn exact_match(prepared: &Prepared, weights: &[u32]) -> Option<f64> {
    let right = |row: usize| prepared.row(row).iter().all(|cell| *cell == 0 || *cell == 3);
    mean_of_rows(weights, |row| f64::from(u8::from(right(row))))
}

fn label_ranking(prepared: &Prepared, weights: &[u32]) -> Option<f64> {
    mean_of_rows(weights, |row| prepared.ranking[row])
}

/// Of the labels that a row has, the mean share of labels scored at least as high that it has too; 1 where it has all or none.
fn ranking_precision(truth: &[bool], scores: &[f64]) -> f64 {
    let present = truth.iter().filter(|is| **is).count();
    if present == 0 || present == truth.len() {
        return 1.0;
    }
    let order: Vec<u32> = ascending(scores).into_iter().rev().collect();
    let (mut above, mut sum) = (0, 0.0);
    for_each_run(&order, scores, |from, to| {
        let own = order[from..to].iter().filter(|&&label| truth[label as usize]).count();
        above += own;
        sum += own as f64 * above as f64 / to as f64;
    });
    sum / present as f64
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::{Method, Outcome, bootstrap, metric};

    #[test]
    fn the_interval_of_one_label_is_that_of_two_classes() {
        let stream = Seed(3).stream("labels");
        let mut scores: Vec<f64> = (0..300).map(|row| stream.uniform(row)).collect();
        // In the order that two classes are resampled in.
        scores.sort_by(|a, b| b.total_cmp(a));
        let truth: Vec<bool> =
            (0..).zip(&scores).map(|(row, score)| stream.uniform(400 + row) < *score).collect();
        let settings = Bootstrap { method: Method::Bca, resamples: 400, ..Bootstrap::new(Seed(2)) };
        let found = Labelled { truth: &truth, scores: &scores, labels: 1 }.metrics(&settings);
        let codes: Vec<u32> = truth.iter().map(|is| u32::from(*is)).collect();
        let probabilities: Vec<f64> = scores.iter().flat_map(|score| [1.0 - score, *score]).collect();
        let outcome = Outcome::Classes { truth: &codes, probabilities: &probabilities, classes: 2 };
        for (of_labels, of_classes) in [("macro_auroc", "auroc"), ("macro_auprc", "auprc")] {
            let wanted = bootstrap(&outcome, metric(of_classes).unwrap(), &settings).unwrap();
            let found = found.iter().find(|metric| metric.name == of_labels).unwrap();
            assert_eq!(found.method, "BCa bootstrap, 400 resamples");
            for (a, b) in [(found.value, wanted.value), (found.low, wanted.low), (found.high, wanted.high)] {
                assert!((a - b).abs() < 1e-12, "{of_labels}: {found:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn a_perfect_score_is_perfect_and_hostile_rows_have_none() {
        let truth = [true, false, false, true, true, true];
        let scores = truth.map(|is| if is { 0.9 } else { 0.1 });
        let settings = Bootstrap::new(Seed(1));
        let metrics = Labelled { truth: &truth, scores: &scores, labels: 2 }.metrics(&settings);
        assert!(metrics.iter().all(|m| (m.name == "hamming_loss") != (m.value > 0.5)), "{metrics:?}");
        for (truth, scores, labels) in
            [(&truth[..5], &scores[..5], 2), (&truth[..], &scores[..4], 2), (&[], &[], 0)]
        {
            assert!(Labelled { truth, scores, labels }.metrics(&settings).is_empty());
        }
    }
}
