//! What is done with sums before they are stored.

use super::WIDTH;
use super::tile::Sums;
use crate::buffer::Shared;
use crate::vector::vectorized;

/// Adding this to a small number rounds it to the nearest integer, halves to even ones, which then stands in the lowest bits.
const ROUNDING: f32 = 12_582_912.0;

/// From sums to results: `clip(into8(scale * sum + bias) + residual)`, then to 8 bits where the target has them.
///
/// Products and additions are separate operations in 32 bits, the same on every machine.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    /// For each column, in the units of what follows: steps of `into8` or of the target, else of the result itself.
    pub scale: &'a [f32],
    /// For each column, in the same units.
    pub bias: &'a [f32],
    /// 8 bits in between, before the residual is added.
    pub into8: Option<Into8>,
    /// What is added, in the shape of the result.
    pub residual: Option<Residual<'a>>,
    /// The ends of the clipping, in the units of the result, the zero point not counted. Bytes are saturated besides.
    pub ends: [f32; 2],
}

/// Rounding to steps of 8 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Into8 {
    /// The least and the largest step, the zero point not counted.
    pub ends: [f32; 2],
    /// From these steps to the units of the result.
    pub scale: f32,
}

/// What is added to a result.
#[derive(Debug, Clone, Copy)]
pub enum Residual<'a> {
    /// Bytes; `scale (byte - zero)` is added.
    Bytes {
        /// In the shape of the result.
        values: &'a [u8],
        /// The byte that stands for 0.
        zero: u8,
        /// From steps to the units of the result.
        scale: f32,
    },
    /// Floats, in the shape and the units of the result.
    Floats(&'a [f32]),
}

/// Where results go.
#[derive(Debug)]
pub enum Target<'a> {
    /// To 8 bits.
    Bytes {
        /// In the shape of the result.
        values: &'a mut [u8],
        /// The byte that stands for 0.
        zero: u8,
    },
    /// As they are.
    Floats(&'a mut [f32]),
}

impl Target<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes { values, .. } => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    pub(super) fn shared(&mut self) -> Place<'_> {
        match self {
            Self::Bytes { values, zero } => Place::Bytes(Shared::new(values), *zero),
            Self::Floats(values) => Place::Floats(Shared::new(values)),
        }
    }
}

/// A target that threads share.
pub(super) enum Place<'a> {
    Bytes(Shared<'a, u8>, u8),
    Floats(Shared<'a, f32>),
}

/// Scale, bias and correction of the columns of a panel.
pub(super) struct Columns {
    pub(super) scale: [f32; WIDTH],
    pub(super) bias: [f32; WIDTH],
    pub(super) correction: [i32; WIDTH],
    /// How many of the panel there are.
    pub(super) count: usize,
}

impl Finish<'_> {
    /// Panics where a slice does not have the extent of what it goes with.
    pub(super) fn check(&self, columns: usize, len: usize) {
        assert!(
            self.scale.len() == columns && self.bias.len() == columns,
            "a scale and a bias for each column"
        );
        let residual = match self.residual {
            Some(Residual::Bytes { values, .. }) => values.len(),
            Some(Residual::Floats(values)) => values.len(),
            None => len,
        };
        assert!(residual == len, "a residual has the shape of the result");
    }

    /// Those from `first` on, at most a panel.
    pub(super) fn columns(&self, first: usize, count: usize, correction: [i32; WIDTH]) -> Columns {
        let padded = |values: &[f32]| {
            let mut padded = [0.0; WIDTH];
            padded[..count].copy_from_slice(&values[first..first + count]);
            padded
        };
        Columns { scale: padded(self.scale), bias: padded(self.bias), correction, count }
    }

    /// Stores the results of the first `rows` rows of a panel's columns; `at` is where the first stands, and a row's is `apart` from the next.
    ///
    /// A function for each kind of finish: one for all would move vectors through memory where its branches meet.
    ///
    /// # Safety
    /// No other thread writes these places meanwhile.
    #[expect(unsafe_code, reason = "the target is shared among threads")]
    pub(super) unsafe fn store(
        &self,
        sums: &Sums,
        rows: usize,
        columns: &Columns,
        [at, apart]: [usize; 2],
        target: &Place<'_>,
    ) {
        let rows = Rows { finish: self, sums: &sums[..rows], columns, at, apart };
        // SAFETY: by the caller's promise.
        unsafe {
            match (target, self.into8.is_some()) {
                (Place::Bytes(target, zero), false) => rows.bytes::<false>(target, *zero),
                (Place::Bytes(target, zero), true) => rows.bytes::<true>(target, *zero),
                (Place::Floats(target), false) => rows.floats::<false>(target),
                (Place::Floats(target), true) => rows.floats::<true>(target),
            }
        }
    }
}

/// Rows of sums and where their results stand.
struct Rows<'a> {
    finish: &'a Finish<'a>,
    sums: &'a [[i32; WIDTH]],
    columns: &'a Columns,
    at: usize,
    apart: usize,
}

