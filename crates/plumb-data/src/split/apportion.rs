//! Whole rows from shares: how many of `n` each bin gets.

/// Counts that sum to `n`, each its share rounded down or up: the largest remainders are rounded up.
///
/// `owed` is what earlier calls left each bin short of; it decides among remainders and is brought up to date,
/// so that the rounding of many classes does not always favour the same bin.
pub(super) fn apportion(n: usize, shares: &[f64], owed: &mut [f64], keep_first: bool) -> Vec<usize> {
    let total: f64 = shares.iter().sum();
    let wanted: Vec<f64> = shares.iter().map(|share| n as f64 * share / total).collect();
    let mut counts: Vec<usize> = wanted.iter().map(|wanted| wanted.floor() as usize).collect();
    let claim = |bin: usize| {
        let rest = wanted[bin] - wanted[bin].floor();
        // Every class must stand in train: its first row goes to the first bin.
        if keep_first && bin == 0 && wanted[0] < 1.0 { f64::INFINITY } else { rest + owed[bin] }
    };
    let mut claims: Vec<usize> = (0..shares.len()).filter(|&bin| wanted[bin].fract() > 0.0).collect();
    claims.sort_by(|&a, &b| claim(b).total_cmp(&claim(a)).then(a.cmp(&b)));
    let left = n - counts.iter().sum::<usize>().min(n);
    for &bin in claims.iter().take(left) {
        counts[bin] += 1;
    }
    // Rounding of the shares themselves can leave one row without a claim.
    counts[0] += n - counts.iter().sum::<usize>().min(n);
    for ((owed, wanted), &count) in owed.iter_mut().zip(&wanted).zip(&counts) {
        *owed += wanted - count as f64;
    }
    counts
}

/// Gives each bin with a share at least one row, from the bin with most.
pub(super) fn leave_none_empty(counts: &mut [usize], shares: &[f64]) {
    for bin in 0..counts.len() {
        let most = (0..counts.len()).max_by_key(|&other| counts[other]).unwrap_or(bin);
        if counts[bin] == 0 && shares[bin] > 0.0 && counts[most] > 1 {
            counts[most] -= 1;
            counts[bin] += 1;
        }
    }
}
