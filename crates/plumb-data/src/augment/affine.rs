//! Geometry: any number of turns, shears, shifts and scalings as one matrix, and one resampling.
//!
//! Conventions are Pillow's `Image.transform` with `BILINEAR`: the centre of pixel (x, y) lies at (x + 1/2, y + 1/2); a
//! point outside `[0, width) x [0, height)` takes the border, one inside takes its four neighbours, clamped to the
//! picture. Values are rounded where Pillow cuts off, so that repeated augmentation does not darken.

use std::ops::Range;

use crate::pictures::{Channels, Picture};

use super::border::{Border, reflect};

/// Where a point of the result comes from: `x * row[0] + y * row[1] + row[2]` for each coordinate, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) x: [f64; 3],
    pub(super) y: [f64; 3],
}

impl Affine {
    /// Every point where it was.
    pub(super) const IDENTITY: Self = Self { x: [1.0, 0.0, 0.0], y: [0.0, 1.0, 0.0] };

    /// A linear map about the middle of a picture.
    pub(super) fn about_middle(linear: [[f64; 2]; 2], width: usize, height: usize) -> Self {
        let (cx, cy) = (width as f64 / 2.0, height as f64 / 2.0);
        let row = |[a, b]: [f64; 2], c: f64| [a, b, c - a * cx - b * cy];
        Self { x: row(linear[0], cx), y: row(linear[1], cy) }
    }

    /// This change, then another one. Maps lead backwards, so the other one is asked first.
    pub(super) fn then(&self, next: &Self) -> Self {
        let row = |[a, b, c]: [f64; 3]| {
            let [x, y] = [next.x, next.y];
            [a * x[0] + b * y[0], a * x[1] + b * y[1], a * x[2] + b * y[2] + c]
        };
        Self { x: row(self.x), y: row(self.y) }
    }

    /// The picture as the map shows it, extents kept. One pass: a byte is written once and four are read for it,
    /// nearly all from the first cache.
    pub(super) fn resample(&self, picture: &Picture, border: Border) -> Picture {
        if *self == Self::IDENTITY {
            return picture.clone();
        }
        let pixels = match picture.channels() {
            Channels::Grey => Source::<1>::new(picture, border).show(self),
            Channels::Rgb => Source::<3>::new(picture, border).show(self),
        };
        let same = Picture::new(picture.width(), picture.height(), picture.channels(), pixels);
        same.unwrap_or_else(|| picture.clone())
    }
}

/// Bits behind the point of a coordinate. Steps are rounded to 2^-32 pixels, so the end of a row of 65536 pixels is
/// off by 2^-17 at most.
const BITS: u32 = 32;
/// One pixel.
const ONE: i64 = 1 << BITS;
/// Bits of a bilinear weight; two weights and a byte take 30.
const WEIGHT_BITS: u32 = 11;
/// The weight of a pixel that is met exactly.
const FULL: i32 = 1 << WEIGHT_BITS;

/// A number of pixels in fixed point; far away is as good as farther away.
fn fixed(pixels: f64) -> i64 {
    const FAR: f64 = (1u64 << 28) as f64;
    (pixels.clamp(-FAR, FAR) * ONE as f64).round() as i64
}

/// A coordinate along a row of the result.
#[derive(Clone, Copy)]
struct Line {
    start: i64,
    step: i64,
}

impl Line {
    /// Along row `y`, counted so that whole numbers are the centres of pixels.
    fn of(row: [f64; 3], y: usize) -> Self {
        let start = row[0] * 0.5 + row[1] * (y as f64 + 0.5) + row[2] - 0.5;
        Self { start: fixed(start), step: fixed(row[0]) }
    }

    /// The coordinate at `x`; far away stays far away.
    fn at(self, x: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(x as i64))
    }

    /// The same where it is known to lie within the picture, so that nothing can overflow in the end.
    #[inline]
    fn at_inside(self, x: usize) -> i64 {
        self.start.wrapping_add(self.step.wrapping_mul(x as i64))
    }

    /// The stretch of `0..width` where the coordinate has a neighbour on both sides inside `0..extent`.
    fn inside(self, extent: usize, width: usize) -> Range<i64> {
        let most = (extent as i64 - 1) * ONE - 1;
        let (first, last) = match self.step {
            0 if (0..=most).contains(&self.start) => (0, width as i64 - 1),
            0 => (0, -1),
            step if step > 0 => (-(self.start.div_euclid(step)), (most - self.start).div_euclid(step)),
            step => (-((most - self.start).div_euclid(-step)), self.start.div_euclid(-step)),
        };
        first.max(0)..(last + 1).min(width as i64)
    }
}

/// The picture that is read.
struct Source<'a, const CHANNELS: usize> {
    pixels: &'a [[u8; CHANNELS]],
    width: usize,
    height: usize,
    border: Border,
}

impl<'a, const CHANNELS: usize> Source<'a, CHANNELS> {
    fn new(picture: &'a Picture, border: Border) -> Self {
        let pixels = picture.pixels().as_chunks::<CHANNELS>().0;
        Self { pixels, width: picture.width(), height: picture.height(), border }
    }

