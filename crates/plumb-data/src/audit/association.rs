//! How well one column alone predicts the target, judged on rows that it was not read from.
//!
//! The column is parted into bins; the frequencies of the classes (or the mean rank of a numeric target) of each bin
//! are taken from one half of the labelled rows and judged on the other, both ways. A level that stands in one half
//! only predicts nothing, so that identifiers do not look like leaks. One pass over the rows a column.

use plumb_ledger::Seed;

use super::column_facts::ColumnFacts;
use super::row_hashes::{for_cells, mix};
use crate::{Column, Labels, Target, Values};

/// Bins times classes at most; columns with more levels share bins by hash.
const CELLS: usize = 1 << 20;
/// Bins of text columns.
const TEXT_BINS: usize = 1 << 14;

/// A column as bin numbers, one a row of the table. Bin 0 is missing.
#[derive(Debug, Clone)]
pub(super) struct Binned {
    pub(super) bins: Vec<u32>,
    pub(super) count: usize,
}

impl Binned {
    /// Numbers and times by their quantiles, categories by level, texts by hash.
    pub(super) fn of(column: &Column, facts: &ColumnFacts, classes: usize) -> Self {
        let most = (CELLS / classes.max(1)).max(2);
        let cuts = facts.number.as_ref().map_or(&[][..], |number| &number.cuts);
        let bin_of = |x: f64| cuts.partition_point(|&cut| cut <= x) as u32 + 1;
        let mut bins = vec![0u32; column.len()];
        let (mut fill, count): (Box<dyn FnMut(usize) -> u32>, usize) = match &column.values {
            Values::Number(array) => (Box::new(|row| bin_of(array.value(row))), cuts.len() + 2),
            Values::Time(array) => (Box::new(|row| bin_of(array.value(row) as f64)), cuts.len() + 2),
            Values::Category(array) => {
                let levels = facts.levels.len().clamp(1, most - 1) as u32;
                (Box::new(move |row| array.keys().value(row) % levels + 1), levels as usize + 1)
            }
            Values::Text(_) | Values::Image(_) => return Self::of_text(column, TEXT_BINS.min(most)),
        };
        for (row, bin) in bins.iter_mut().enumerate() {
            if !column.is_missing(row) {
                *bin = fill(row);
            }
        }
        drop(fill);
        Self { bins, count }
    }

    fn of_text(column: &Column, count: usize) -> Self {
        let mut bins = vec![0u32; column.len()];
        for_cells(0, column, 0..column.len(), |row, hash| {
            if !column.is_missing(row) {
                bins[row] = (hash % (count as u64 - 1)) as u32 + 1;
            }
        });
        Self { bins, count }
    }
}

/// The labelled rows, what is to be predicted, and the half of each.
#[derive(Debug)]
pub(super) struct Labelled {
    rows: Vec<u32>,
    half: Vec<bool>,
    truth: Truth,
}

#[derive(Debug)]
enum Truth {
    Classes {
        codes: Vec<u32>,
        classes: usize,
    },
    /// Ranks from 0 to 1: heavy tails of the target do not hide a relation.
    Ranks(Vec<f64>),
}

impl Labelled {
    /// Draws the halves and, for a numeric target, ranks the labels.
    pub(super) fn new(target: &Target, rows: Vec<u32>, seed: Seed) -> Self {
        let stream = seed.stream("held-out halves");
        let half = rows.iter().map(|&row| stream.bits(u64::from(row)) & 1 == 1).collect();
        let truth = match &target.labels {
            Labels::Classes(_) => {
                let codes = target.codes_of(&rows);
                let classes = codes.iter().max().map_or(1, |&most| most as usize + 1);
                Truth::Classes { codes, classes }
            }
            Labels::Numbers(_) => Truth::Ranks(ranks(&target.numbers_of(&rows))),
        };
        Self { rows, half, truth }
    }

    /// How many classes are told apart; 1 for a numeric target.
    pub(super) fn classes(&self) -> usize {
        if let Truth::Classes { classes, .. } = self.truth { classes } else { 1 }
    }

    /// The held-out score of a column: AUROC (mean of one class against the rest), or the share of the variance of
    /// the ranks that is explained. None when a half has no two classes or no spread.
    pub(super) fn score(&self, binned: &Binned) -> Option<f64> {
        let both = [false, true].map(|fitted| match &self.truth {
            Truth::Classes { codes, classes } => self.auroc(binned, codes, *classes, fitted),
            Truth::Ranks(ranks) => self.explained(binned, ranks, fitted),
        });
        Some(f64::midpoint(both[0]?, both[1]?))
    }

