//! No colour: torchvision's `rgb_to_grayscale` with as many channels as before, brightness as Pillow's `L`.

use super::{Effect, Keeps, Operation};
use crate::pictures::{Channels, Picture};

/// See the module.
pub(super) const OPERATION: Operation = Operation {
    name: "grey",
    summary: "takes the colour away, channels stay, as torchvision's rgb_to_grayscale",
    magnitude: None,
    keeps: Keeps::ALL,
    effect: Effect::Pixels(|picture: &mut Picture, _, _| {
        if picture.channels() == Channels::Rgb {
            let grey = picture.grey();
            let pixels = picture.pixels_mut().as_chunks_mut::<3>().0;
            pixels.iter_mut().zip(grey.pixels()).for_each(|(pixel, &level)| *pixel = [level; 3]);
        }
    }),
};
