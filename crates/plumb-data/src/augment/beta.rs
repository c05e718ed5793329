//! Shares drawn from a symmetric beta distribution, by counter.

use plumb_ledger::Stream;

/// Draws of a gamma number before giving up; each fails with less than one chance in twenty.
const TRIES: u64 = 64;

/// A number of Beta(alpha, alpha), in `[0, 1]`. An `alpha` that is not above 0 gives 1: nothing is mixed.
///
/// Two gamma numbers a and b give a / (a + b). Their logarithms are what is drawn, so that a small `alpha`, whose gamma
/// numbers are below the least float, is no special case.
pub(super) fn beta(alpha: f64, stream: Stream) -> f64 {
    if alpha.is_nan() || alpha <= 0.0 {
        return 1.0;
    }
    // Beyond these the shares are 0 or 1, or all one half, as far as anyone can see.
    let alpha = alpha.clamp(1e-9, 1e12);
    let difference = log_gamma_number(alpha, stream.at(1)) - log_gamma_number(alpha, stream.at(0));
    1.0 / (1.0 + difference.exp())
}

/// The logarithm of a number of Gamma(shape, 1): Marsaglia and Tsang (2000). Below shape 1 a number of shape + 1 is
/// multiplied by a uniform one to the power of 1 / shape.
fn log_gamma_number(shape: f64, stream: Stream) -> f64 {
    const BOOST: u64 = TRIES;
    if shape < 1.0 {
        let uniform = 1.0 - stream.at(BOOST).uniform(0);
        return log_gamma_number(shape + 1.0, stream) + uniform.ln() / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let drawn = (0..TRIES).find_map(|attempt| {
        let stream = stream.at(attempt);
        let normal = stream.normal(0);
        let cubed = (1.0 + c * normal).powi(3);
        // The normal number takes positions 0 and 1.
        let uniform = 1.0 - stream.uniform(2);
        let accepted = cubed > 0.0 && uniform.ln() < 0.5 * normal * normal + d * (1.0 - cubed + cubed.ln());
        accepted.then(|| d.ln() + cubed.ln())
    });
    drawn.unwrap_or(d.ln())
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn moments_are_those_of_the_distribution() {
        let draws = 100_000;
        for (index, alpha) in [0.1, 0.2, 0.5, 1.0, 2.0, 8.0].into_iter().enumerate() {
            let stream = Seed(8).stream("beta").at(index as u64);
            let moment = |power: i32| {
                let one = |index| (beta(alpha, stream.at(index)) - 0.5).powi(power);
                (0..draws).map(one).sum::<f64>() / f64::from(draws as u32)
            };
            // Central moments of Beta(a, a): variance 1 / (4 (2a + 1)), fourth 3 / (16 (2a + 1) (2a + 3)).
            let variance = 0.25 / (2.0 * alpha + 1.0);
            let fourth = 3.0 / 16.0 / ((2.0 * alpha + 1.0) * (2.0 * alpha + 3.0));
            // Five standard errors, each moment's own; 1/2 is the farthest a number can be from the middle.
            let error = |variance: f64| 5.0 * (variance / f64::from(draws as u32)).sqrt();
            assert!(moment(1).abs() < error(variance), "{alpha}: mean {}", moment(1));
            let spread = error(fourth - variance * variance);
            assert!((moment(2) - variance).abs() < spread, "{alpha}: {} {variance}", moment(2));
            assert!((moment(4) - fourth).abs() < error(fourth / 16.0), "{alpha}: {} {fourth}", moment(4));
            assert!(moment(3).abs() < error(fourth / 4.0), "{alpha}: third {}", moment(3));
        }
    }

    #[test]
    fn extreme_figures_give_shares() {
        let stream = Seed(8).stream("beta");
        for alpha in [1e-300, 1e-6, 1e6, f64::MAX, f64::INFINITY, f64::NAN, 0.0, -1.0] {
            for index in 0..50 {
                let share = beta(alpha, stream.at(index));
                assert!((0.0..=1.0).contains(&share), "{alpha}: {share}");
            }
        }
        let tiny = (0..1000).map(|index| beta(1e-6, stream.at(index)));
        assert_eq!(tiny.filter(|share| (0.001..0.999).contains(share)).count(), 0, "all or nothing");
    }
}
