//! Curves of characters: one line of blocks, or a few rows of dots.

use super::super::store::Block;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What stands where a value is no number.
const NO_NUMBER: char = '×';

/// The finite range of blocks; `None` without a finite value.
fn range(blocks: &[Block]) -> Option<(f64, f64)> {
    let finite = || blocks.iter().filter(|block| block.finite > 0);
    let low = finite().map(|block| block.low.1).reduce(f64::min)?;
    let high = finite().map(|block| block.high.1).reduce(f64::max)?;
    Some((low, high))
}

/// One character for each block: its mean as a bar, a cross where a value is no number.
pub(super) fn spark(blocks: &[Block]) -> String {
    let (low, high) = range(blocks).unwrap_or((0.0, 0.0));
    let bar = |block: &Block| {
        if block.bad > 0 {
            return NO_NUMBER;
        }
        let share = if high > low { (block.mean() - low) / (high - low) } else { 0.5 };
        BARS[((share * 7.0).round().clamp(0.0, 7.0)) as usize]
    };
    blocks.iter().map(bar).collect()
}

/// Rows of dots, two blocks to a character and four dots to a row, from the least to the greatest value of each block.
/// A cross in the uppermost row stands where a value is no number.
pub(super) fn dots(blocks: &[Block], rows: usize) -> Vec<String> {
    /// The dots of a braille character, from the top: left column, right column.
    const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let Some((low, high)) = range(blocks) else { return Vec::new() };
    let height = rows * 4;
    let level = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        (height - 1) - ((share * (height - 1) as f64).round() as usize).min(height - 1)
    };
    let mut cells = vec![vec![0_u32; blocks.len().div_ceil(2)]; rows];
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.finite > 0) {
        for dot in level(block.high.1)..=level(block.low.1) {
            cells[dot / 4][at / 2] |= DOTS[at % 2][dot % 4];
        }
    }
    let character = |row: usize, column: usize, dots: u32| {
        let pair = blocks.get(column * 2..).unwrap_or_default();
        let bad = row == 0 && pair.iter().take(2).any(|block| block.bad > 0);
        if bad { NO_NUMBER } else { char::from_u32(0x2800 + dots).unwrap_or(' ') }
    };
    let line = |(row, cells): (usize, &Vec<u32>)| {
        cells.iter().enumerate().map(|(column, &dots)| character(row, column, dots)).collect()
    };
    cells.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::store::Series;

    fn blocks(values: &[f64]) -> Vec<Block> {
        let mut series = Series::new(1_000);
        values.iter().enumerate().for_each(|(at, &y)| series.push(at as f64, y, 0));
        series.blocks().to_vec()
    }

    #[test]
    fn bars_rise_and_a_hole_is_a_cross() {
        assert_eq!(spark(&blocks(&[0.0, 1.0, f64::NAN, 7.0])), "▁▂×█");
        assert_eq!(spark(&blocks(&[2.0, 2.0])), "▅▅");
        assert_eq!(spark(&blocks(&[f64::NAN])), "×");
    }

    #[test]
    fn dots_fall_from_the_upper_left_to_the_lower_right() {
        let values: Vec<f64> = (0..8).rev().map(f64::from).collect();
        assert_eq!(dots(&blocks(&values), 2), ["⠑⢄⠀⠀", "⠀⠀⠑⢄"]);
        assert_eq!(dots(&blocks(&[1.0, f64::INFINITY]), 1), ["×"]);
        assert!(dots(&blocks(&[f64::NAN]), 2).is_empty());
    }
}
