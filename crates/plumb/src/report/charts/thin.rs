//! Fewer points with the same look, so that a page stays small however long the run was.

/// A stretch of a thinned line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// The middle of the stretch.
    pub(crate) x: f64,
    /// The mean of its finite values; NaN when there is none.
    pub(crate) mean: f64,
}

/// Cuts points into at most `most` stretches of equally many points each. One pass.
pub(crate) fn stretches(points: &[(f64, f64)], most: usize) -> Vec<Stretch> {
    points.chunks(points.len().div_ceil(most.max(1)).max(1)).map(stretch).collect()
}

/// At most about `most` points that keep every spike: the extremes of each stretch, in order.
/// A value that is not finite stays, as the hole that it is.
pub(crate) fn keep_spikes(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let size = points.len().div_ceil((most / 3).max(1));
    points.chunks(size).flat_map(extremes).collect()
}

fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let at = |better: fn(f64, f64) -> bool| {
        let finite = points.iter().enumerate().filter(|(_, point)| point.1.is_finite());
        finite.reduce(|best, next| if better(next.1.1, best.1.1) { next } else { best }).map(|(at, _)| at)
    };
    let hole = points.iter().position(|point| !point.1.is_finite());
    let mut kept: Vec<usize> = [at(|a, b| a < b), at(|a, b| a > b), hole].into_iter().flatten().collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().filter_map(|at| points.get(at).copied()).collect()
}

fn stretch(points: &[(f64, f64)]) -> Stretch {
    let finite = || points.iter().map(|point| point.1).filter(|value| value.is_finite());
    let count = finite().count() as f64;
    let first = points.first().map_or(0.0, |point| point.0);
    let last = points.last().map_or(first, |point| point.0);
    Stretch {
        x: first.midpoint(last),
        mean: if count > 0.0 { finite().map(|value| value / count).sum() } else { f64::NAN },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_and_a_hole_survive() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), 0.0)).collect();
        points[777].1 = 9.0;
        points[5_000].1 = f64::NAN;
        let thin = keep_spikes(&points, 300);
        assert!(thin.len() <= 301, "{}", thin.len());
        assert!(thin.contains(&(777.0, 9.0)));
        assert!(thin.iter().any(|point| point.1.is_nan()));
    }

    #[test]
    fn a_stretch_knows_its_mean() {
        let points = [(0.0, 1.0), (1.0, 3.0), (2.0, f64::NAN), (3.0, f64::NAN)];
        let cut = stretches(&points, 2);
        assert_eq!(cut[0], Stretch { x: 0.5, mean: 2.0 });
        assert!(cut[1].mean.is_nan());
        assert!(stretches(&[], 5).is_empty());
    }
}
