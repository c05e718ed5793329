//! Resampling as Pillow does it: a filter as wide as the reduction, so that nothing aliases.

use std::cell::RefCell;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::{Channels, Picture, Rect};

/// How new pixels follow from old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Pillow's and torchvision's default for networks: a triangle.
    Bilinear,
    /// The mean over the area.
    Box,
}

impl Filter {
    fn kind(self) -> FilterType {
        match self {
            Self::Bilinear => FilterType::Bilinear,
            Self::Box => FilterType::Box,
        }
    }
}

thread_local! {
    /// Its buffers are used again by each picture of the thread.
    static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
}

/// The part of a picture at new extents (0 counts as 1), `Image.resize(box=...)` of Pillow within one level.
///
/// Two passes, one an axis; each reads `reduction x 2` pixels for a new one.
pub fn resize(picture: &Picture, part: Rect, width: usize, height: usize, filter: Filter) -> Picture {
    let (width, height) = (width.max(1), height.max(1));
    let kind = if picture.channels() == Channels::Grey { PixelType::U8 } else { PixelType::U8x3 };
    let part = part.within(picture.width(), picture.height());
    let mut resized = Image::new(width as u32, height as u32, kind);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter.kind()))
        .crop(part.left, part.top, part.width, part.height)
        .use_alpha(false);
    let source = ImageRef::new(picture.width() as u32, picture.height() as u32, picture.pixels(), kind);
    let done = source.is_ok_and(|source| {
        RESIZER.with_borrow_mut(|resizer| resizer.resize(&source, &mut resized, &options)).is_ok()
    });
    debug_assert!(done, "the part lies within the picture and the bytes fit its extents");
    let pixels = resized.into_vec();
    Picture::new(width, height, picture.channels(), pixels).unwrap_or_else(|| picture.clone())
}

/// The picture with its shorter side at `side` and its shape kept; torchvision's `Resize(side)`: the longer side is cut
/// down to a whole number.
pub fn shorter_side(picture: &Picture, side: usize) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let longer = |long: usize, short: usize| (side as f64 * long as f64 / short as f64) as usize;
    let (to_width, to_height) =
        if width <= height { (side, longer(height, width)) } else { (longer(width, height), side) };
    resize(picture, Rect::whole(width, height), to_width, to_height, Filter::Bilinear)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    fn picture(value: &Value) -> Picture {
        let extents = numbers(&value["extents"]);
        let pixels = numbers(&value["pixels"]).iter().map(|&level| level as u8).collect();
        let channels = if extents[2] > 1.0 { Channels::Rgb } else { Channels::Grey };
        Picture::new(extents[0] as usize, extents[1] as usize, channels, pixels).unwrap()
    }

    fn close(found: &Picture, wanted: &Picture, name: &Value) {
        assert_eq!((found.width(), found.height()), (wanted.width(), wanted.height()), "{name}");
        let far = found.pixels().iter().zip(wanted.pixels()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(far <= Some(1), "{name}: {far:?} levels");
    }

    #[test]
    fn equals_pillow_within_one_level() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/golden/resize.json")).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let part = numbers(&case["box"]);
            let part =
                Rect { left: part[0], top: part[1], width: part[2] - part[0], height: part[3] - part[1] };
            let filter = match case["filter"].as_str().unwrap() {
                "bilinear" => Filter::Bilinear,
                _ => Filter::Box,
            };
            let wanted = picture(&case["wanted"]);
            let found = resize(&picture(&case["picture"]), part, wanted.width(), wanted.height(), filter);
            close(&found, &wanted, &case["name"]);
        }
        for case in golden["shorter"].as_array().unwrap() {
            let side = case["side"].as_u64().unwrap() as usize;
            close(&shorter_side(&picture(&case["picture"]), side), &picture(&case["wanted"]), &case["name"]);
        }
    }

    #[test]
    fn impossible_parts_are_pushed_inside() {
        let picture = Picture::new(4, 3, Channels::Rgb, (0..36).collect()).unwrap();
        for part in [
            Rect { left: -5.0, top: 9.0, width: 100.0, height: 0.0 },
            Rect { left: f64::NAN, top: 0.0, width: f64::INFINITY, height: 1e-9 },
        ] {
            let resized = resize(&picture, part, 0, 7, Filter::Bilinear);
            assert_eq!((resized.width(), resized.height()), (1, 7));
        }
    }
}
