//! A window beside the reference sample: each column, what the model says, what it sees of pictures and texts.

use std::collections::BTreeMap;

use plumb_data::probe::{ProbeKind, fit};
use plumb_data::{Column, Kind, Labels, Predictions, Predictor as _, Table, Target};
use plumb_ledger::Seed;
use plumb_stats::drift::{jensen_shannon, wasserstein_in_deviations};
use plumb_stats::tests::{ks_two_sample, mann_whitney, two_counts};
use plumb_stats::{Task, multiplicity};
use rayon::prelude::*;

use super::figures::{Of, Series};
use super::rows::{Embeddings, Rows};

/// A difference of numbers that counts, in standard deviations of the reference (Evidently's bound).
pub(super) const DEVIATIONS: f64 = 0.1;
/// A Jensen-Shannon distance that counts (Evidently's bound).
pub(super) const DISTANCE: f64 = 0.1;
/// A chance, to tell a new row from a row of the reference by what the model sees, that counts; one half is guessing.
pub(super) const TOLD_APART: f64 = 0.6;
/// Rows of each side that are told apart at most: the standard error of the chance is then 0.013.
const ROWS_TOLD_APART: usize = 2_000;

/// All series of a window, those of inputs in the order of the table. `level` is that of the look.
pub(super) fn compare(reference: &Rows, window: &Rows, classes: &[String], level: f64) -> Vec<Series> {
    let pairs: Vec<(&Column, &Column)> = reference
        .table
        .columns()
        .iter()
        .filter_map(|column| Some((column, window.table.column(&column.name)?)))
        .collect();
    let of_inputs = pairs.par_iter().flat_map_iter(|(then, now)| {
        // Time goes on by itself: that later rows are later is no finding.
        let values = match then.kind {
            Kind::Number => by_numbers(&then.name, Of::Values, &finite(then), &finite(now)),
            Kind::Time => None,
            _ => by_levels(&then.name, Of::Values, &levels(then, now)),
        };
        let missing =
            [then, now].map(|column| [column.missing() as u64, (column.len() - column.missing()) as u64]);
        let missing = by_counts(&then.name, Of::Missing, &missing[0], &missing[1]);
        values.into_iter().chain(missing)
    });
    let mut series: Vec<Series> = of_inputs.collect();
    series.extend(predictions(&reference.predictions, &window.predictions, classes));
    series.extend(reference.embeddings.as_ref().zip(window.embeddings.as_ref()).and_then(embeddings));
    let adjusted = multiplicity::holm(&series.iter().map(|series| series.p).collect::<Vec<_>>());
    for (series, adjusted) in series.iter_mut().zip(adjusted) {
        series.adjusted = adjusted;
        series.drifted = adjusted <= level && series.size >= series.threshold;
    }
    series
}

fn series(name: &str, of: Of, test: &str, p: f64, (effect, size, threshold): (&str, f64, f64)) -> Series {
    Series {
        name: name.to_owned(),
        of,
        test: test.to_owned(),
        p,
        adjusted: 1.0,
        effect: effect.to_owned(),
        size,
        threshold,
        drifted: false,
    }
}

fn finite(column: &Column) -> Vec<f64> {
    column.numbers().into_iter().flatten().flatten().filter(|x| x.is_finite()).collect()
}

fn by_numbers(name: &str, of: Of, then: &[f64], now: &[f64]) -> Option<Series> {
    let test = ks_two_sample(now, then)?;
    // Numbers near the largest of all have no finite distance.
    let size = wasserstein_in_deviations(then, now).filter(|size| size.is_finite())?;
    Some(series(name, of, "kolmogorov-smirnov", test.p, ("wasserstein in deviations", size, DEVIATIONS)))
}

/// Rows by level of both columns: of the reference first, then of the window. A level that only one has is a level of its own.
fn levels<'a>(then: &'a Column, now: &'a Column) -> BTreeMap<&'a str, [u64; 2]> {
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (side, column) in [then, now].into_iter().enumerate() {
        for text in (0..column.len()).filter_map(|row| column.text_at(row)) {
            if let Some(count) = counts.entry(text).or_default().get_mut(side) {
                *count += 1;
            }
        }
    }
    counts
}

