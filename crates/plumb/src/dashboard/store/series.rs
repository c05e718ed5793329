//! A curve in bounded memory: neighbouring points share a block that keeps what a chart must not lose.
//!
//! A block knows its first and last value, its extremes with their places, its mean, and whether a value in it was not
//! finite. Up to [`Series::BLOCKS`] points a block is one point and nothing is lost; beyond that two neighbours
//! become one, so that memory and time stay the same however long the run. The place of a block in the file is kept: what
//! lies inside of it can be read again.

/// Consecutive points of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    /// Where the first point stands.
    pub(crate) from: f64,
    /// Where the last point stands.
    pub(crate) to: f64,
    /// The first and the last finite value; NaN without one.
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// The least finite value and its place.
    pub(crate) low: (f64, f64),
    /// The greatest finite value and its place.
    pub(crate) high: (f64, f64),
    /// The sum of the finite values.
    sum: f64,
    /// How many values are finite.
    pub(crate) finite: u64,
    /// How many are not.
    pub(crate) bad: u64,
    /// Where the first of these stands.
    pub(crate) bad_at: f64,
    /// Where the line of the first point begins in the file.
    pub(crate) offset: u64,
}

impl Block {
    fn point(x: f64, y: f64, offset: u64) -> Self {
        let whole = y.is_finite();
        let value = if whole { y } else { f64::NAN };
        Self {
            from: x,
            to: x,
            first: value,
            last: value,
            low: (x, value),
            high: (x, value),
            sum: if whole { y } else { 0.0 },
            finite: u64::from(whole),
            bad: u64::from(!whole),
            bad_at: if whole { f64::NAN } else { x },
            offset,
        }
    }

    /// Takes in the block that follows.
    fn join(&mut self, next: &Self) {
        self.to = next.to;
        if self.finite == 0 {
            (self.first, self.low, self.high) = (next.first, next.low, next.high);
        }
        if next.finite > 0 {
            self.last = next.last;
            if next.low.1 < self.low.1 {
                self.low = next.low;
            }
            if next.high.1 > self.high.1 {
                self.high = next.high;
            }
        }
        if self.bad == 0 {
            self.bad_at = next.bad_at;
        }
        self.sum += next.sum;
        self.finite += next.finite;
        self.bad += next.bad;
    }

    /// How many points it stands for.
    pub(crate) fn count(&self) -> u64 {
        self.finite + self.bad
    }

    /// The mean of its finite values; NaN without one.
    pub(crate) fn mean(&self) -> f64 {
        if self.finite == 0 { f64::NAN } else { self.sum / self.finite as f64 }
    }
}

/// A curve.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    blocks: Vec<Block>,
    /// Points of a full block.
    size: u64,
    /// Blocks at most.
    most: usize,
}

impl Series {
    /// Blocks of a curve that can be zoomed into: sixteen for each pixel of a wide screen's quarter. 1.7 MiB a curve.
    pub(crate) const BLOCKS: usize = 16_384;

    /// An empty curve of at most so many blocks, at least two.
    pub(crate) fn new(most: usize) -> Self {
        Self { blocks: Vec::new(), size: 1, most: most.max(2) }
    }

    /// Adds a point.
    pub(crate) fn push(&mut self, x: f64, y: f64, offset: u64) {
        let point = Block::point(x, y, offset);
        let is_full = |last: Option<&Block>, size| last.is_none_or(|last| last.count() >= size);
        if is_full(self.blocks.last(), self.size) && self.blocks.len() == self.most {
            self.blocks = merged(&self.blocks, 2);
            self.size *= 2;
        }
        // After the halving of an odd number of blocks the last one has room.
        if is_full(self.blocks.last(), self.size) {
            self.blocks.push(point);
        } else if let Some(last) = self.blocks.last_mut() {
            last.join(&point);
        }
    }

    /// All blocks.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Points that a block may stand for.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The places of the blocks that touch the window, as a range.
    pub(crate) fn touched(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let inside = |block: &Block| block.to >= from && block.from <= to;
        let first = self.blocks.iter().position(inside).unwrap_or(self.blocks.len());
        let last = self.blocks.iter().rposition(inside).map_or(first, |last| last + 1);
        first..last
    }

    /// At most `most` blocks that cover the window, from one block before it to one after it, so that the line goes
    /// on to the edge.
    pub(crate) fn window(&self, from: f64, to: f64, most: usize) -> Vec<Block> {
        let touched = self.touched(from, to);
        let wide = touched.start.saturating_sub(1)..(touched.end + 1).min(self.blocks.len());
        thinned(self.blocks.get(wide).unwrap_or_default(), most)
    }

    /// What went before the window, newest last: the number of points and their mean, for an average that needs a past.
    pub(crate) fn lead(&self, from: f64) -> Vec<(u64, f64)> {
        /// Blocks that are looked back on, and how many become one.
        const LOOK_BACK: usize = 1_024;
        const TOGETHER: usize = 8;
        let start = self.touched(from, f64::INFINITY).start.saturating_sub(1);
        let past = self.blocks.get(start.saturating_sub(LOOK_BACK)..start).unwrap_or_default();
        merged(past, TOGETHER).iter().map(|block| (block.count(), block.mean())).collect()
    }

