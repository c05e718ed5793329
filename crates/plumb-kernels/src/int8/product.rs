//! Products of matrices of bytes.

use std::borrow::Cow;

use rayon::prelude::*;

use super::block::{Block, MOST_ROWS};
use super::finish::{Finish, Place, Target};
use super::tile::Run;
use super::unit::Unit;
use super::{STEPS, WIDTH, Weights};

/// Tasks that are enough to keep threads busy; fewer columns a task where there would be fewer.
const TASKS: usize = 8;
/// Multiplications under which threads cost more than they bring.
const SMALL: usize = 1 << 17;

/// `finish((a - zero) weights)` for `a` of `rows` by `k`, rows one after the other.
///
/// # Shapes
/// `a` is `[rows, k]`, the target `[rows, columns]`. Panics where a slice has another extent.
pub fn product(a: &[u8], zero: u8, k: usize, weights: &Weights, finish: &Finish<'_>, target: Target<'_>) {
    on(Unit::best(), a, zero, k, weights, finish, target);
}

pub(super) fn on(
    unit: Unit,
    a: &[u8],
    zero: u8,
    k: usize,
    weights: &Weights,
    finish: &Finish<'_>,
    mut target: Target<'_>,
) {
    let rows =
        a.len().checked_div(k).unwrap_or_else(|| target.len().checked_div(weights.columns()).unwrap_or(0));
    assert!(rows * k == a.len() && k.next_multiple_of(STEPS) == weights.steps(), "a matrix of other extents");
    assert!(rows * weights.columns() == target.len(), "a result of other extents");
    finish.check(weights.columns(), target.len());
    let a = roomy(a, k);
    let runs = [Run { a: 0, b: 0, steps: weights.steps() / STEPS }];
    let target = target.shared();
    let all = All { unit, a: &a, zero, weights, groups: 1, runs: &runs, rows, finish, target: &target };
    all.compute(|row, _| row * k);
}

/// The same bytes with a few more behind them where rows are no multiple of four, for the last one is read past its end.
pub(super) fn roomy(bytes: &[u8], k: usize) -> Cow<'_, [u8]> {
    if k.is_multiple_of(STEPS) {
        return Cow::Borrowed(bytes);
    }
    let mut longer = Vec::with_capacity(bytes.len() + STEPS);
    longer.extend_from_slice(bytes);
    longer.resize(bytes.len() + STEPS, 0);
    Cow::Owned(longer)
}

/// A whole result, cut into tasks by extents alone.
pub(super) struct All<'a> {
    pub(super) unit: Unit,
    pub(super) a: &'a [u8],
    pub(super) zero: u8,
    pub(super) weights: &'a Weights,
    pub(super) groups: usize,
    pub(super) runs: &'a [Run],
    pub(super) rows: usize,
    pub(super) finish: &'a Finish<'a>,
    pub(super) target: &'a Place<'a>,
}

impl All<'_> {
    /// `place(row, group)` tells where a row of a group begins in the left operand.
    pub(super) fn compute(&self, place: impl Fn(usize, usize) -> usize + Sync) {
        let (panels, down) = (self.weights.panels(), self.rows.div_ceil(MOST_ROWS));
        let mut wide = panels.max(1);
        while wide > 1 && down * self.groups * panels.div_ceil(wide) < TASKS {
            wide = wide.div_ceil(2);
        }
        let across = panels.div_ceil(wide);
        let task = |task: usize| {
            let (row, rest) = (task % down * MOST_ROWS, task / down);
            let (panel, group) = (rest % across * wide, rest / across);
            let block = Block {
                a: self.a,
                zero: self.zero,
                weights: self.weights,
                group,
                panels: panel..(panel + wide).min(panels),
                runs: self.runs,
                rows: row..(row + MOST_ROWS).min(self.rows),
                place: |row| place(row, group),
                row: self.groups * self.weights.columns(),
                finish: self.finish,
                target: self.target,
            };
            // SAFETY: tasks differ in their rows, panels or group; the unit is one of this machine.
            #[expect(unsafe_code, reason = "the target is shared among threads")]
            unsafe {
                block.compute(self.unit);
            }
        };
        let tasks = down * across * self.groups;
        if tasks <= 1 || self.rows * self.groups * panels * WIDTH * self.weights.steps() <= SMALL {
            (0..tasks).for_each(task);
        } else {
            (0..tasks).into_par_iter().for_each(task);
        }
    }
}
