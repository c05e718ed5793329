//! Drawing rows with replacement: how often each row is drawn, as a function of (stream, rows).

use plumb_ledger::Stream;
use statrs::function::gamma::ln_gamma;

/// Draws are shared out between blocks of this many rows first, so that the counters of a block stay in the
/// nearest cache, and one 64-bit word gives five places within a block.
const BLOCK: usize = 1 << 12;

/// How often each of `rows` rows is drawn in `rows` draws with replacement. About 1 ns a draw.
pub fn draw_weights(stream: Stream, rows: usize) -> Vec<u32> {
    let sizes: Vec<u64> = (0..rows.div_ceil(BLOCK)).map(|b| BLOCK.min(rows - b * BLOCK) as u64).collect();
    let shares = multinomial(stream, rows as u64, &sizes);
    let mut weights = vec![0; rows];
    let blocks = weights.chunks_mut(BLOCK).zip(&shares);
    for (number, (block, &draws)) in blocks.enumerate() {
        fill(block, draws as usize, stream.at(number as u64));
    }
    weights
}

fn fill(block: &mut [u32], draws: usize, stream: Stream) {
    if block.len() < BLOCK {
        for draw in 0..draws {
            block[stream.below(draw as u64, block.len())] += 1;
        }
        return;
    }
    let mut left = draws;
    for word in 0..draws.div_ceil(5) {
        let mut bits = stream.bits(word as u64);
        for _ in 0..left.min(5) {
            block[(bits >> 52) as usize] += 1;
            bits <<= 12;
        }
        left = left.saturating_sub(5);
    }
}

/// The same within strata: each stratum is drawn from as often as it has rows. `strata[row]` names it.
pub fn draw_weights_stratified(stream: Stream, strata: &Strata) -> Vec<u32> {
    let mut weights = vec![0; strata.rows];
    for (number, members) in strata.members.iter().enumerate() {
        let drawn = draw_weights(stream.at(number as u64), members.len());
        for (&row, weight) in members.iter().zip(drawn) {
            weights[row as usize] = weight;
        }
    }
    weights
}

/// Rows by stratum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strata {
    members: Vec<Vec<u32>>,
    rows: usize,
}

impl Strata {
    /// The strata of rows labelled with codes.
    pub fn new(codes: &[u32]) -> Self {
        let mut members = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (row, &code) in codes.iter().enumerate() {
            members.entry(code).or_default().push(row as u32);
        }
        Self { members: members.into_values().collect(), rows: codes.len() }
    }
}

/// Shares `draws` out over cells in proportion to `sizes`: a multinomial, cell by cell as binomials.
pub fn multinomial(stream: Stream, draws: u64, sizes: &[u64]) -> Vec<u64> {
    let mut left: u64 = sizes.iter().sum();
    let mut to_draw = draws;
    let mut shares = Vec::with_capacity(sizes.len());
    for (cell, &size) in sizes.iter().enumerate() {
        let share = match left {
            0 => 0,
            _ if size == left => to_draw,
            _ => binomial(stream.uniform(cell as u64), to_draw, size as f64 / left as f64),
        };
        left -= size;
        to_draw -= share;
        shares.push(share);
    }
    shares
}

/// The binomial count that the uniform `u` selects: the probabilities are laid out from the mode to both sides,
/// so the work is a few standard deviations of steps. Their sum is off 1 by the error of `ln_gamma` (1e-9 at
/// a million trials); what falls off the end is the mode.
fn binomial(u: f64, trials: u64, chance: f64) -> u64 {
    if trials == 0 || chance <= 0.0 {
        return 0;
    }
    if chance >= 1.0 {
        return trials;
    }
    let n = trials as f64;
    let mode = (((n + 1.0) * chance) as u64).min(trials);
    let odds = chance / (1.0 - chance);
    let m = mode as f64;
    let log = ln_gamma(n + 1.0) - ln_gamma(m + 1.0) - ln_gamma(n - m + 1.0)
        + m * chance.ln()
        + (n - m) * (-chance).ln_1p();
    let peak = log.exp();
    let mut left = u - peak;
    let (mut below, mut above) = ((mode, peak), (mode, peak));
    while left >= 0.0 {
        let before = left;
        if below.0 > 0 {
            below.1 *= below.0 as f64 / ((n - below.0 as f64 + 1.0) * odds);
            below.0 -= 1;
            left -= below.1;
            if left < 0.0 {
                return below.0;
            }
        }
        if above.0 < trials {
            above.1 *= (n - above.0 as f64) * odds / (above.0 as f64 + 1.0);
            above.0 += 1;
            left -= above.1;
            if left < 0.0 {
                return above.0;
            }
        }
        if left >= before {
            break; // both tails are below the last bit
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn binomial_draws_have_the_right_moments() {
        for (trials, chance) in [(7u64, 0.4), (1000, 0.02), (1_000_000, 0.5)] {
            let stream = Seed(1).stream("binomial");
            let count = 4000;
            let draws: Vec<f64> =
                (0..count).map(|i| binomial(stream.uniform(i), trials, chance) as f64).collect();
            let mean = draws.iter().sum::<f64>() / count as f64;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
            let expected = trials as f64 * chance;
            let spread = expected * (1.0 - chance);
            assert!((mean - expected).abs() < 5.0 * (spread / count as f64).sqrt(), "{mean} {expected}");
            assert!((variance / spread - 1.0).abs() < 0.15, "{variance} {spread}");
        }
    }

    #[test]
    fn weights_are_those_of_drawing_rows() {
        let weights = draw_weights(Seed(2).stream("rows"), 100_000);
        assert_eq!(weights.iter().map(|&w| u64::from(w)).sum::<u64>(), 100_000);
        // A row is left out with chance 1/e, and drawn once with the same chance.
        for wanted in [0, 1] {
            let share = weights.iter().filter(|&&w| w == wanted).count() as f64 / 1e5;
            assert!((share - (-1.0f64).exp()).abs() < 0.008, "{share}");
        }
        let late: u64 = weights[50_000..].iter().map(|&w| u64::from(w)).sum();
        assert!((late as f64 - 50_000.0).abs() < 5.0 * 158.0, "{late}");
    }

    proptest! {
        #[test]
        fn shares_add_up(sizes in prop::collection::vec(0u64..50, 1..20), seed: u64) {
            let total: u64 = sizes.iter().sum();
            let shares = multinomial(Seed(seed).stream("x"), total, &sizes);
            prop_assert_eq!(shares.iter().sum::<u64>(), total);
            prop_assert!(shares.iter().zip(&sizes).all(|(&share, &size)| size > 0 || share == 0));
        }

        #[test]
        fn strata_keep_their_sizes(codes in prop::collection::vec(0u32..4, 1..200), seed: u64) {
            let weights = draw_weights_stratified(Seed(seed).stream("x"), &Strata::new(&codes));
            for code in 0..4 {
                let size = codes.iter().filter(|&&c| c == code).count() as u32;
                let drawn: u32 = codes.iter().zip(&weights).filter(|(c, _)| **c == code).map(|(_, w)| w).sum();
                prop_assert_eq!(size, drawn);
            }
        }
    }
}
