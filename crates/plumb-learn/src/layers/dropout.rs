//! Dropout with counter-based randomness: the mask depends on the stream alone, not on a generator's state.

use burn::tensor::{Tensor, TensorData};
use plumb_ledger::Stream;
use rayon::prelude::*;

/// Zeroes each entry with probability `rate` and divides the rest by `1 - rate`.
///
/// # Shapes
/// `[rows, units]` to the same. One multiplication forward, one backward; the mask is made on the host, four
/// entries from each 64 random bits, on all threads: what stands where depends on the stream alone.
pub fn apply(input: Tensor<2>, rate: f64, stream: Stream) -> Tensor<2> {
    let shape = input.dims();
    let mask = TensorData::new(mask(shape[0] * shape[1], rate, stream), shape);
    let device = input.device();
    input.mul(Tensor::from_data(mask, &device))
}

/// The factors: 0 with probability `rate` (to 16 bits), else `1 / (1 - rate)`.
fn mask(len: usize, rate: f64, stream: Stream) -> Vec<f32> {
    const LANES: usize = 4;
    /// Groups of lanes that one thread takes at a time.
    const GROUPS: usize = 4096;
    let dropped = (rate.clamp(0.0, 1.0) * 65536.0).round() as u64;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let mut mask = vec![0.0; len];
    mask.par_chunks_mut(GROUPS * LANES).enumerate().for_each(|(part, values)| {
        for (group, lanes) in values.chunks_mut(LANES).enumerate() {
            let bits = stream.bits((part * GROUPS + group) as u64);
            for (lane, value) in lanes.iter_mut().enumerate() {
                *value = if (bits >> (16 * lane)) & 0xffff < dropped { 0.0 } else { kept };
            }
        }
    });
    mask
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn drops_the_share_asked_for_and_keeps_the_mean() {
        let mask = mask(100_000, 0.15, Seed(1).stream("dropout"));
        let share = mask.iter().filter(|&&factor| factor == 0.0).count() as f64 / 1e5;
        let mean = mask.iter().map(|&factor| f64::from(factor)).sum::<f64>() / 1e5;
        assert!((share - 0.15).abs() < 0.006, "five standard errors are 0.0056: {share}");
        assert!((mean - 1.0).abs() < 0.007, "{mean}");
    }

    #[test]
    fn the_same_stream_gives_the_same_mask() {
        let stream = Seed(1).stream("dropout");
        assert_eq!(mask(33, 0.5, stream.at(3)), mask(33, 0.5, stream.at(3)));
        assert_ne!(mask(33, 0.5, stream.at(3)), mask(33, 0.5, stream.at(4)));
        assert!(mask(33, 1.0, stream).iter().all(|&factor| factor == 0.0));
    }
}
