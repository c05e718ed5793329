//! What stands beyond the edges of a picture.

use serde::{Deserialize, Serialize};

/// What a point beyond the edges shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Border {
    /// This level in every channel.
    Fill(u8),
    /// The picture mirrored at its edge pixels, which are not repeated: numpy's and torchvision's `reflect`.
    Reflect,
}

impl Default for Border {
    /// Mean grey: after normalising it is near 0, so that it says nothing.
    fn default() -> Self {
        Self::Fill(128)
    }
}

/// The pixel inside `0..extent` that stands at `at` when the picture is mirrored at its edge pixels, again and
/// again if need be. `extent` is at least 1.
pub(super) fn reflect(at: isize, extent: usize) -> usize {
    let last = extent.saturating_sub(1);
    if last == 0 {
        return 0;
    }
    let folded = at.rem_euclid(2 * last as isize) as usize;
    if folded > last { 2 * last - folded } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_without_repeating_the_edge() {
        // np.pad(np.arange(4), 6, mode="reflect")
        let found: Vec<usize> = (-6..10).map(|at| reflect(at, 4)).collect();
        assert_eq!(found, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3]);
        assert!((-5..5).all(|at| reflect(at, 1) == 0));
    }
}
