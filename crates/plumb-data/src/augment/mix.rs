//! Pairs of pictures mixed: MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019), on a batch of floats.

use std::ops::Range;

use plumb_ledger::Stream;

use super::beta::beta;

// Sub-streams of a batch's stream.
const PARTNERS: u64 = 0;
const SHARE: u64 = 1;
const PLACE: u64 = 2;

/// Who was mixed with whom. The loss of row `i` is `share` times the loss for its own label plus the rest times the
/// loss for the label of row `partners[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// The partner of each row; with two rows or more never the row itself.
    pub partners: Vec<u32>,
    /// The share of a row that is still its own, of 0 to 1.
    pub share: f64,
}

/// Mixes each of the `rows` of a batch with a partner: `share * own + (1 - share) * partner`, the share drawn from
/// Beta(alpha, alpha) once a batch, as in the paper's code and torchvision.
///
/// In place, one pass: partners form one ring, so one row is kept aside; each float is read twice and written once.
/// A batch whose length is no multiple of `rows` stays as it is, with all shares its own.
pub fn mix_up(batch: &mut [f32], rows: usize, alpha: f64, stream: Stream) -> Mixed {
    let share = beta(alpha, stream.at(SHARE));
    let Some(ring) = Ring::new(batch.len(), rows, stream) else { return Mixed::none(rows) };
    let (own, other) = (share as f32, 1.0 - share as f32);
    ring.each(batch, 0..ring.length, |value, partner| *value = own * *value + other * partner);
    Mixed { partners: ring.partners(), share }
}

/// Puts a rectangle of each picture's partner into the picture, at the same place in all. `extents` are rows, height,
/// width and channels of the batch, channels last.
///
/// The rectangle has the batch's ratio and 1 minus the share of its area, the share drawn from Beta(alpha, alpha); its
/// middle lies anywhere, and what reaches over an edge is cut off. The share that is returned is that of the pixels
/// that really stayed, as in torchvision. In place, one pass over the rectangle.
pub fn cut_mix(batch: &mut [f32], extents: [usize; 4], alpha: f64, stream: Stream) -> Mixed {
    let [rows, height, width, channels] = extents;
    let fits = extents.into_iter().try_fold(1, usize::checked_mul) == Some(batch.len());
    let Some(ring) = Ring::new(batch.len(), rows, stream).filter(|_| fits) else { return Mixed::none(rows) };
    let half = 0.5 * (1.0 - beta(alpha, stream.at(SHARE))).sqrt();
    let side = |index, extent| along(half, extent, stream.at(PLACE).below(index, extent));
    let (columns, lines) = (side(0, width), side(1, height));
    for line in lines.clone() {
        let start = line * width * channels;
        let stretch = start + columns.start * channels..start + columns.end * channels;
        ring.each(batch, stretch, |value, partner| *value = partner);
    }
    let cut = (columns.len() * lines.len()) as f64 / (width * height) as f64;
    Mixed { partners: ring.partners(), share: 1.0 - cut }
}

/// One side of the rectangle: `half` of the extent, cut off to whole pixels, on both sides of the middle.
fn along(half: f64, extent: usize, middle: usize) -> Range<usize> {
    let reach = (half * extent as f64) as usize;
    middle.saturating_sub(reach)..(middle + reach).min(extent)
}

impl Mixed {
    fn none(rows: usize) -> Self {
        Self { partners: (0..rows as u32).collect(), share: 1.0 }
    }
}

/// The rows of a batch in a random order; the partner of each is the next one, that of the last the first.
struct Ring {
    order: Vec<u32>,
    /// Floats of a row.
    length: usize,
}

impl Ring {
    /// None for a batch that has no rows of equal length.
    fn new(floats: usize, rows: usize, stream: Stream) -> Option<Self> {
        let whole = rows > 0 && floats > 0 && floats.is_multiple_of(rows);
        let order = || stream.at(PARTNERS).permutation(rows);
        whole.then(|| Self { order: order(), length: floats / rows })
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let next = self.order.iter().cycle().skip(1);
        self.order.iter().zip(next).map(|(&row, &partner)| (row as usize, partner as usize))
    }

    fn partners(&self) -> Vec<u32> {
        let mut partners = vec![0; self.order.len()];
        self.pairs().for_each(|(row, partner)| partners[row] = partner as u32);
        partners
    }