    fn show(&self, map: &Affine) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.pixels.len());
        for row in 0..self.height {
            let (x, y) = (Line::of(map.x, row), Line::of(map.y, row));
            let (a, b) = (x.inside(self.width, self.width), y.inside(self.height, self.width));
            let first = a.start.max(b.start).min(self.width as i64) as usize;
            let end = (a.end.min(b.end).max(0) as usize).max(first);
            shown.extend((0..first).map(|at| self.near_edge(x.at(at), y.at(at))));
            // A row that is only shifted by whole pixels is copied as a stretch.
            if x.step == ONE && y.step == 0 && (x.start | y.start) & (ONE - 1) == 0 && first < end {
                let from = self.index(x.at_inside(first), y.start);
                shown.extend_from_slice(&self.pixels[from..from + end - first]);
            } else {
                shown.extend((first..end).map(|at| self.within(x.at_inside(at), y.at_inside(at))));
            }
            shown.extend((end..self.width).map(|at| self.near_edge(x.at(at), y.at(at))));
        }
        shown.into_flattened()
    }

    /// Where the upper left neighbour of a point in the picture stands.
    #[inline]
    fn index(&self, x: i64, y: i64) -> usize {
        (y >> BITS) as usize * self.width + (x >> BITS) as usize
    }

    /// A point with all four neighbours in the picture.
    #[inline]
    fn within(&self, x: i64, y: i64) -> [u8; CHANNELS] {
        let at = self.index(x, y);
        let (upper, lower) = (&self.pixels[at..at + 2], &self.pixels[at + self.width..at + self.width + 2]);
        between([upper[0], upper[1], lower[0], lower[1]], weight(x), weight(y))
    }

    fn near_edge(&self, x: i64, y: i64) -> [u8; CHANNELS] {
        let outside = |at: i64, extent: usize| at < -ONE / 2 || at >= extent as i64 * ONE - ONE / 2;
        let (column, row) = ((x >> BITS) as isize, (y >> BITS) as isize);
        let (columns, rows) = match self.border {
            Border::Fill(level) if outside(x, self.width) || outside(y, self.height) => {
                return [level; CHANNELS];
            }
            Border::Fill(_) => (neighbours(column, self.width), neighbours(row, self.height)),
            Border::Reflect => (
                [reflect(column, self.width), reflect(column + 1, self.width)],
                [reflect(row, self.height), reflect(row + 1, self.height)],
            ),
        };
        let pixel = |column, row| self.pixels[row * self.width + column];
        let [left, right] = columns;
        let corners = [(left, rows[0]), (right, rows[0]), (left, rows[1]), (right, rows[1])];
        between(corners.map(|(column, row)| pixel(column, row)), weight(x), weight(y))
    }
}

/// A pixel and the next one, clamped to the picture.
fn neighbours(at: isize, extent: usize) -> [usize; 2] {
    let last = extent as isize - 1;
    [at.clamp(0, last) as usize, (at + 1).clamp(0, last) as usize]
}

/// The part of a coordinate behind the point, as a weight.
fn weight(at: i64) -> i32 {
    (at >> (BITS - WEIGHT_BITS)) as i32 & (FULL - 1)
}

/// Upper left, upper right, lower left, lower right, weighted by how far the point lies to the right and below.
#[inline]
fn between<const CHANNELS: usize>(corners: [[u8; CHANNELS]; 4], right: i32, below: i32) -> [u8; CHANNELS] {
    std::array::from_fn(|channel| {
        // Three products a channel; the greatest sum is 255 * 2^22, within 32 bits.
        let [a, b, c, d] = corners.map(|corner| i32::from(corner[channel]));
        let upper = (a << WEIGHT_BITS) + (b - a) * right;
        let lower = (c << WEIGHT_BITS) + (d - c) * right;
        let sum = (upper << WEIGHT_BITS) + (lower - upper) * below;
        ((sum + (1 << (2 * WEIGHT_BITS - 1))) >> (2 * WEIGHT_BITS)) as u8
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_stretch_inside_is_exactly_where_both_neighbours_are(
            start in -9.0f64..9.0,
            step in prop_oneof![Just(0.0), Just(1.0), Just(-1.0), -3.0f64..3.0],
            (extent, width) in (1usize..9, 1usize..12),
        ) {
            let line = Line { start: fixed(start), step: fixed(step) };
            let found = line.inside(extent, width);
            for x in 0..width {
                let at = line.at(x) >> BITS;
                let both = at >= 0 && at + 1 < extent as i64;
                prop_assert_eq!(found.contains(&(x as i64)), both, "{} {:?}", x, &found);
            }
        }
    }

    #[test]
    fn changes_compose_in_their_order() {
        let turn = Affine::about_middle([[0.0, -1.0], [1.0, 0.0]], 4, 4);
        let shift = Affine { x: [1.0, 0.0, -1.0], y: [0.0, 1.0, 0.0] };
        let picture = Picture::new(4, 4, Channels::Grey, (0..16).map(|i| i * 16).collect()).unwrap();
        let border = Border::Fill(0);
        let apart = shift.resample(&turn.resample(&picture, border), border);
        assert_eq!(turn.then(&shift).resample(&picture, border), apart);
        assert_ne!(shift.then(&turn).resample(&picture, border), apart);
    }
}
