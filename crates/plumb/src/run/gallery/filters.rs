//! The filters of the first layer.

use plumb_data::pictures::{Channels, Filter, Picture, Rect, resize};
use plumb_learn::parameters::Array;

use super::{Group, Shown, View, shown};

/// Filters shown, and the side of each on the page.
const MOST: usize = 24;
const SIDE: usize = 56;
/// Names that the first layer has in the networks on offer.
const FIRST: [&str; 5] = [
    "conv1.weight",
    "features.0.0.weight",
    "features.0.weight",
    "conv_stem.weight",
    "patch_embed.proj.weight",
];

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let weights = view.fit.model.weights().0;
    let first = FIRST.iter().find_map(|name| weights.get(*name));
    let pictures = first.map(filters).unwrap_or_default();
    let caption = "What the first layer looks for: smooth edges and colours after good training, noise where it has learned little.";
    vec![Group { title: "Filters of the first layer".to_owned(), caption: caption.to_owned(), pictures }]
}

fn filters(weights: &Array) -> Vec<Shown> {
    let &[filters, channels, height, width] = weights.shape.as_slice() else { return Vec::new() };
    let one = |filter: usize| -> Option<Shown> {
        let places = height * width;
        let of_filter = weights.values.get(filter * channels * places..(filter + 1) * channels * places)?;
        let most = of_filter.iter().fold(0.0f32, |most, value| most.max(value.abs())).max(f32::MIN_POSITIVE);
        let level = |value: f32| (127.5 * (1.0 + value / most)).round() as u8;
        let (kind, colours) = if channels == 3 { (Channels::Rgb, 3) } else { (Channels::Grey, 1) };
        let pixels = (0..places * colours).map(|at| level(of_filter[at % colours * places + at / colours]));
        let small = Picture::new(width, height, kind, pixels.collect())?;
        let whole = Rect::whole(width, height);
        let large =
            resize(&small, whole, SIDE / width.max(1) * width, SIDE / height.max(1) * height, Filter::Box);
        Some(shown(&large, format!("filter {}", filter + 1), String::new()))
    };
    (0..filters.min(MOST)).filter_map(one).collect()
}
