//! Whether labels go with their inputs: batches against the prepared rows, and true labels against shuffled ones.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Device;
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_ledger::Seed;

use super::LabelCheck;
use crate::batches::{Batch, Tokens};
use crate::parameters::host;

/// Rows looked at: a correlation of 0.1 shows clearly in a thousand.
const ROWS: usize = 1000;
/// Numbers of all pictures looked at together: 64 MiB.
const PICTURE_NUMBERS: usize = 16 << 20;
/// Inputs looked at, evenly spread.
const INPUTS: usize = 200;
/// Classes told apart; more share the last one.
const CLASSES: u32 = 10;
/// One in twenty would reach the top by chance.
const SHUFFLES: u64 = 19;

pub(super) fn check(train: &Prepared, seed: Seed) -> LabelCheck {
    let stream = seed.stream("signal");
    let mut rows = stream.permutation(train.rows);
    let numbers = train.images.as_ref().map_or(1, |images| images.encoding.count().max(1));
    rows.truncate(ROWS.min(PICTURE_NUMBERS / numbers).max(2));
    let batch = Batch::gather(train, &rows, &Device::flex());
    let mut targets = targets(&batch.labels);
    let mismatched = mismatched(train, &batch);
    let inputs = Inputs::of(&batch, train);
    let association = inputs.association(&targets);
    let shuffle = |index: u64| {
        for target in &mut targets {
            // The same shuffle for every class: the rows' labels move as they are.
            stream.at(index).shuffle(target);
        }
        inputs.association(&targets)
    };
    LabelCheck { rows: batch.len(), mismatched, association, shuffled: (0..SHUFFLES).map(shuffle).collect() }
}

/// The rows of a batch whose inputs or label are not those of the prepared row.
fn mismatched(train: &Prepared, batch: &Batch) -> Vec<u32> {
    let numbers = host(batch.numbers.clone());
    let width = train.numbers_width;
    let same = |index: usize, row: usize| {
        let label = match (&batch.labels, &train.labels) {
            (PreparedLabels::Classes(got), PreparedLabels::Classes(all)) => got.get(index) == all.get(row),
            (PreparedLabels::Numbers(got), PreparedLabels::Numbers(all)) => got.get(index) == all.get(row),
            (got, all) => got == all,
        };
        label
            && numbers.get(index * width..(index + 1) * width)
                == train.numbers.get(row * width..(row + 1) * width)
    };
    let rows = batch.rows.iter().enumerate();
    rows.filter(|(index, row)| !same(*index, **row as usize)).map(|(_, row)| *row).collect()
}

/// What is to be associated with the inputs: the numbers, or one indicator for each class.
fn targets(labels: &PreparedLabels) -> Vec<Vec<f64>> {
    match labels {
        PreparedLabels::Absent => Vec::new(),
        PreparedLabels::Numbers(numbers) => vec![numbers.iter().map(|&y| f64::from(y)).collect()],
        PreparedLabels::Classes(codes) => {
            let most = codes.iter().copied().max().unwrap_or(0).min(CLASSES - 1);
            let is =
                |class: u32| codes.iter().map(|&code| f64::from(u8::from(code.min(most) == class))).collect();
            (1..=most).map(is).collect()
        }
    }
}

/// Columns of inputs: numbers standardised, categories as groups of rows.
struct Inputs {
    numbers: Vec<Vec<f64>>,
    groups: Vec<Vec<Vec<u32>>>,
}

/// Whether each of the most common tokens stands in each text.
fn common_tokens(tokens: &Tokens) -> Vec<Vec<f64>> {
    let texts: Vec<BTreeSet<u32>> = (tokens.ids.chunks_exact(tokens.longest).zip(&*tokens.lengths))
        .map(|(ids, &length)| ids.iter().take(length).copied().collect())
        .collect();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    texts.iter().flatten().for_each(|token| *counts.entry(*token).or_default() += 1);
    let mut common: Vec<(u32, usize)> = counts.into_iter().collect();
    common.sort_by_key(|&(token, count)| (std::cmp::Reverse(count), token));
    let stands = |&(token, _): &(u32, usize)| {
        texts.iter().map(|text| f64::from(u8::from(text.contains(&token)))).collect()
    };
    common.iter().take(INPUTS).map(stands).collect()
}

impl Inputs {
    fn of(batch: &Batch, train: &Prepared) -> Self {
        let columns = |values: Vec<f32>, width: usize| -> Vec<Vec<f64>> {
            let step = width.div_ceil(INPUTS).max(1);
            let column = |c: usize| values.iter().skip(c).step_by(width).map(|&x| f64::from(x)).collect();
            (0..width).step_by(step).filter_map(|c| standardised(column(c))).collect()
        };
        let mut numbers = columns(host(batch.numbers.clone()), train.numbers_width);
        numbers.extend(columns(host(batch.flags.clone()), train.flags_width));
        if let (Some(images), Some(of)) = (&batch.images, &train.images) {
            numbers.extend(columns(host(images.clone().permute([0, 2, 3, 1])), of.encoding.count()));
        }
        numbers.extend(batch.tokens.iter().flat_map(common_tokens).filter_map(standardised));
        let group = |column: usize| {
            let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            for (index, &row) in batch.rows.iter().enumerate() {
                let code = train.codes[row as usize * train.codes_width + column];
                groups.entry(code).or_default().push(index as u32);
            }
            groups.into_values().collect()
        };
        Self { numbers, groups: (0..train.codes_width.min(INPUTS)).map(group).collect() }
    }

    /// The mean over inputs and targets of the explained share of the target's variance.
    fn association(&self, targets: &[Vec<f64>]) -> f64 {
        let mut sum = 0.0;
        for target in targets.iter().filter_map(|target| standardised(target.clone())) {
            let count = target.len() as f64;
            for number in &self.numbers {
                let product: f64 = number.iter().zip(&target).map(|(x, y)| x * y).sum();
                sum += (product / count).powi(2);
            }
            for groups in &self.groups {
                let total = |rows: &Vec<u32>| rows.iter().map(|&row| target[row as usize]).sum::<f64>();
                sum += groups.iter().map(|rows| total(rows).powi(2) / rows.len() as f64).sum::<f64>() / count;
            }
        }
        sum / ((self.numbers.len() + self.groups.len()) * targets.len()).max(1) as f64
    }
}

/// Mean 0 and deviation 1; none for a constant or for numbers that are none.
fn standardised(mut values: Vec<f64>) -> Option<Vec<f64>> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    for x in &mut values {
        *x = (*x - mean) / sd;
    }
    (sd > 0.0 && sd.is_finite()).then_some(values)
}
