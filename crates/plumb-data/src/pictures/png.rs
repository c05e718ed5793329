//! A picture as a small PNG file: for pages that show it.

use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};

use super::{Channels, Filter, Picture, Rect, resize};

/// The picture as the bytes of a PNG file, reduced until its longer side has at most `most` pixels.
pub fn png(picture: &Picture, most: usize) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let longer = width.max(height);
    let whole = Rect::whole(width, height);
    let small = if longer > most.max(1) {
        let reduced = |side: usize| (side * most.max(1) / longer).max(1);
        resize(picture, whole, reduced(width), reduced(height), Filter::Bilinear)
    } else {
        picture.clone()
    };
    let color = match small.channels() {
        Channels::Grey => ExtendedColorType::L8,
        Channels::Rgb => ExtendedColorType::Rgb8,
    };
    let mut bytes = Vec::new();
    let written = PngEncoder::new(&mut bytes).write_image(
        small.pixels(),
        small.width() as u32,
        small.height() as u32,
        color,
    );
    debug_assert!(written.is_ok(), "memory takes any number of bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::{PictureLimits, decode};

    #[test]
    fn comes_back_reduced() {
        let picture = Picture::new(6, 3, Channels::Rgb, (0..54).map(|level| level * 4).collect()).unwrap();
        assert_eq!(decode(&png(&picture, 96), &PictureLimits::DEFAULT).unwrap(), picture);
        let small = decode(&png(&picture, 4), &PictureLimits::DEFAULT).unwrap();
        assert_eq!((small.width(), small.height()), (4, 2));
    }
}
