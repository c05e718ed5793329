//! Pictures that Plumb draws: heat over a picture, the filters of a first layer.

use plumb_data::pictures::{Channels, Filter, Picture, Rect, resize};
use plumb_learn::explain::Heat;
use plumb_learn::parameters::{Array, Arrays};

/// Filters shown, and along a side of a sheet.
const MOST: usize = 24;
const ALONG: usize = 3;
/// The side of a filter on the page, and on a sheet.
const SIDE: usize = 56;
const SMALL: usize = 30;
/// Pixels between the filters of a sheet.
const GAP: usize = 8;
/// Names that the first layer has in the networks on offer.
const FIRST: [&str; 5] = [
    "conv1.weight",
    "features.0.0.weight",
    "features.0.weight",
    "conv_stem.weight",
    "patch_embed.proj.weight",
];

/// The picture in grey with the heat over it, from clear to red to yellow.
pub(crate) fn heated(picture: &Picture, heat: &Heat) -> Picture {
    /// The share of the colour at full heat.
    const OPAQUE: f32 = 0.75;
    let (width, height) = (picture.width(), picture.height());
    let mut shown = picture.grey().into_channels(Channels::Rgb);
    for (at, pixel) in shown.pixels_mut().as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (x, y) = ((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
        let heat = heat.at(x / width as f64, y / height as f64);
        let colour = [255.0, 220.0 * (2.0 * heat - 1.0).max(0.0), 0.0];
        let share = OPAQUE * heat;
        for (level, colour) in pixel.iter_mut().zip(colour) {
            *level = (f32::from(*level) * (1.0 - share) + colour * share) as u8;
        }
    }
    shown
}

/// The picture with its longer side at `side`, as it is shown: small ones in whole squares.
pub(crate) fn enlarged(picture: &Picture, side: usize) -> Picture {
    let longer = picture.width().max(picture.height());
    let (width, height, filter) = if longer > side {
        let reduced = |extent: usize| extent * side / longer;
        (reduced(picture.width()), reduced(picture.height()), Filter::Bilinear)
    } else {
        let times = (side / longer).max(1);
        (times * picture.width(), times * picture.height(), Filter::Box)
    };
    resize(picture, Rect::whole(picture.width(), picture.height()), width, height, filter)
}

/// Blue and orange, as words are marked.
const FOR: [f32; 3] = [42.0, 120.0, 214.0];
const AGAINST: [f32; 3] = [235.0, 104.0, 52.0];

/// The picture in grey with its parts marked, each by a weight from -1, all orange, to 1, all blue, and by its edges. `part` tells the part
/// at a place, given as shares of width and height.
pub(crate) fn marked(picture: &Picture, weights: &[f64], part: impl Fn(f64, f64) -> usize) -> Picture {
    /// The share of the colour at full weight, and how much darker edges are.
    const OPAQUE: f32 = 0.75;
    const EDGE: f32 = 0.65;
    let (width, height) = (picture.width(), picture.height());
    let at = |x: usize, y: usize| part((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
    let parts: Vec<usize> = (0..width * height).map(|place| at(place % width, place / width)).collect();
    let mut shown = picture.grey().into_channels(Channels::Rgb);
    for (place, pixel) in shown.pixels_mut().as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let own = parts[place];
        let weight = weights.get(own).copied().unwrap_or(0.0).clamp(-1.0, 1.0) as f32;
        let (colour, share) = (if weight > 0.0 { FOR } else { AGAINST }, OPAQUE * weight.abs());
        let ends = |other: usize| parts.get(other).is_some_and(|other| *other != own);
        let is_edge = (place % width + 1 < width && ends(place + 1)) || ends(place + width);
        let light = if is_edge { EDGE } else { 1.0 };
        for (level, colour) in pixel.iter_mut().zip(colour) {
            *level = (light * (f32::from(*level) * (1.0 - share) + colour * share)) as u8;
        }
    }
    shown
}

/// The first filters of the first layer, each from its most negative weight as black to its most positive as white.
pub(super) fn filters(weights: &Arrays) -> Vec<Picture> {
    filters_of_side(weights, SIDE, MOST)
}

/// The first filters on one square sheet; none where there are no filters.
pub(super) fn sheet_of_filters(weights: &Arrays) -> Option<Picture> {
    let filters = filters_of_side(weights, SMALL, ALONG * ALONG);
    let first = filters.first()?;
    let (channels, tile) = (first.channels(), first.width() + GAP);
    let side = ALONG * tile - GAP;
    let mut sheet = Picture::new(side, side, channels, vec![255; side * side * channels.count()])?;
    for (place, filter) in filters.iter().enumerate() {
        let (left, top) = (place % ALONG * tile, place / ALONG * tile);
        let along = filter.width() * channels.count();
        for (row, pixels) in filter.pixels().chunks_exact(along).enumerate() {
            let at = ((top + row) * side + left) * channels.count();
            if let Some(line) = sheet.pixels_mut().get_mut(at..at + along) {
                line.copy_from_slice(pixels);
            }
        }
    }
    Some(sheet)
}

fn filters_of_side(weights: &Arrays, side: usize, most: usize) -> Vec<Picture> {
    let Some(first) = FIRST.iter().find_map(|name| weights.0.get(*name)) else { return Vec::new() };
    let &[filters, channels, height, width] = first.shape.as_slice() else { return Vec::new() };
    let one = |filter: usize| filter_picture(first, filter, [channels, height, width], side);
    (0..filters.min(most)).filter_map(one).collect()
}

/// One filter, each of its weights as a square as large as `side` allows.
fn filter_picture(
    layer: &Array,
    filter: usize,
    [channels, height, width]: [usize; 3],
    side: usize,
) -> Option<Picture> {
    let places = height * width;
    let weights = layer.values.get(filter * channels * places..(filter + 1) * channels * places)?;
    let most = weights.iter().fold(0.0f32, |most, value| most.max(value.abs())).max(f32::MIN_POSITIVE);
    let level = |value: f32| (127.5 * (1.0 + value / most)).round() as u8;
    let (kind, colours) = if channels == 3 { (Channels::Rgb, 3) } else { (Channels::Grey, 1) };
    let pixels = (0..places * colours).map(|at| level(weights[at % colours * places + at / colours]));
    let small = Picture::new(width, height, kind, pixels.collect())?;
    let times = |extent: usize| (side / extent.max(1)).max(1) * extent;
    Some(resize(&small, Rect::whole(width, height), times(width), times(height), Filter::Box))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn layer(filters: usize, channels: usize) -> Arrays {
        let values = (0..filters * channels * 9).map(|at| at as f32).collect();
        let array = Array { shape: vec![filters, channels, 3, 3], values };
        Arrays(BTreeMap::from([("conv1.weight".to_owned(), array)]))
    }

    #[test]
    fn a_sheet_holds_filters_of_any_depth_and_number() {
        for (number, channels) in [(1, 1), (4, 3), (64, 3), (16, 2)] {
            let sheet = sheet_of_filters(&layer(number, channels)).unwrap();
            assert_eq!(sheet.width(), sheet.height());
            assert_eq!(filters(&layer(number, channels)).len(), number.min(MOST));
        }
        assert!(sheet_of_filters(&Arrays(BTreeMap::new())).is_none());
    }

    #[test]
    fn what_speaks_for_is_blue_and_what_speaks_against_is_orange() {
        let picture = Picture::new(4, 2, Channels::Grey, vec![100; 8]).unwrap();
        let large = enlarged(&picture, 10);
        assert_eq!((large.width(), large.height()), (8, 4));
        assert_eq!((enlarged(&large, 4).width(), enlarged(&large, 4).height()), (4, 2));
        let drawn = marked(&large, &[1.0, -1.0, 0.0], |x, _| usize::from(x >= 0.5));
        let [blue, orange] = [drawn.pixel(1, 1), drawn.pixel(6, 1)];
        assert!(blue[2] > 2 * blue[0] && orange[0] > 2 * orange[2], "{blue:?} {orange:?}");
        assert!(drawn.pixel(3, 1)[2] < blue[2], "the edge is darker");
        assert_eq!(marked(&large, &[], |_, _| 0).pixel(0, 0), [100; 3]);
    }

    #[test]
    fn the_largest_weight_is_white() {
        let shown = filters(&layer(1, 1)).remove(0);
        assert_eq!((shown.width(), shown.pixel(shown.width() - 1, shown.height() - 1)[0]), (54, 255));
    }
}
