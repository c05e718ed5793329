//! Blends of two pictures, whose label is blended alike.

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

/// How pictures of a batch are blended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mix {
    /// Not at all.
    None,
    /// Every pixel is a mean of two, weighed by a share from Beta(alpha, alpha) (MixUp, Zhang et al. 2018).
    MixUp {
        /// The shape of the distribution: 0.2 leaves most pictures nearly whole, 1 is uniform.
        alpha: f64,
    },
    /// A rectangle comes from another picture, its area from Beta(alpha, alpha) (CutMix, Yun et al. 2019).
    CutMix {
        /// The shape of the distribution.
        alpha: f64,
    },
}

/// What was blended.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    /// For each picture of the batch, the place of the one that was blended into it.
    pub partners: Vec<u32>,
    /// The share that is the picture's own.
    pub share: f32,
}

/// Blends a batch in place; none when nothing is to be blended. One draw for the batch, as in both papers' code; each
/// picture is read once and written once.
///
/// # Shapes
/// `numbers` is `[pictures, height, width, channels]` of the extents.
pub fn mix(mix: &Mix, numbers: &mut [f32], extents: [usize; 4], stream: Stream) -> Option<Blend> {
    let partners = stream.at(0).permutation(extents[0]);
    match *mix {
        Mix::None => None,
        Mix::MixUp { alpha } => {
            let share = beta(alpha, stream.at(1)) as f32;
            let all = numbers.to_vec();
            let len = extents[1] * extents[2] * extents[3];
            for (own, &partner) in numbers.chunks_exact_mut(len.max(1)).zip(&partners) {
                let other = &all[partner as usize * len..][..len];
                own.iter_mut()
                    .zip(other)
                    .for_each(|(own, other)| *own = share * *own + (1.0 - share) * other);
            }
            Some(Blend { partners, share })
        }
        Mix::CutMix { alpha } => {
            let hole = Hole::draw(1.0 - beta(alpha, stream.at(1)), extents, stream.at(2));
            hole.fill(numbers, &partners, extents);
            let all = (extents[1] * extents[2]).max(1);
            let share = 1.0 - (hole.area() as f32 / all as f32);
            Some(Blend { partners, share })
        }
    }
}

/// The rectangle that comes from another picture.
struct Hole {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl Hole {
    /// About `share` of the area around a random middle, cut off at the edges, as in the authors' code.
    fn draw(share: f64, [_, height, width, _]: [usize; 4], stream: Stream) -> Self {
        let side = share.max(0.0).sqrt();
        let range = |len: usize, index: u64| {
            let half = (len as f64 * side) as usize / 2;
            let middle = stream.below(index, len.max(1));
            middle.saturating_sub(half)..(middle + half).min(len)
        };
        Self { rows: range(height, 0), columns: range(width, 1) }
    }

    fn area(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    fn fill(&self, numbers: &mut [f32], partners: &[u32], [_, height, width, channels]: [usize; 4]) {
        let all = numbers.to_vec();
        let len = height * width * channels;
        for (own, &partner) in numbers.chunks_exact_mut(len.max(1)).zip(partners) {
            let other = &all[partner as usize * len..][..len];
            for row in self.rows.clone() {
                let stretch = (row * width + self.columns.start) * channels
                    ..(row * width + self.columns.end) * channels;
                own[stretch.clone()].copy_from_slice(&other[stretch]);
            }
        }
    }
}

/// A draw from Beta(alpha, alpha): two gamma variables over their sum.
fn beta(alpha: f64, stream: Stream) -> f64 {
    let (a, b) = (gamma(alpha, stream.at(0)), gamma(alpha, stream.at(1)));
    if a + b > 0.0 { a / (a + b) } else { 0.5 }
}

/// A draw from Gamma(shape, 1) (Marsaglia, Tsang 2000), which below 1 goes by way of `shape + 1`.
fn gamma(shape: f64, stream: Stream) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, stream.at(0)) * stream.uniform(0).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let draws = (0..TRIES).filter_map(|attempt| {
        let x = stream.normal(attempt * 4);
        let v = (1.0 + c * x).powi(3);
        let accepted = v > 0.0 && stream.at(1).uniform(attempt).ln() < 0.5 * x * x + d - d * v + d * v.ln();
        accepted.then_some(d * v)
    });
    draws.into_iter().next().unwrap_or(d)
}

/// Each attempt succeeds with 95 % or more.
const TRIES: u64 = 64;

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn shares_have_the_moments_of_the_beta_distribution() {
        for alpha in [0.2, 1.0, 3.0] {
            let stream = Seed(1).stream("beta");
            let draws: Vec<f64> = (0..20_000).map(|i| beta(alpha, stream.at(i))).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            let wanted = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!((variance / wanted - 1.0).abs() < 0.04, "{alpha}: {variance} {wanted}");
        }
    }

    #[test]
    fn the_share_is_what_is_left_of_the_picture() {
        let extents = [6, 8, 5, 2];
        let len = 80;
        let start: Vec<f32> = (0..6).flat_map(|picture| [picture as f32; 80]).collect();
        for seed in 0..40 {
            for way in [Mix::MixUp { alpha: 0.4 }, Mix::CutMix { alpha: 1.0 }] {
                let mut numbers = start.clone();
                let blend = mix(&way, &mut numbers, extents, Seed(seed).stream("mix")).unwrap();
                for (place, picture) in numbers.chunks_exact(len).enumerate() {
                    let mean = picture.iter().sum::<f32>() / len as f32;
                    let wanted =
                        blend.share * place as f32 + (1.0 - blend.share) * blend.partners[place] as f32;
                    assert!((mean - wanted).abs() < 1e-4, "{way:?}: {mean} {wanted}");
                }
            }
        }
        assert!(mix(&Mix::None, &mut start.clone(), extents, Seed(0).stream("mix")).is_none());
    }
}
