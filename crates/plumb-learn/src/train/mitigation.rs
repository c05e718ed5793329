//! Training that weighs rows by group, or holds the rates of groups near each other.

use burn::tensor::{Tensor, TensorData, activation};
use plumb_data::prepare::PreparedLabels;
use plumb_stats::reweighing::reweighing;
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::parameters::host;

/// What is done about differences between groups while a network learns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mitigation {
    /// Rows are weighted so that group and class are independent (Kamiran, Calders 2012).
    Reweigh,
    /// Rates of two groups are held within `slack` of each other, for two classes.
    Hold {
        /// Which rates.
        rates: HeldRates,
        /// The difference that is left alone.
        slack: f64,
    },
}

/// The rates that are held near each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldRates {
    /// The share of each group that is called positive (demographic parity).
    Selection,
    /// The share of each group's positive rows that is called positive (equal opportunity; Hardt, Price, Srebro 2016).
    TruePositives,
    /// That, and the same share of the negative rows (equalized odds).
    Errors,
}

/// The group of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The names of the groups.
    pub names: Vec<String>,
    /// The place in `names` of each prepared train row; [`Groups::NONE`] for rows of no group.
    pub train: Vec<u32>,
    /// The same of each valid row.
    pub valid: Vec<u32>,
}

impl Groups {
    /// The place of a row that belongs to no group.
    pub const NONE: u32 = u32::MAX;
}

/// Rows of one truth below which the rate of a group is noise: as the `fairness.*` practices have it.
const LEAST_ROWS: usize = 30;

/// The weight of each train row.
pub(super) fn row_weights(groups: &Groups, labels: &PreparedLabels) -> Vec<f32> {
    let PreparedLabels::Classes(codes) = labels else { return Vec::new() };
    // Rows of no group are one of their own: their weight is 1 on average, too.
    reweighing(&groups.train, codes).into_iter().map(|weight| weight as f32).collect()
}

/// Rates that are held near each other: a Lagrangian whose multipliers follow the rates of calls, while the gradient is that of
/// probabilities (the proxy-Lagrangian of Cotter et al. 2019).
///
/// A cell is a condition (all rows, or those of one class) and a group. Each rate is held within half the slack of that of all rows of
/// its condition, so that no two groups differ by more than the slack.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    rates: HeldRates,
    slack: f64,
    groups: &'a Groups,
    /// The share of all train rows in each cell; none where there are too few rows to hold.
    shares: Vec<Option<f64>>,
    /// The share of all train rows in each condition.
    of_condition: Vec<f64>,
    /// How far a multiplier moves in a step for each unit of difference.
    pace: f64,
    /// What the running rates keep of themselves in a step.
    memory: f64,
}

/// What changes as training goes on: the multipliers of each cell and its running rate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Multipliers {
    /// Against rates that are too high.
    above: Vec<f64>,
    /// Against rates that are too low.
    below: Vec<f64>,
    /// Running sums of calls and of rows.
    called: Vec<f64>,
    rows: Vec<f64>,
}

/// Calls and rows of each cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    called: Vec<f64>,
    rows: Vec<f64>,
}

impl<'a> Hold<'a> {
    /// `steps` is how many an epoch has.
    pub(super) fn new(
        rates: HeldRates,
        slack: f64,
        groups: &'a Groups,
        labels: &PreparedLabels,
        steps: usize,
    ) -> Self {
        /// Of an epoch, so that what is learned meanwhile can answer; in few steps the rates are too noisy to be followed faster.
        const PACE: f64 = 5.0;
        const FASTEST: f64 = 0.1;
        const LEAST_MEMORY: f64 = 20.0;
        let steps = steps.max(1) as f64;
        let mut hold = Self {
            rates,
            slack,
            groups,
            shares: Vec::new(),
            of_condition: Vec::new(),
            pace: (PACE / steps).min(FASTEST),
            memory: (-1.0 / (0.5 * steps).max(LEAST_MEMORY)).exp(),
        };
        let rows = groups.train.len();
        let tally = hold.count(&groups.train, labels, |_| false);
        let share = |rows_of: &f64| (*rows_of >= LEAST_ROWS as f64).then(|| rows_of / rows as f64);
        hold.shares = tally.rows.iter().map(share).collect();
        let width = groups.names.len().max(1);
        hold.of_condition =
            tally.rows.chunks(width).map(|cells| cells.iter().sum::<f64>() / rows.max(1) as f64).collect();
        hold
    }

