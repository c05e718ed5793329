//! Flips: torchvision's `horizontal_flip` and `vertical_flip`.

use crate::pictures::Picture;

use super::window::Window;

/// Left and right change places.
pub fn flip_horizontally(picture: &Picture) -> Picture {
    Window { mirrored: true, ..Window::default() }.of(picture)
}

/// Top and bottom change places.
pub fn flip_vertically(picture: &Picture) -> Picture {
    Window { upturned: true, ..Window::default() }.of(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Channels;

    #[test]
    fn pixels_change_places_and_channels_do_not() {
        let picture = Picture::new(2, 2, Channels::Rgb, (1..=12).collect()).unwrap();
        assert_eq!(flip_horizontally(&picture).pixels(), [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
        assert_eq!(flip_vertically(&picture).pixels(), [7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6]);
    }
}
