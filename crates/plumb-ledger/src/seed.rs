//! Chance by counter: every random number is a function of (seed, purpose, position).
//!
//! Nothing is drawn from a generator's state, so resuming needs no replay and neither the number of threads
//! nor the order of the draws can change a value. The function is SplitMix64 (Steele, Lea, Flood 2014) read
//! at an arbitrary position: its state is a plain counter, so position `i` costs as much as position 0.

/// The seed of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream for one purpose, such as `"shuffle"` or `"dropout"`. Streams do not overlap in practice:
    /// their keys are 64-bit hashes of purpose and seed.
    pub fn stream(self, purpose: &str) -> Stream {
        Stream { key: mix(self.0 ^ crate::digest::xxh3(purpose.as_bytes())) }
    }

    /// A seed derived for the `index`-th member, fold or repeat.
    #[must_use]
    pub fn derive(self, index: u64) -> Self {
        if index == 0 { self } else { Self(mix(self.0 ^ mix(index))) }
    }
}

/// An endless sequence of random numbers, readable at any position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Stream {
    /// The sub-stream at `index`: for an epoch, a step, a layer.
    #[must_use]
    pub fn at(self, index: u64) -> Self {
        Self { key: mix(self.key ^ mix(index.wrapping_add(GOLDEN))) }
    }

    /// The key that the numbers are made from, for code that makes the same numbers elsewhere.
    pub fn key(self) -> u64 {
        self.key
    }

    /// 64 random bits at `index`.
    #[inline]
    pub fn bits(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in `[0, 1)` with 53 bits.
    #[inline]
    pub fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Standard normal (Box-Muller), from the pair of bits at `2 * index`.
    pub fn normal(self, index: u64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(2 * index)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform(2 * index + 1)).cos()
    }

    /// Uniform in `0..n` (Lemire's multiplication; its bias is under n / 2^64). `n` must not be 0.
    #[inline]
    pub fn below(self, index: u64, n: usize) -> usize {
        ((u128::from(self.bits(index)) * n as u128) >> 64) as usize
    }

    /// Puts `items` into a random order (Fisher-Yates).
    pub fn shuffle<T>(self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64, i + 1));
        }
    }

    /// A random permutation of `0..n`.
    pub fn permutation(self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_pinned() {
        let stream = Seed(0).stream("test");
        let first: Vec<u64> = (0..2).map(|i| stream.bits(i)).collect();
        let again: Vec<u64> = (0..2).rev().map(|i| Seed(0).stream("test").bits(i)).collect();
        assert_eq!(first[0], again[1]);
        assert_eq!(mix(GOLDEN), 0xe220_a839_7b1d_cdaf, "SplitMix64's first output from seed 0");
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let stream = Seed(7).stream("moments");
        let n = 100_000u64;
        let normals: Vec<f64> = (0..n).map(|i| stream.normal(i)).collect();
        let mean = normals.iter().sum::<f64>() / n as f64;
        let variance = normals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.01, "five standard errors are 0.016: {mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
        let uniform = (0..n).map(|i| stream.uniform(i)).sum::<f64>() / n as f64;
        assert!((uniform - 0.5).abs() < 0.005, "{uniform}");
    }

    #[test]
    fn a_permutation_holds_every_index_once_and_streams_differ() {
        let seed = Seed(3);
        let mut order = seed.stream("shuffle").at(1).permutation(1000);
        assert_ne!(order, seed.stream("shuffle").at(2).permutation(1000));
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &v)| i as u32 == v));
    }
}
