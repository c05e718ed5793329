//! The classifier two-sample test: can a probe tell which of two tables a row comes from?

use plumb_ledger::Seed;
use plumb_stats::Task;

use crate::{Column, Labels, Predictions, Table, Target, Values};

use super::{ProbeKind, out_of_fold};

/// Rows taken from each table at most. 20,000: the standard error of an AUROC of one half is then 0.003.
const ROWS: usize = 20_000;
/// How often a probe is fitted.
const FOLDS: usize = 4;

/// The out-of-fold AUROC of boosted trees that tell rows of `a` from rows of `b` (Lopez-Paz, Oquab 2017).
///
/// One half: the tables look alike. Only input columns that both have with the same type of values count.
/// One half is also the answer when there is none, or too few rows to hold some out.
pub fn separates(a: &Table, b: &Table, seed: Seed) -> f64 {
    let from_a = sample(a.rows(), seed.derive(1));
    let from_b = sample(b.rows(), seed.derive(2));
    let columns: Vec<Column> = a
        .inputs(None)
        .filter_map(|column| joined(column, &from_a, b.column(&column.name)?, &from_b))
        .collect();
    let labels: Vec<u32> = [vec![0; from_a.len()], vec![1; from_b.len()]].concat();
    let target = Target {
        name: String::new(),
        task: Task::Binary,
        classes: vec!["a".to_owned(), "b".to_owned()],
        labels: Labels::Classes(labels.iter().map(|&label| Some(label)).collect()),
    };
    let rows: Vec<u32> = (0..labels.len() as u32).collect();
    let Ok(table) = Table::new(columns) else { return 0.5 };
    match out_of_fold(ProbeKind::BoostedTrees, &table, &target, &rows, FOLDS, seed) {
        Ok(Predictions::Probabilities { values, .. }) => {
            auroc(&labels, &values.chunks_exact(2).map(|p| p[1]).collect::<Vec<_>>())
        }
        _ => 0.5,
    }
}

/// All rows, or a random choice when there are too many; ascending.
fn sample(rows: usize, seed: Seed) -> Vec<usize> {
    let mut chosen: Vec<usize> =
        seed.stream("two samples").permutation(rows).into_iter().take(ROWS).map(|row| row as usize).collect();
    chosen.sort_unstable();
    chosen
}

/// One column under the other; none when the values are not of one type.
fn joined(a: &Column, from_a: &[usize], b: &Column, from_b: &[usize]) -> Option<Column> {
    let (name, kind) = (&a.name, a.kind);
    let sides = || from_a.iter().map(|&row| (a, row)).chain(from_b.iter().map(|&row| (b, row)));
    let present = |&(column, row): &(&Column, usize)| !column.is_missing(row);
    match (&a.values, &b.values) {
        (Values::Number(_), Values::Number(_)) => {
            let value = |(column, row): (&Column, usize)| column.numbers().map(|array| array.value(row));
            Some(Column::number(name, kind, sides().map(|side| Some(side).filter(present).and_then(value))))
        }
        (Values::Time(_), Values::Time(_)) => {
            let value = |(column, row): (&Column, usize)| column.times().map(|array| array.value(row));
            Some(Column::time(name, kind, sides().map(|side| Some(side).filter(present).and_then(value))))
        }
        (Values::Category(_), Values::Category(_)) => {
            let (levels_a, levels_b) = (a.categories()?, b.categories()?);
            let texts_a = from_a.iter().map(|&row| levels_a.text(row));
            Some(Column::category(name, kind, texts_a.chain(from_b.iter().map(|&row| levels_b.text(row)))))
        }
        _ => None,
    }
}

/// The share of (0, 1) pairs that the scores order rightly, ties counting half.
fn auroc(labels: &[u32], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&i, &j| scores[i].total_cmp(&scores[j]));
    let (mut below, mut pairs) = (0.0, 0.0);
    for ties in order.chunk_by(|&i, &j| scores[i].total_cmp(&scores[j]).is_eq()) {
        let ones = ties.iter().filter(|&&i| labels[i] == 1).count() as f64;
        let zeros = ties.len() as f64 - ones;
        pairs += ones * (below + zeros / 2.0);
        below += zeros;
    }
    let ones = labels.len() as f64 - below;
    if ones * below > 0.0 { pairs / (ones * below) } else { 0.5 }
}