fn by_levels(name: &str, of: Of, counts: &BTreeMap<&str, [u64; 2]>) -> Option<Series> {
    let side = |side: usize| counts.values().filter_map(|pair| pair.get(side).copied()).collect::<Vec<_>>();
    by_counts(name, of, &side(0), &side(1))
}

fn by_counts(name: &str, of: Of, then: &[u64], now: &[u64]) -> Option<Series> {
    let test = two_counts(then, now)?;
    let distance = jensen_shannon(then, now)?;
    let size = above_chance(distance, then, now);
    Some(series(name, of, test.method, test.p, ("jensen-shannon", size, DISTANCE)))
}

/// The distance without what two samples of one distribution are apart on average: of many categories each differs a little by chance.
/// To second order the divergence is then chi-squared over `8 ln 2` times the harmonic sum of both sizes.
fn above_chance(distance: f64, then: &[u64], now: &[u64]) -> f64 {
    let categories = then.iter().zip(now).filter(|(a, b)| **a + **b > 0).count();
    let [n, m] = [then, now].map(|side| side.iter().sum::<u64>().max(1) as f64);
    let by_chance =
        categories.saturating_sub(1) as f64 * (1.0 / n + 1.0 / m) / (8.0 * std::f64::consts::LN_2);
    (distance * distance - by_chance).max(0.0).sqrt()
}

/// Of two classes the probability of the second; of more, which is the most probable and how sure it is; of numbers the number.
fn predictions(then: &Predictions, now: &Predictions, classes: &[String]) -> Vec<Series> {
    match (then, now) {
        (Predictions::Numbers(then), Predictions::Numbers(now)) => {
            by_numbers("prediction", Of::Prediction, &kept(then), &kept(now)).into_iter().collect()
        }
        (
            Predictions::Probabilities { values: then, classes: 2 },
            Predictions::Probabilities { values: now, .. },
        ) => {
            let second = |values: &[f64]| values.iter().skip(1).step_by(2).copied().collect::<Vec<_>>();
            let name = format!("p of {}", classes.get(1).map_or("class 1", String::as_str));
            by_numbers(&name, Of::Prediction, &kept(&second(then)), &kept(&second(now))).into_iter().collect()
        }
        (
            Predictions::Probabilities { values: a, classes: of },
            Predictions::Probabilities { values: b, .. },
        ) => {
            let sure = |values: &[f64]| {
                let rows = values.chunks_exact((*of).max(1));
                kept(&rows.map(|row| row.iter().copied().fold(0.0, f64::max)).collect::<Vec<_>>())
            };
            let counts = |predictions: &Predictions| {
                let mut counts = vec![0u64; *of];
                for class in predictions.classes() {
                    if let Some(count) = counts.get_mut(class as usize) {
                        *count += 1;
                    }
                }
                counts
            };
            let class = by_counts("predicted class", Of::Prediction, &counts(then), &counts(now));
            let sure = by_numbers("largest probability", Of::Prediction, &sure(a), &sure(b));
            class.into_iter().chain(sure).collect()
        }
        _ => Vec::new(),
    }
}

fn kept(numbers: &[f64]) -> Vec<f64> {
    numbers.iter().copied().filter(|x| x.is_finite()).collect()
}