    /// How many points there are.
    pub(crate) fn count(&self) -> u64 {
        self.blocks.iter().map(Block::count).sum()
    }

    /// The points of the blocks as (place, mean), for a picture that has few columns.
    pub(crate) fn means(&self) -> Vec<(f64, f64)> {
        self.blocks.iter().map(|block| (block.from.midpoint(block.to), block.mean())).collect()
    }
}

/// At most `most` blocks that stand for the same points.
pub(crate) fn thinned(blocks: &[Block], most: usize) -> Vec<Block> {
    merged(blocks, blocks.len().div_ceil(most.max(1)).max(1))
}

fn merged(blocks: &[Block], together: usize) -> Vec<Block> {
    let join = |group: &[Block]| {
        let (first, rest) = group.split_first()?;
        let mut all = *first;
        for next in rest {
            all.join(next);
        }
        Some(all)
    };
    blocks.chunks(together.max(1)).filter_map(join).collect()
}

/// The points of a line through the blocks: first, extremes and last of each, in the order of their places.
pub(crate) fn outline(blocks: &[Block]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(blocks.len() * 4);
    for block in blocks {
        let mut inner = vec![(block.from, block.first), block.low, block.high, (block.to, block.last)];
        if block.bad > 0 {
            inner.push((block.bad_at, f64::NAN));
        }
        inner.sort_by(|a, b| a.0.total_cmp(&b.0));
        inner.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq() && a.1.total_cmp(&b.1).is_eq());
        points.extend(inner);
    }
    points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: &[f64], most: usize) -> Series {
        let mut series = Series::new(most);
        values.iter().enumerate().for_each(|(at, &y)| series.push(at as f64, y, at as u64));
        series
    }

    #[test]
    fn a_spike_and_a_hole_among_ten_million_points_are_found() {
        let mut series = Series::new(Series::BLOCKS);
        for at in 0..10_000_000_u32 {
            let y = match at {
                1_234_567 => 99.0,
                7_654_321 => f64::NAN,
                _ => f64::from(at % 7),
            };
            series.push(f64::from(at), y, u64::from(at));
        }
        assert!(series.blocks().len() <= Series::BLOCKS);
        let shown = series.window(f64::NEG_INFINITY, f64::INFINITY, 400);
        assert!(shown.len() <= 400);
        assert!(shown.iter().any(|block| block.high == (1_234_567.0, 99.0)));
        assert_eq!(
            shown.iter().filter(|block| block.bad > 0).map(|block| block.bad_at).collect::<Vec<_>>(),
            [7_654_321.0]
        );
    }

    proptest! {
        #[test]
        fn nothing_that_matters_is_ever_lost(
            values in prop::collection::vec(prop_oneof![8 => -1e6..1e6f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], 0..700),
            most in 2usize..60, shown in 1usize..50,
        ) {
            let series = series(&values, most);
            prop_assert!(series.blocks().len() <= most);
            let blocks = series.window(f64::NEG_INFINITY, f64::INFINITY, shown);
            prop_assert!(blocks.len() <= shown);
            let finite: Vec<f64> = values.iter().copied().filter(|y| y.is_finite()).collect();
            let least = finite.iter().copied().fold(f64::INFINITY, f64::min);
            let most = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let low = blocks.iter().filter(|b| b.finite > 0).map(|b| b.low.1).fold(f64::INFINITY, f64::min);
            let high = blocks.iter().filter(|b| b.finite > 0).map(|b| b.high.1).fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!((low, high), (least, most));
            prop_assert_eq!(blocks.iter().map(|b| b.bad).sum::<u64>() as usize, values.len() - finite.len());
            prop_assert_eq!(blocks.iter().map(Block::count).sum::<u64>() as usize, values.len());
            let first_bad = values.iter().position(|y| !y.is_finite()).map(|at| at as f64);
            prop_assert_eq!(blocks.iter().find(|b| b.bad > 0).map(|b| b.bad_at), first_bad);
            let holes = outline(&blocks).iter().filter(|point| point.1.is_nan()).count();
            prop_assert!(holes >= usize::from(first_bad.is_some()));
            let sum: f64 = blocks.iter().filter(|b| b.finite > 0).map(|b| b.mean() * b.finite as f64).sum();
            prop_assert!((sum - finite.iter().sum::<f64>()).abs() < 1e-3);
        }

        #[test]
        fn a_window_holds_every_point_inside(values in prop::collection::vec(-9.0..9.0f64, 1..400), a in 0.0..400.0f64, b in 0.0..400.0f64, most in 2usize..64) {
            let (from, to) = (a.min(b), a.max(b));
            let blocks = series(&values, most).window(from, to, 1_000);
            for (at, y) in values.iter().enumerate().filter(|(at, _)| (from..=to).contains(&(*at as f64))) {
                let x = at as f64;
                prop_assert!(blocks.iter().any(|block| block.from <= x && x <= block.to && block.low.1 <= *y && *y <= block.high.1));
            }
        }
    }

    #[test]
    fn the_past_of_a_window_is_its_newest_points() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let lead = series(&values, 1_000).lead(50.0);
        assert_eq!(
            lead.iter().map(|(count, _)| count).sum::<u64>(),
            49,
            "one block more belongs to the line"
        );
        assert!((lead[0].1 - 3.5).abs() < 1e-12);
    }
}