    pub(super) fn start(&self) -> Multipliers {
        let zeros = vec![0.0; self.shares.len()];
        Multipliers { above: zeros.clone(), below: zeros.clone(), called: zeros.clone(), rows: zeros }
    }

    /// What is added to the loss of a batch; `rows` is how many rows the whole step has. None where nothing is held yet.
    pub(super) fn penalty(
        &self,
        outputs: &Tensor<2>,
        batch: &Batch,
        of: &Multipliers,
        rows: usize,
    ) -> Option<Tensor<1>> {
        let [outputs_rows, _] = outputs.dims();
        let members = outputs_rows.checked_div(batch.len()).unwrap_or(0).max(1);
        let slopes = self.slopes(of);
        if slopes.iter().all(|slope| slope.abs() <= 0.0) {
            return None;
        }
        let of_row = |(at, &row): (usize, &u32)| {
            let group = self.groups.train.get(row as usize).copied().unwrap_or(Groups::NONE);
            let cells = self.cells(group, class_at(&batch.labels, at));
            cells.map(|cell| slopes[cell]).sum::<f64>() as f32
        };
        let own: Vec<f32> = batch.rows.iter().enumerate().map(of_row).collect();
        let all: Vec<f32> = own.iter().copied().cycle().take(own.len() * members).collect();
        let slopes = Tensor::<2>::from_data(TensorData::new(all, [outputs_rows, 1]), &outputs.device());
        let positive = activation::softmax(outputs.clone(), 1).narrow(1, 1, 1);
        Some(positive.mul(slopes).sum().div_scalar((rows.max(1) * members) as f64))
    }

    /// Calls and rows of a batch, a network of several members by the mean of their outputs.
    pub(super) fn tally(&self, outputs: &Tensor<2>, batch: &Batch) -> Tally {
        let [rows, columns] = outputs.dims();
        let members = rows.checked_div(batch.len()).unwrap_or(0).max(1);
        let values = host(outputs.clone().inner());
        let margin = |at: usize| {
            let of_member = |member: usize| {
                let first = (member * batch.len() + at) * columns;
                f64::from(values[first + 1]) - f64::from(values[first])
            };
            (0..members).map(of_member).sum::<f64>()
        };
        let group = |&row: &u32| self.groups.train.get(row as usize).copied().unwrap_or(Groups::NONE);
        let groups: Vec<u32> = batch.rows.iter().map(group).collect();
        self.count(&groups, &batch.labels, |at| margin(at) > 0.0)
    }

    /// Moves the multipliers after a step.
    pub(super) fn follow(&self, of: &mut Multipliers, tallies: &[Tally]) {
        let width = self.groups.names.len().max(1);
        for cell in 0..self.shares.len() {
            of.called[cell] *= self.memory;
            of.rows[cell] *= self.memory;
            for tally in tallies {
                of.called[cell] += tally.called[cell];
                of.rows[cell] += tally.rows[cell];
            }
        }
        for (condition, first) in (0..self.shares.len()).step_by(width).enumerate() {
            let cells = first..first + width;
            let all = rate(of.called[cells.clone()].iter().sum(), of.rows[cells.clone()].iter().sum());
            for cell in
                cells.filter(|&cell| self.shares[cell].is_some() && self.of_condition[condition] > 0.0)
            {
                let (Some(own), Some(all)) = (rate(of.called[cell], of.rows[cell]), all) else { continue };
                let (off, left) = (own - all, 0.5 * self.slack);
                of.above[cell] = (of.above[cell] + self.pace * (off - left)).max(0.0);
                of.below[cell] = (of.below[cell] + self.pace * (-off - left)).max(0.0);
            }
        }
    }