    fn auroc(&self, binned: &Binned, codes: &[u32], classes: usize, fitted: bool) -> Option<f64> {
        let mut counts = [vec![0u32; binned.count * classes], vec![0u32; binned.count * classes]];
        for ((&row, &half), &code) in self.rows.iter().zip(&self.half).zip(codes) {
            counts[usize::from(half == fitted)]
                [binned.bins[row as usize] as usize * classes + code as usize] += 1;
        }
        let [judged, seen] = counts;
        // Of two classes one curve says all.
        let first = usize::from(classes == 2);
        let areas: Vec<f64> =
            (first..classes).filter_map(|class| area(&seen, &judged, classes, class)).collect();
        (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
    }

    fn explained(&self, binned: &Binned, ranks: &[f64], fitted: bool) -> Option<f64> {
        let mut sums = vec![(0.0, 0.0); binned.count];
        let labelled = || self.rows.iter().zip(&self.half).zip(ranks);
        for ((&row, _), &rank) in labelled().filter(|((_, half), _)| **half == fitted) {
            let (sum, count) = &mut sums[binned.bins[row as usize] as usize];
            *sum += rank;
            *count += 1.0;
        }
        let (mut left, mut total, mut rows) = (0.0, 0.0, 0usize);
        for ((&row, _), &rank) in labelled().filter(|((_, half), _)| **half != fitted) {
            let (sum, count) = sums[binned.bins[row as usize] as usize];
            // One imagined row at the middle keeps a bin of few rows from claiming much.
            left += (rank - (sum + 0.5) / (count + 1.0)).powi(2);
            total += (rank - 0.5).powi(2);
            rows += 1;
        }
        (rows > 1 && total > 0.0).then(|| 1.0 - left / total)
    }
}

/// The area under the ROC curve when bins are ordered by the frequency of the class among the rows seen.
fn area(seen: &[u32], judged: &[u32], classes: usize, class: usize) -> Option<f64> {
    let all: u64 = seen.iter().map(|&count| u64::from(count)).sum();
    let of_class: u64 = seen.chunks_exact(classes).map(|bin| u64::from(bin[class])).sum();
    let prior = of_class as f64 / all.max(1) as f64;
    let mut bins: Vec<(f64, f64, f64)> = Vec::new();
    for (seen, judged) in seen.chunks_exact(classes).zip(judged.chunks_exact(classes)) {
        let rows: u32 = judged.iter().sum();
        if rows > 0 {
            let frequency = (f64::from(seen[class]) + prior) / (f64::from(seen.iter().sum::<u32>()) + 1.0);
            bins.push((frequency, f64::from(judged[class]), f64::from(rows - judged[class])));
        }
    }
    bins.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut area, mut positives, mut negatives) = (0.0, 0.0, 0.0);
    for tie in bins.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let (p, n) = tie.iter().fold((0.0, 0.0), |(p, n), bin| (p + bin.1, n + bin.2));
        area += n * (positives + p / 2.0);
        positives += p;
        negatives += n;
    }
    (positives > 0.0 && negatives > 0.0).then(|| area / positives / negatives)
}

/// Ranks over count, from 0 to 1, ties sharing their middle.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for tie in order.chunk_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).is_eq()) {
        let middle = (below as f64 + tie.len() as f64 / 2.0) / values.len() as f64;
        for &row in tie {
            ranks[row as usize] = middle;
        }
        below += tie.len();
    }
    ranks
}

/// Bins of the pattern of missing cells over all columns; none when nothing is missing.
pub(super) fn missing_pattern(columns: &[&Column], rows: usize) -> Option<Binned> {
    const PATTERNS: u64 = 1 << 12;
    let mut hashes = vec![0u64; rows];
    let with_gaps = columns.iter().enumerate().filter(|(_, column)| column.missing() > 0);
    let mut gaps = 0;
    for (place, column) in with_gaps {
        gaps += 1;
        (0..rows).filter(|&row| column.is_missing(row)).for_each(|row| {
            hashes[row] = hashes[row].wrapping_add(mix(place as u64 + 1));
        });
    }
    let bins = hashes.iter().map(|hash| (mix(*hash) % PATTERNS) as u32).collect();
    (gaps > 0).then_some(Binned { bins, count: PATTERNS as usize })
}

/// Bins of the place of a row in the table, 64 of equal size.
pub(super) fn row_order(rows: usize) -> Binned {
    let bins = (0..rows).map(|row| (row * 64 / rows.max(1)) as u32).collect();
    Binned { bins, count: 64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use plumb_stats::Task;

    fn scored(column: &Column, labels: Labels, task: Task) -> f64 {
        let classes = vec!["a".to_owned(), "b".to_owned()];
        let target = Target { name: "y".into(), task, classes, labels };
        let labelled = Labelled::new(&target, target.labelled_rows(), Seed(0));
        labelled.score(&Binned::of(column, &ColumnFacts::of(column), labelled.classes())).unwrap()
    }

    fn classes(n: usize) -> Labels {
        Labels::Classes((0..n).map(|row| Some(u32::from(row % 3 == 0))).collect())
    }

    #[test]
    fn a_copy_of_the_label_scores_one_and_noise_one_half() {
        let copy = Column::number("c", Kind::Number, (0..900).map(|row| Some(f64::from(row % 3 == 0))));
        assert!(scored(&copy, classes(900), Task::Binary) > 1.0 - 1e-12);
        let stream = Seed(5).stream("noise");
        let noise = Column::number("n", Kind::Number, (0..900).map(|row| Some(stream.uniform(row))));
        assert!((scored(&noise, classes(900), Task::Binary) - 0.5).abs() < 0.08);
    }

    #[test]
    fn an_identifier_does_not_look_like_a_leak() {
        let id = Column::category("id", Kind::Category, (0..900).map(|row| Some(format!("p{row}"))));
        assert!((scored(&id, classes(900), Task::Binary) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_monotone_function_of_the_target_explains_its_ranks() {
        let numbers = Labels::Numbers((0..2_000).map(|row| Some(f64::from(row).exp2().min(1e300))).collect());
        let root = Column::number("r", Kind::Number, (0..2_000).map(|row| Some(f64::from(row).sqrt())));
        let score = scored(&root, numbers, Task::Regression);
        assert!(score > 0.7, "{score}");
    }
}
