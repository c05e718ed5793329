//! Factors of dropout from a counter: what stands where is a function of key and position.

/// The weyl constant of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// Entries of one block of the factors.
const BLOCK: usize = 64;

/// Dropout of one tensor: which share, and the key of its randomness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// The probability of an entry to be zeroed, in `[0, 1]`, kept to 16 bits.
    pub rate: f64,
    /// Differs from tensor to tensor and from step to step.
    pub key: u64,
}

impl Dropout {
    /// Keeps everything.
    pub const NONE: Self = Self { rate: 0.0, key: 0 };

    /// Whether it changes anything.
    pub(crate) fn acts(&self) -> bool {
        self.rate > 0.0
    }

    /// Writes the factors of the entries from `first` on: 0 with the probability of the rate, else `1 / (1 - rate)`.
    /// `first` must be a multiple of 64.
    ///
    /// Sixteen bits an entry, four entries from a number of SplitMix64 (Steele, Lea, Flood 2014).
    #[inline(always)]
    pub(crate) fn factors(&self, first: usize, factors: &mut [f32]) {
        debug_assert!(first.is_multiple_of(BLOCK), "blocks have fixed places");
        let dropped = (self.rate.clamp(0.0, 1.0) * 65536.0).round() as u32;
        let kept = (1.0 / (1.0 - self.rate)) as f32;
        let (blocks, rest) = factors.as_chunks_mut::<BLOCK>();
        let count = blocks.len();
        for (index, block) in blocks.iter_mut().enumerate() {
            *block = self.block(first / BLOCK + index, dropped, kept);
        }
        let last = self.block(first / BLOCK + count, dropped, kept);
        rest.copy_from_slice(&last[..rest.len()]);
    }

    #[inline(always)]
    fn block(&self, block: usize, dropped: u32, kept: f32) -> [f32; BLOCK] {
        let start = (block * BLOCK / 4) as u64;
        let mut bits = [0u64; BLOCK / 4];
        for (i, bits) in bits.iter_mut().enumerate() {
            *bits = mix(self.key.wrapping_add((start + i as u64 + 1).wrapping_mul(GOLDEN))).to_le();
        }
        let halves: [u16; BLOCK] = pulp::bytemuck::cast(bits);
        halves.map(|half| if u32::from(u16::from_le(half)) < dropped { 0.0 } else { kept })
    }
}

#[inline(always)]
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(dropout: Dropout, first: usize, len: usize) -> Vec<f32> {
        let mut factors = vec![f32::NAN; len];
        dropout.factors(first, &mut factors);
        factors
    }

    #[test]
    fn drops_the_share_asked_for_and_keeps_the_mean() {
        let factors = factors(Dropout { rate: 0.15, key: 7 }, 0, 100_000);
        let share = factors.iter().filter(|&&factor| factor == 0.0).count() as f64 / 1e5;
        let mean = factors.iter().map(|&factor| f64::from(factor)).sum::<f64>() / 1e5;
        assert!((share - 0.15).abs() < 0.006, "five standard errors are 0.0056: {share}");
        assert!((mean - 1.0).abs() < 0.007, "{mean}");
    }

    #[test]
    fn a_position_has_its_factor_however_it_is_reached() {
        let dropout = Dropout { rate: 0.5, key: 3 };
        assert_eq!(factors(dropout, 0, 200)[128..], factors(dropout, 128, 72));
        assert_ne!(factors(dropout, 0, 200), factors(Dropout { key: 4, ..dropout }, 0, 200));
        assert!(factors(Dropout { rate: 1.0, key: 1 }, 0, 99).iter().all(|&factor| factor == 0.0));
        assert_eq!(factors(Dropout::NONE, 0, 99), [1.0; 99]);
    }
}