/// The classifier two-sample test (Lopez-Paz, Oquab 2017): a linear model learns on half of the rows to tell both apart; on the other
/// half, which it has not seen, its scores are compared by Mann and Whitney, so that the p-value is that of a test of two samples.
fn embeddings((then, now): (&Embeddings, &Embeddings)) -> Option<Series> {
    if then.width != now.width || then.width == 0 {
        return None;
    }
    let [of_then, of_now] = [then, now].map(|of| spread(of.values.len() / of.width));
    let each = || {
        let then = of_then.iter().map(move |&row| (then, row, 0u32));
        then.chain(of_now.iter().map(move |&row| (now, row, 1)))
    };
    let column = |place: usize| {
        let value = |(of, row, _): (&Embeddings, usize, u32)| {
            of.values.get(row * of.width + place).map(|x| f64::from(*x))
        };
        Column::number(&format!("e{place}"), Kind::Number, each().map(value))
    };
    let table = Table::new((0..then.width).map(column).collect()).ok()?;
    let labels: Vec<u32> = each().map(|(_, _, side)| side).collect();
    let target = Target {
        name: String::new(),
        task: Task::Binary,
        classes: vec!["reference".to_owned(), "window".to_owned()],
        labels: Labels::Classes(labels.iter().copied().map(Some).collect()),
    };
    let (learned, asked): (Vec<u32>, Vec<u32>) = (0..labels.len() as u32).partition(|row| row % 2 == 0);
    let probe = fit(ProbeKind::Linear, &table, &target, &learned, Seed(0)).ok()?;
    let Predictions::Probabilities { values, classes: 2 } = probe.predict(&table, &asked).ok()? else {
        return None;
    };
    let scores = |side: u32| {
        let scored = asked.iter().zip(values.chunks_exact(2));
        let of_side = scored.filter(|(row, _)| labels.get(**row as usize) == Some(&side));
        of_side.filter_map(|(_, p)| p.get(1).copied()).collect::<Vec<f64>>()
    };
    let test = mann_whitney(&scores(1), &scores(0))?;
    let effect = ("chance to tell apart", test.superiority, TOLD_APART);
    Some(series("embedding", Of::Embedding, "classifier, mann-whitney", test.p, effect))
}

/// Some of so many rows, evenly spread.
fn spread(rows: usize) -> Vec<usize> {
    let taken = rows.min(ROWS_TOLD_APART);
    (0..taken).map(|at| at * rows / taken.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(seed: u64, count: usize, shift: f64, share: f64) -> Rows {
        let stream = Seed(seed).stream("rows");
        let numbers = || (0..count as u64).map(|row| stream.normal(row) + shift);
        let class = |row: u64| if stream.at(1).uniform(row) < share { "a" } else { "b" };
        let table = Table::new(vec![
            Column::number("x", Kind::Number, numbers().map(Some)),
            Column::category("site", Kind::Category, (0..count as u64).map(|row| Some(class(row)))),
            Column::time("at", Kind::Time, (0..count as i64).map(|row| Some(row + seed as i64 * 1_000_000))),
        ]);
        let embeddings = (0..4 * count as u64).map(|at| (stream.at(2).normal(at) + shift) as f32).collect();
        Rows {
            table: table.unwrap(),
            predictions: Predictions::Numbers(numbers().collect()),
            embeddings: Some(Embeddings { values: embeddings, width: 4 }),
        }
    }

    fn drifted(shift: f64, share: f64) -> Vec<String> {
        let series = compare(&rows(1, 2_000, 0.0, 0.5), &rows(2, 1_000, shift, share), &[], 0.01);
        assert_eq!(series.len(), 4, "missing in no row is no series, time none at all: {series:?}");
        series.into_iter().filter(|series| series.drifted).map(|series| series.name).collect()
    }

    #[test]
    fn what_moved_is_named_and_nothing_else() {
        assert_eq!(drifted(0.0, 0.5), Vec::<String>::new());
        assert_eq!(drifted(0.5, 0.5), ["x", "prediction", "embedding"]);
        assert_eq!(drifted(0.0, 0.9), ["site"]);
    }

    #[test]
    fn a_sure_difference_that_is_small_is_no_drift() {
        let series = compare(&rows(1, 50_000, 0.0, 0.5), &rows(2, 50_000, 0.06, 0.5), &[], 0.01);
        let x = series.iter().find(|series| series.name == "x").unwrap();
        assert!(x.adjusted < 1e-6 && !x.drifted && x.size < DEVIATIONS, "{x:?}");
    }

    #[test]
    fn many_categories_are_not_apart_by_chance() {
        let counts = |seed: u64| -> Vec<u64> {
            let stream = Seed(seed).stream("levels");
            let mut counts = vec![0; 200];
            (0..2_000).for_each(|row| counts[stream.below(row, 200)] += 1);
            counts
        };
        let series = by_counts("c", Of::Values, &counts(1), &counts(2)).unwrap();
        assert!(series.size < 0.08, "{}", series.size);
    }
}
