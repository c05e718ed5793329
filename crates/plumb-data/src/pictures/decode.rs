//! From the bytes of a picture file to pixels.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use super::{Channels, Picture};
use crate::read::quietly;

/// How much a decoder may take in before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// Pixels of a picture, by its header. 2^26: a camera has 12 to 60 million, Pillow warns at 89 million.
    pub pixels: u64,
    /// Pixels of a side. 32,768: a panorama.
    pub side: u32,
    /// Bytes that a decoder may allocate. 512 MiB: 2^26 pixels of four channels, and as much for its own use.
    pub bytes: u64,
}

impl PictureLimits {
    /// The documented defaults.
    pub const DEFAULT: Self = Self { pixels: 1 << 26, side: 1 << 15, bytes: 512 << 20 };
}

/// What is wrong with a picture file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// No byte in it.
    #[error("empty file")]
    Empty,
    /// None of the formats.
    #[error("no picture: neither PNG, JPEG, WebP, BMP, GIF nor TIFF by its first bytes")]
    Unknown,
    /// More pixels than the limit.
    #[error("{width} x {height} pixels, the limit is {limit}")]
    TooLarge {
        /// Its width by its header.
        width: u32,
        /// Its height.
        height: u32,
        /// The limit on their product, or on a side.
        limit: u64,
    },
    /// Damaged, cut short, or of a kind that its decoder does not know.
    #[error("damaged or cut short {format} file: {detail}")]
    Damaged {
        /// Which format.
        format: &'static str,
        /// What the decoder found.
        detail: String,
    },
}

/// The formats that are read.
const FORMATS: [(ImageFormat, &str); 6] = [
    (ImageFormat::Png, "PNG"),
    (ImageFormat::Jpeg, "JPEG"),
    (ImageFormat::WebP, "WebP"),
    (ImageFormat::Bmp, "BMP"),
    (ImageFormat::Gif, "GIF"),
    (ImageFormat::Tiff, "TIFF"),
];

/// The picture in these bytes: the format by its first bytes, extents checked before anything is decoded, the
/// orientation that a camera wrote down applied, the first frame of an animation.
///
/// 16 bits a channel become 8 by dividing by 257, which keeps black and white. What is transparent lies on white: most
/// pictures with transparency are drawings made for a page. A picture of grey values stays grey.
///
/// # Errors
///
/// [`PictureFault`], a reason for the list of unreadable files.
pub fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Picture, PictureFault> {
    if bytes.is_empty() {
        return Err(PictureFault::Empty);
    }
    let guessed = image::guess_format(bytes).ok();
    let (format, name) =
        *FORMATS.iter().find(|(format, _)| Some(*format) == guessed).ok_or(PictureFault::Unknown)?;
    let damaged = |detail: String| PictureFault::Damaged { format: name, detail };
    let decoded = quietly(|| decode_as(bytes, format, name, limits));
    let decoded = decoded.unwrap_or_else(|| Err(damaged("its decoder gave up".to_owned())))?;
    if format == ImageFormat::Jpeg && !ends(bytes) {
        // The decoder fills what is missing with grey and says nothing.
        return Err(damaged("its end is missing".to_owned()));
    }
    flat(decoded).ok_or_else(|| damaged("it has no pixels".to_owned()))
}

/// Whether the marker of a JPEG's end stands in its last bytes; some cameras write a few more behind it.
fn ends(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    tail.windows(2).any(|pair| pair == [0xFF, 0xD9])
}

/// Bytes at the end of a JPEG in which its end marker is looked for.
const TAIL: usize = 64 << 10;

fn decode_as(
    bytes: &[u8],
    format: ImageFormat,
    name: &'static str,
    limits: &PictureLimits,
) -> Result<DynamicImage, PictureFault> {
    let damaged = |error: ImageError| PictureFault::Damaged { format: name, detail: reason(&error) };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut of_library = image::Limits::default();
    of_library.max_alloc = Some(limits.bytes);
    reader.limits(of_library);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.side {
        return Err(PictureFault::TooLarge { width, height, limit: u64::from(limits.side) });
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureFault::TooLarge { width, height, limit: limits.pixels });
    }
    // A damaged EXIF block is no reason to leave the picture out.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    decoded.apply_orientation(orientation);
    Ok(decoded)
}

