//! A picture seen through a shifted, perhaps mirrored window of its own size.

use crate::pictures::{Channels, Picture};

use super::border::reflect;

/// Where the window lies. Beyond the edges the picture is mirrored, edge pixels not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Window {
    /// Columns to the right of the picture's left edge.
    pub(super) left: isize,
    /// Rows below the picture's upper edge.
    pub(super) top: isize,
    /// Whether left and right change places, after the shift.
    pub(super) mirrored: bool,
    /// Whether top and bottom change places, after the shift.
    pub(super) upturned: bool,
}

impl Window {
    /// What the window shows. One pass: every byte is read once and written once.
    pub(super) fn of(&self, picture: &Picture) -> Picture {
        let (width, height) = (picture.width(), picture.height());
        let pixels = match picture.channels() {
            Channels::Grey => self.rows::<1>(picture),
            Channels::Rgb => self.rows::<3>(picture),
        };
        Picture::new(width, height, picture.channels(), pixels).unwrap_or_else(|| picture.clone())
    }

    fn rows<const CHANNELS: usize>(&self, picture: &Picture) -> Vec<u8> {
        let (width, height) = (picture.width(), picture.height());
        let source = picture.pixels().as_chunks::<CHANNELS>().0;
        let mut seen = Vec::with_capacity(source.len());
        for y in 0..height {
            let y = if self.upturned { height - 1 - y } else { y };
            let from = reflect(y as isize + self.top, height) * width;
            self.row(&source[from..from + width], &mut seen);
        }
        seen.into_flattened()
    }

    /// The columns inside the picture are copied as a stretch, those beyond its edges one by one.
    fn row<const CHANNELS: usize>(&self, row: &[[u8; CHANNELS]], seen: &mut Vec<[u8; CHANNELS]>) {
        let width = row.len() as isize;
        let first = (-self.left).clamp(0, width);
        let end = (width - self.left).clamp(first, width);
        let beyond = |x: isize| row[reflect(x + self.left, row.len())];
        // A window that lies wholly beyond an edge has no stretch inside.
        let inside = row.get((first + self.left) as usize..(end + self.left) as usize).unwrap_or(&[]);
        if self.mirrored {
            seen.extend((end..width).rev().map(beyond));
            seen.extend(inside.iter().rev());
            seen.extend((0..first).rev().map(beyond));
        } else {
            seen.extend((0..first).map(beyond));
            seen.extend_from_slice(inside);
            seen.extend((end..width).map(beyond));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_pixel_is_the_one_that_the_rule_names(
            (width, height) in (1usize..9, 1usize..9),
            (left, top) in (-20isize..20, -20isize..20),
            (mirrored, upturned, rgb) in any::<(bool, bool, bool)>(),
        ) {
            let channels = if rgb { Channels::Rgb } else { Channels::Grey };
            let pixels = (0..width * height * channels.count()).map(|i| i as u8).collect();
            let picture = Picture::new(width, height, channels, pixels).unwrap();
            let seen = Window { left, top, mirrored, upturned }.of(&picture);
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let from_x = if mirrored { width - 1 - x } else { x };
                let from_y = if upturned { height - 1 - y } else { y };
                let from = picture.pixel(
                    reflect(from_x as isize + left, width),
                    reflect(from_y as isize + top, height),
                );
                prop_assert_eq!(seen.pixel(x, y), from);
            }
        }
    }
}