    /// The largest difference between two groups on the valid rows, those with rows enough; none where there are no two.
    pub(super) fn difference(&self, outputs: &[f32], labels: &PreparedLabels) -> Option<f64> {
        let columns = outputs.len().checked_div(self.groups.valid.len())?;
        let tally =
            self.count(&self.groups.valid, labels, |at| outputs[at * columns + 1] > outputs[at * columns]);
        let width = self.groups.names.len().max(1);
        let of_condition = |(called, rows): (&[f64], &[f64])| {
            let enough = called.iter().zip(rows).filter(|(_, rows)| **rows >= LEAST_ROWS as f64);
            let rates: Vec<f64> = enough.map(|(called, rows)| called / rows).collect();
            let (low, high) =
                rates.iter().fold((1.0f64, 0.0f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
            (rates.len() > 1).then_some(high - low)
        };
        tally
            .called
            .chunks(width)
            .zip(tally.rows.chunks(width))
            .filter_map(of_condition)
            .max_by(f64::total_cmp)
    }

    /// The difference beyond what is left alone.
    pub(super) fn excess(&self, difference: f64) -> f64 {
        (difference - self.slack).max(0.0)
    }

    /// What a row's probability adds to the Lagrangian, by cell.
    fn slopes(&self, of: &Multipliers) -> Vec<f64> {
        let width = self.groups.names.len().max(1);
        let held = |cell: usize| of.above[cell] - of.below[cell];
        let mut slopes = vec![0.0; self.shares.len()];
        for (condition, cells) in slopes.chunks_mut(width).enumerate() {
            let first = condition * width;
            let together: f64 = (first..first + cells.len()).map(held).sum();
            let share = self.of_condition[condition];
            for (at, slope) in cells.iter_mut().enumerate() {
                let own = self.shares[first + at].map_or(0.0, |share| held(first + at) / share);
                *slope = if share > 0.0 { own - together / share } else { 0.0 };
            }
        }
        slopes
    }

    /// The cells of a row.
    fn cells(&self, group: u32, class: u32) -> impl Iterator<Item = usize> + use<> {
        let width = self.groups.names.len();
        let condition = match (self.rates, class) {
            (HeldRates::Selection, _) | (HeldRates::TruePositives, 1) | (HeldRates::Errors, 0) => Some(0),
            (HeldRates::Errors, _) => Some(1),
            (HeldRates::TruePositives, _) => None,
        };
        let group = Some(group as usize).filter(|&group| group < width);
        condition.zip(group).map(|(condition, group)| condition * width + group).into_iter()
    }

    fn conditions(&self) -> usize {
        if self.rates == HeldRates::Errors { 2 } else { 1 }
    }

    fn count(&self, groups: &[u32], labels: &PreparedLabels, called: impl Fn(usize) -> bool) -> Tally {
        let cells = self.conditions() * self.groups.names.len();
        let mut tally = Tally { called: vec![0.0; cells], rows: vec![0.0; cells] };
        for (at, &group) in groups.iter().enumerate() {
            for cell in self.cells(group, class_at(labels, at)) {
                tally.rows[cell] += 1.0;
                tally.called[cell] += f64::from(u8::from(called(at)));
            }
        }
        tally
    }
}

fn class_at(labels: &PreparedLabels, at: usize) -> u32 {
    match labels {
        PreparedLabels::Classes(codes) => codes.get(at).copied().unwrap_or(0),
        PreparedLabels::Absent | PreparedLabels::Numbers(_) => 0,
    }
}

fn rate(called: f64, rows: f64) -> Option<f64> {
    (rows > 0.0).then(|| called / rows)
}
