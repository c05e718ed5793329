//! The linear warm-up in front of a schedule: the first steps rise evenly and none has rate 0.

/// How many steps the warm-up takes: `share` of the run, rounded.
pub(super) fn steps(share: f64, total: u64) -> u64 {
    ((share * total as f64).round() as u64).min(total)
}

/// The factor within the warm-up or, after it, what `then` makes of the rest's (step, total).
pub(super) fn before(share: f64, step: u64, total: u64, then: impl FnOnce(u64, u64) -> f64) -> f64 {
    let warm = steps(share, total);
    if step < warm { (step + 1) as f64 / warm as f64 } else { then(step - warm, total - warm) }
}