impl Rows<'_> {
    /// # Safety
    /// As [`Finish::store`].
    #[expect(unsafe_code, reason = "the target is shared among threads")]
    unsafe fn bytes<const INTO8: bool>(&self, target: &Shared<'_, u8>, zero: u8) {
        let ends = [-f32::from(zero), 255.0 - f32::from(zero)];
        let ends = [self.finish.ends[0].max(ends[0]), self.finish.ends[1].min(ends[1])];
        self.each::<INTO8>(
            #[inline(always)]
            |at, count, values| {
                let mut bytes = [0u8; WIDTH];
                for i in 0..WIDTH {
                    bytes[i] = step(clipped(values[i], ends)).wrapping_add(i32::from(zero)) as u8;
                }
                // SAFETY: by the caller's promise.
                write(unsafe { target.part(at, count) }, &bytes);
            },
        );
    }

    /// # Safety
    /// As [`Finish::store`].
    #[expect(unsafe_code, reason = "the target is shared among threads")]
    unsafe fn floats<const INTO8: bool>(&self, target: &Shared<'_, f32>) {
        let [low, high] = self.finish.ends;
        self.each::<INTO8>(
            #[inline(always)]
            |at, count, mut values| {
                for value in &mut values {
                    // What is no number stays so.
                    *value = if *value < low { low } else { *value };
                    *value = if *value > high { high } else { *value };
                }
                // SAFETY: by the caller's promise.
                write(unsafe { target.part(at, count) }, &values);
            },
        );
    }

    #[inline(always)]
    fn each<const INTO8: bool>(&self, store: impl Fn(usize, usize, [f32; WIDTH])) {
        match self.finish.residual {
            None => self.with_residual::<INTO8>(
                #[inline(always)]
                |_, values| values,
                store,
            ),
            Some(Residual::Floats(residual)) => self.with_residual::<INTO8>(
                #[inline(always)]
                |at, mut values| {
                    let residual = part(residual, at, self.columns.count);
                    values.iter_mut().zip(&residual).for_each(|(value, residual)| *value += residual);
                    values
                },
                store,
            ),
            Some(Residual::Bytes { values: residual, zero, scale }) => self.with_residual::<INTO8>(
                #[inline(always)]
                |at, mut values| {
                    let residual: [u8; WIDTH] = part(residual, at, self.columns.count);
                    for (value, residual) in values.iter_mut().zip(&residual) {
                        *value += (f32::from(*residual) - f32::from(zero)) * scale;
                    }
                    values
                },
                store,
            ),
        }
    }

    #[inline(always)]
    fn with_residual<const INTO8: bool>(
        &self,
        add: impl Fn(usize, [f32; WIDTH]) -> [f32; WIDTH],
        store: impl Fn(usize, usize, [f32; WIDTH]),
    ) {
        let into8 = self.finish.into8.unwrap_or(Into8 { ends: [0.0; 2], scale: 1.0 });
        vectorized(
            #[inline(always)]
            || {
                let columns = self.columns;
                for (row, sums) in self.sums.iter().enumerate() {
                    let mut values = [0.0f32; WIDTH];
                    for i in 0..WIDTH {
                        let sum = sums[i].wrapping_sub(columns.correction[i]) as f32;
                        let value = sum * columns.scale[i] + columns.bias[i];
                        values[i] = if INTO8 {
                            ((clipped(value, into8.ends) + ROUNDING) - ROUNDING) * into8.scale
                        } else {
                            value
                        };
                    }
                    let at = self.at + row * self.apart;
                    store(at, columns.count, add(at, values));
                }
            },
        );
    }
}

/// The nearest integer, halves to even ones; right for magnitudes under 4 million.
#[inline(always)]
pub(super) fn step(value: f32) -> i32 {
    ((value + ROUNDING).to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32)
}

/// Between the ends; what is no number becomes the lower one.
#[inline(always)]
pub(super) fn clipped(value: f32, [low, high]: [f32; 2]) -> f32 {
    let value = if value > low { value } else { low };
    if value < high { value } else { high }
}

/// Lanes that are copied together where a panel is not whole: a copy of known length is a few vectors, one of any length is a call.
const LANES: usize = 8;

#[inline(always)]
fn part<T: Copy + Default>(values: &[T], at: usize, count: usize) -> [T; WIDTH] {
    let mut part = [T::default(); WIDTH];
    copy(&values[at..at + count], &mut part[..count]);
    part
}

#[inline(always)]
fn write<T: Copy>(to: &mut [T], values: &[T; WIDTH]) {
    let count = to.len();
    copy(&values[..count], to);
}

#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    if let (Ok(from), Ok(to)) = (<&[T; WIDTH]>::try_from(from), <&mut [T; WIDTH]>::try_from(&mut *to)) {
        *to = *from;
        return;
    }
    let ((from, last), (to, rest)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    rest.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
}
