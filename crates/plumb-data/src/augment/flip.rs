//! Mirroring.

use crate::pictures::Picture;

/// Mirrors left to right, in place.
pub(super) fn mirror(picture: &mut Picture) {
    let (width, count) = (picture.width(), picture.channels().count());
    for row in picture.pixels_mut().chunks_exact_mut(width * count) {
        for x in 0..width / 2 {
            let (left, right) = row.split_at_mut((width - 1 - x) * count);
            left[x * count..][..count].swap_with_slice(&mut right[..count]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Channels;

    #[test]
    fn columns_change_sides() {
        let mut odd = Picture::new(3, 2, Channels::Grey, vec![1, 2, 3, 4, 5, 6]).unwrap();
        mirror(&mut odd);
        assert_eq!(odd.pixels(), [3, 2, 1, 6, 5, 4]);
        let mut rgb = Picture::new(2, 1, Channels::Rgb, vec![1, 2, 3, 4, 5, 6]).unwrap();
        mirror(&mut rgb);
        assert_eq!(rgb.pixels(), [4, 5, 6, 1, 2, 3]);
    }
}