    /// Changes this stretch of every row by its partner's stretch as it was before.
    fn each(&self, batch: &mut [f32], stretch: Range<usize>, change: impl Fn(&mut f32, f32)) {
        let of = |row: usize| row * self.length + stretch.start..row * self.length + stretch.end;
        let first = self.order.first().map_or(0, |&row| row as usize);
        // The first row is changed before the last one asks for it.
        let aside = batch[of(first)].to_vec();
        for (row, partner) in self.pairs() {
            if partner == first {
                batch[of(row)].iter_mut().zip(&aside).for_each(|(value, &partner)| change(value, partner));
            } else if let Ok([own, other]) = batch.get_disjoint_mut([of(row), of(partner)]) {
                own.iter_mut().zip(other).for_each(|(value, partner)| change(value, *partner));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;
    use proptest::prelude::*;

    use super::*;

    fn stream() -> Stream {
        Seed(3).stream("mix")
    }

    fn batch(extents: [usize; 4]) -> Vec<f32> {
        (0..extents.iter().product::<usize>()).map(|i| i as f32).collect()
    }

    proptest! {
        #[test]
        fn every_row_is_mixed_with_its_partner_as_it_was(
            extents in [1usize..6, 1usize..5, 1usize..5, 1usize..4], index in any::<u64>(), alpha in 0.05f64..3.0,
        ) {
            let (before, length) = (batch(extents), extents[1..].iter().product::<usize>());
            let mut after = before.clone();
            let mixed = mix_up(&mut after, extents[0], alpha, stream().at(index));
            for (row, &partner) in mixed.partners.iter().enumerate() {
                prop_assert!(extents[0] == 1 || partner as usize != row);
                for at in 0..length {
                    let (own, other) = (before[row * length + at], before[partner as usize * length + at]);
                    let expected = mixed.share * f64::from(own) + (1.0 - mixed.share) * f64::from(other);
                    prop_assert!((f64::from(after[row * length + at]) - expected).abs() < 1e-3);
                }
            }
        }

        #[test]
        fn the_share_is_that_of_the_pixels_that_stayed(
            extents in [2usize..6, 1usize..9, 1usize..9, 1usize..4], index in any::<u64>(), alpha in 0.05f64..3.0,
        ) {
            let (before, length) = (batch(extents), extents[1..].iter().product::<usize>());
            let mut after = before.clone();
            let mixed = cut_mix(&mut after, extents, alpha, stream().at(index));
            for (row, &partner) in mixed.partners.iter().enumerate() {
                prop_assert!(partner as usize != row);
                let mut stayed = 0;
                for at in 0..length {
                    let found = after[row * length + at].to_bits();
                    let own = found == before[row * length + at].to_bits();
                    prop_assert!(own || found == before[partner as usize * length + at].to_bits());
                    stayed += usize::from(own);
                }
                prop_assert!((stayed as f64 / length as f64 - mixed.share).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn partners_are_a_permutation_and_change_with_the_stream() {
        let mixed = |index| mix_up(&mut vec![0.0; 64], 64, 1.0, stream().at(index));
        let mut partners = mixed(0).partners;
        assert_ne!(partners, mixed(1).partners);
        partners.sort_unstable();
        assert_eq!(partners, (0..64).collect::<Vec<u32>>());
    }

    #[test]
    fn the_mean_cut_is_the_theory_of_clipped_squares() {
        let draws = 20_000;
        let mut batch = vec![0.0; 2 * 64 * 64];
        let cuts =
            (0..draws).map(|index| 1.0 - cut_mix(&mut batch, [2, 64, 64, 1], 1.0, stream().at(index)).share);
        let mean = cuts.sum::<f64>() / draws as f64;
        // A side s about a uniform middle keeps s - s^2 / 4 of itself inside on average, on each axis apart. With s^2
        // uniform the mean of the area is E[s^2] - E[s^3] / 2 + E[s^4] / 16 = 1/2 - 1/5 + 1/48.
        let theory = 0.5 - 0.2 + 1.0 / 48.0;
        // Sides are cut off to whole pixels, which takes about one of 64 off each.
        assert!((mean - theory).abs() < 0.02, "{mean} {theory}");
    }

    #[test]
    fn what_has_no_rows_stays() {
        let mut values = [1.0, 2.0, 3.0];
        for mixed in [
            mix_up(&mut values, 2, 1.0, stream()),
            cut_mix(&mut values, [2, 1, 1, 1], 1.0, stream()),
            cut_mix(&mut values, [2, usize::MAX, 2, 1], 1.0, stream()),
        ] {
            assert_eq!(mixed, Mixed { partners: vec![0, 1], share: 1.0 });
        }
        assert_eq!(values.map(f32::to_bits), [1.0f32, 2.0, 3.0].map(f32::to_bits));
        assert_eq!(mix_up(&mut [], 0, 1.0, stream()).partners, Vec::<u32>::new());
    }
}
