//! Weights, packed once.

use super::{LONGEST, STEPS, WIDTH};

/// The columns of a product, `[steps, columns]` of each group, packed for the vector units, with the sum of each column.
#[derive(Debug, Clone)]
pub struct Weights {
    /// `[group][panel][four steps][column in panel][step]`.
    values: Vec<i8>,
    /// Sums of columns, group after group, each padded to whole panels.
    sums: Vec<i32>,
    columns: usize,
    steps: usize,
}

impl Weights {
    /// The columns of a matrix `[k, n]`, or of `[n, k]` where it is `turned`. None where the values are not that many or `k` is
    /// longer than [`LONGEST`].
    pub fn of_matrix(values: &[i8], [k, n]: [usize; 2], turned: bool) -> Option<Self> {
        if k.checked_mul(n)? != values.len() || k > LONGEST {
            return None;
        }
        let at =
            |step: usize, column: usize| values[if turned { column * k + step } else { step * n + column }];
        Some(Self::packed(1, n, &[k], |_, column, _, step| at(step, column)))
    }

    /// Packs `columns` columns of each of `groups` groups. The reduction is cut into runs of the lengths `runs`, each filled up with zeros
    /// to a multiple of four steps; `at(group, column, run, step)` is a weight.
    pub(super) fn packed(
        groups: usize,
        columns: usize,
        runs: &[usize],
        at: impl Fn(usize, usize, usize, usize) -> i8,
    ) -> Self {
        let steps: usize = runs.iter().map(|len| len.next_multiple_of(STEPS)).sum();
        let padded = columns.next_multiple_of(WIDTH);
        let mut values = vec![0; groups * padded * steps];
        let mut sums = vec![0i32; groups * padded];
        for group in 0..groups {
            for column in 0..columns {
                let (panel, lane) = (column / WIDTH, column % WIDTH);
                let mut first = (group * padded + panel * WIDTH) * steps;
                let mut sum = 0i32;
                for (run, &len) in runs.iter().enumerate() {
                    for step in 0..len {
                        let weight = at(group, column, run, step);
                        values[first + (step / STEPS * WIDTH + lane) * STEPS + step % STEPS] = weight;
                        sum += i32::from(weight);
                    }
                    first += len.next_multiple_of(STEPS) * WIDTH;
                }
                sums[group * padded + column] = sum;
            }
        }
        Self { values, sums, columns, steps }
    }

    /// Columns of a group.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Steps of the reduction, filled up to whole fours.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn panels(&self) -> usize {
        self.columns.div_ceil(WIDTH)
    }

    pub(super) fn panel(&self, group: usize, panel: usize) -> &[i8] {
        let len = self.steps * WIDTH;
        &self.values[(group * self.panels() + panel) * len..][..len]
    }

    /// What the zero point of the activations takes from the sums of a panel's columns.
    pub(super) fn correction(&self, group: usize, panel: usize, zero: u8) -> [i32; WIDTH] {
        let mut taken = [0; WIDTH];
        let sums = &self.sums[(group * self.panels() + panel) * WIDTH..][..WIDTH];
        taken.iter_mut().zip(sums).for_each(|(taken, sum)| *taken = sum.wrapping_mul(i32::from(zero)));
        taken
    }
}
