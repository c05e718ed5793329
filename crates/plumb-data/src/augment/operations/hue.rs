//! Another colour: torchvision's `adjust_hue` of a Pillow image, which goes through Pillow's 8-bit `HSV`.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::pictures::{Channels, Picture};

/// Brightness as people see it changes: yellow is brighter than blue.
pub(super) const OPERATION: Operation = Operation {
    name: "hue",
    summary: "turns the colour circle, as torchvision's adjust_hue",
    magnitude: Some(Magnitude { least: -0.5, greatest: 0.5, unchanged: 0.0, unit: "turns" }),
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(turned),
};

/// One pass in place. A grey picture has no colour to change.
fn turned(picture: &mut Picture, turns: f64, _: plumb_ledger::Stream) {
    if picture.channels() == Channels::Grey {
        return;
    }
    // torchvision adds a byte that wraps at 256, where Pillow's circle has 255 steps.
    let shift = ((turns * 255.0) as i32).rem_euclid(256) as u8;
    for pixel in picture.pixels_mut().as_chunks_mut::<3>().0 {
        let [hue, saturation, value] = to_hsv(*pixel);
        *pixel = to_rgb([hue.wrapping_add(shift), saturation, value]);
    }
}

/// Pillow's `RGB` to `HSV`, 32-bit floats cut off to bytes.
fn to_hsv(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb;
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most == least {
        return [0, 0, most];
    }
    let range = f32::from(most - least);
    let [rc, gc, bc] = rgb.map(|level| f32::from(most - level) / range);
    let sixths = if r == most {
        bc - gc
    } else if g == most {
        2.0 + rc - bc
    } else {
        4.0 + gc - rc
    };
    let hue = (sixths / 6.0 + 1.0) % 1.0;
    [(hue * 255.0) as u8, (range / f32::from(most) * 255.0) as u8, most]
}

/// Pillow's `HSV` to `RGB`.
fn to_rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let sixths = f32::from(hue) * 6.0 / 255.0;
    let (fraction, share) = (sixths.fract(), f32::from(saturation) / 255.0);
    let level = |missing: f32| (f32::from(value) * (1.0 - missing)).round() as u8;
    let (p, q, t) = (level(share), level(share * fraction), level(share * (1.0 - fraction)));
    match sixths as u8 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}
