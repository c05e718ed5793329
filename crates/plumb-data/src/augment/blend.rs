//! Between two levels and beyond: Pillow's `Image.blend`, which `ImageEnhance` is made of.

/// How far to go from one level to another: 0 stays, 1 arrives, beyond 1 goes past it. In 16-bit fixed point, whose
/// products compile to one vector instruction on every processor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blend(i16);

/// Bits behind the point of a share, which is below 4.
const SHARE_BITS: u32 = 13;
/// Bits by which a difference of levels is raised before it is multiplied, so that 16 bits are full.
const RAISED: u32 = 7;
/// Bits that are left behind the point when the lower half of the product is dropped.
const LEFT: u32 = SHARE_BITS + RAISED - 16;

impl Blend {
    /// Goes this share of the way, 0 to 2.
    pub(super) fn new(share: f64) -> Self {
        Self((share.clamp(0.0, 2.0) * f64::from(1 << SHARE_BITS)).round() as i16)
    }

    /// The level on the way, cut off to a whole one and clipped, as Pillow does.
    #[inline]
    pub(super) fn level(self, from: u8, to: u8) -> u8 {
        let from = i16::from(from);
        let raised = (i16::from(to) - from) << RAISED;
        let way = ((i32::from(raised) * i32::from(self.0)) >> 16) as i16 >> LEFT;
        (from + way).clamp(0, 255) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_pillows() {
        // Image.blend of two `L` pixels in Pillow 13; cut off, clipped at both ends.
        for (share, from, to, expected) in
            [(0.5, 10, 21, 15), (1.5, 10, 21, 26), (2.0, 10, 200, 255), (2.0, 200, 10, 0), (1.0, 7, 9, 9)]
        {
            assert_eq!(Blend::new(share).level(from, to), expected, "{share} {from} {to}");
        }
    }

    #[test]
    fn every_level_is_within_one_of_the_exact_one() {
        for share in [0.0, 0.01, 0.37, 0.5, 0.99, 1.0, 1.01, 1.6, 1.99, 2.0] {
            let blend = Blend::new(share);
            for (from, to) in (0..=255).flat_map(|from| (0..=255).map(move |to| (from, to))) {
                let exact = f64::from(from) + share * (f64::from(to) - f64::from(from));
                let off = f64::from(blend.level(from, to)) - exact.clamp(0.0, 255.0);
                assert!((-1.1..=0.1).contains(&off), "{share} {from} {to}: {off}");
            }
        }
        let whole =
            |share| (0..=255).all(|level| Blend::new(share).level(99, level) == [99, level][share as usize]);
        assert!(whole(0.0) && whole(1.0));
    }
}