/// The last sentence of the decoder's chain of causes, on one line.
fn reason(error: &ImageError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn flat(decoded: DynamicImage) -> Option<Picture> {
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let color = decoded.color();
    let grey = !color.has_color();
    let channels = if grey { Channels::Grey } else { Channels::Rgb };
    let pixels = match (color.has_alpha(), grey) {
        (false, true) => decoded.into_luma8().into_raw(),
        (false, false) => decoded.into_rgb8().into_raw(),
        (true, true) => over_white::<2>(&decoded.into_luma_alpha8().into_raw()),
        (true, false) => over_white::<4>(&decoded.into_rgba8().into_raw()),
    };
    Picture::new(width, height, channels, pixels)
}

/// Pixels of `N` numbers, the last of them opacity, laid on white.
fn over_white<const N: usize>(pixels: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(pixels.len() / N * (N - 1));
    for pixel in pixels.as_chunks::<N>().0 {
        let opacity = u32::from(pixel[N - 1]);
        let lay = |&value: &u8| (u32::from(value) * opacity + 255 * (255 - opacity) + 127) / 255;
        flat.extend(pixel[..N - 1].iter().map(|value| lay(value) as u8));
    }
    flat
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, LumaA, Rgb, Rgba};
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> Result<Picture, PictureFault> {
        decode(bytes, &PictureLimits::DEFAULT)
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn gradient() -> DynamicImage {
        ImageBuffer::from_fn(24, 16, |x, y| Rgb([(x * 10) as u8, (y * 15) as u8, 90])).into()
    }

    #[test]
    fn every_format_gives_the_picture_back() {
        let wanted = gradient().into_rgb8().into_raw();
        for (format, name) in FORMATS {
            let picture = decoded(&encoded(&gradient(), format)).unwrap();
            assert_eq!((picture.width(), picture.height()), (24, 16), "{name}");
            let most = if matches!(format, ImageFormat::Jpeg | ImageFormat::Gif) { 64 } else { 0 };
            let far = picture.pixels().iter().zip(&wanted).filter(|(a, b)| a.abs_diff(**b) > most).count();
            assert_eq!(far, 0, "{name}");
        }
    }

    #[test]
    fn grey_opacity_and_16_bits_follow_the_convention() {
        let grey: DynamicImage = ImageBuffer::from_pixel(1, 1, Luma([77u8])).into();
        let deep: DynamicImage = ImageBuffer::from_pixel(1, 1, Luma([0xABCDu16])).into();
        let half: DynamicImage = ImageBuffer::from_pixel(1, 1, Rgba([0u8, 100, 255, 128])).into();
        let clear: DynamicImage = ImageBuffer::from_pixel(1, 1, LumaA([0u8, 0])).into();
        let cases: [(DynamicImage, Channels, &[u8]); 4] = [
            (grey, Channels::Grey, &[77]),
            // 0xABCD / 257 = 171.2
            (deep, Channels::Grey, &[171]),
            (half, Channels::Rgb, &[127, 177, 255]),
            (clear, Channels::Grey, &[255]),
        ];
        for (image, channels, pixels) in cases {
            let picture = decoded(&encoded(&image, ImageFormat::Png)).unwrap();
            assert_eq!((picture.channels(), picture.pixels()), (channels, pixels));
        }
    }

    #[test]
    fn what_is_no_picture_has_a_reason() {
        assert_eq!(decoded(b"").unwrap_err(), PictureFault::Empty);
        assert_eq!(decoded(b"label,value\n1,2\n").unwrap_err(), PictureFault::Unknown);
        let jpeg = encoded(&gradient(), ImageFormat::Jpeg);
        let cut = decoded(&jpeg[..jpeg.len() - 40]).unwrap_err().to_string();
        assert!(cut.starts_with("damaged or cut short JPEG file"), "{cut}");
    }

    /// A PNG whose header declares these extents.
    fn declaring(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = encoded(&gradient(), ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for &byte in bytes {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let found = decoded(&declaring(65_000, 65_000)).unwrap_err();
        assert_eq!(found, PictureFault::TooLarge { width: 65_000, height: 65_000, limit: 1 << 15 });
        let found = decoded(&declaring(20_000, 20_000)).unwrap_err();
        assert_eq!(found, PictureFault::TooLarge { width: 20_000, height: 20_000, limit: 1 << 26 });
    }

    #[test]
    fn half_a_file_is_no_picture() {
        for (format, name) in FORMATS {
            let bytes = encoded(&gradient(), format);
            for end in 0..bytes.len() / 2 {
                let answer = decoded(&bytes[..end]);
                assert!(answer.is_err(), "{name}: {end} of {} bytes", bytes.len());
            }
        }
        // Without its end marker no JPEG is whole.
        let jpeg = encoded(&gradient(), ImageFormat::Jpeg);
        assert!((0..jpeg.len()).all(|end| decoded(&jpeg[..end]).is_err()));
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_a_picture(format in 0..6usize, at in 0..1000usize, value: u8) {
            let mut bytes = encoded(&gradient(), FORMATS[format].0);
            let at = at % bytes.len();
            bytes[at] = value;
            // A small limit, which one byte of a header can pass.
            let limits = PictureLimits { pixels: 24 * 16, side: 24, ..PictureLimits::DEFAULT };
            if let Ok(picture) = decode(&bytes, &limits) {
                prop_assert!(picture.width() * picture.height() <= 24 * 16);
            }
        }
    }
}
