//! The operations: one file each, one row each in [`OPERATIONS`].
//!
//! To add one: a file with an `OPERATION` constant that names its convention, a row in the table, a case in
//! `oracles/augment.py`. The conformance test picks up the rest.

mod autocontrast;
mod blur;
mod brightness;
mod contrast;
mod cut_out;
mod equalize;
mod erase;
mod flips;
mod gamma;
mod grey;
mod hue;
mod identity;
mod invert;
mod noise;
mod posterize;
mod rotate;
mod saturation;
mod scale;
mod sharpness;
mod shears;
mod solarize;
mod translations;

use plumb_ledger::Stream;

use crate::pictures::Picture;

use super::affine::Affine;
use super::border::Border;

pub(super) use self::{
    autocontrast::OPERATION as AUTOCONTRAST, brightness::OPERATION as BRIGHTNESS,
    contrast::OPERATION as CONTRAST, equalize::OPERATION as EQUALIZE, erase::OPERATION as ERASE,
    identity::OPERATION as IDENTITY, posterize::OPERATION as POSTERIZE, rotate::OPERATION as ROTATE,
    saturation::OPERATION as SATURATION, sharpness::OPERATION as SHARPNESS, shears::SHEAR_X, shears::SHEAR_Y,
    solarize::OPERATION as SOLARIZE, translations::TRANSLATE_X, translations::TRANSLATE_Y,
};

/// One way to change a picture.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name in jobs.
    pub name: &'static str,
    /// What it does, and by whose convention.
    pub summary: &'static str,
    /// How much of it there may be; none if there is only one way to do it.
    pub magnitude: Option<Magnitude>,
    /// What it leaves alone.
    pub keeps: Keeps,
    effect: Effect,
}

/// How much of an operation there may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Magnitude {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// Where the picture stays as it is.
    pub unchanged: f64,
    /// What is counted.
    pub unit: &'static str,
}

/// What an operation leaves alone, whatever its magnitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keeps {
    /// What stood upright stands upright.
    pub upright: bool,
    /// Left stays left.
    pub left_right: bool,
    /// The mean brightness stays within a few levels, but for what is clipped.
    pub brightness: bool,
    /// Characters can be read as before.
    pub text: Text,
}

/// Up to which magnitude characters can be read as before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Text {
    /// Always.
    Kept,
    /// Up to this distance from zero.
    Within(f64),
    /// Never surely.
    Changed,
}

impl Keeps {
    /// Everything.
    const ALL: Self = Self { upright: true, left_right: true, brightness: true, text: Text::Kept };
    /// Everything but the brightness.
    const SHAPES: Self = Self { brightness: false, ..Self::ALL };
}

/// How an operation works.
#[derive(Debug, Clone, Copy)]
enum Effect {
    /// By a map that composes with others: of a magnitude and a picture's width and height.
    Geometry(fn(f64, usize, usize) -> Affine),
    /// On the pixels in place.
    Pixels(fn(&mut Picture, f64, Stream)),
}

/// Every operation, in the order of their names.
pub const OPERATIONS: &[Operation] = &[
    autocontrast::OPERATION,
    blur::OPERATION,
    brightness::OPERATION,
    contrast::OPERATION,
    cut_out::OPERATION,
    equalize::OPERATION,
    erase::OPERATION,
    flips::HORIZONTAL,
    flips::VERTICAL,
    gamma::OPERATION,
    grey::OPERATION,
    hue::OPERATION,
    identity::OPERATION,
    invert::OPERATION,
    noise::OPERATION,
    posterize::OPERATION,
    rotate::OPERATION,
    saturation::OPERATION,
    scale::OPERATION,
    sharpness::OPERATION,
    shears::SHEAR_X,
    shears::SHEAR_Y,
    solarize::OPERATION,
    translations::TRANSLATE_X,
    translations::TRANSLATE_Y,
];

/// The operation of this name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

impl PartialEq for Operation {
    /// Names are unique.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Operation {
    /// The picture changed by this much, extents and channels kept. `magnitude` is brought into the range and counts
    /// for nothing where there is none; `stream` is where noise comes from.
    pub fn apply(&self, picture: &Picture, magnitude: f64, border: Border, stream: Stream) -> Picture {
        let mut changing = Changing::new(picture.clone(), border);
        changing.by(self, magnitude, stream);
        changing.finish()
    }

    /// The magnitude brought into the range; what is no number changes nothing.
    fn allowed(&self, magnitude: f64) -> f64 {
        self.magnitude.map_or(0.0, |range| {
            if magnitude.is_nan() { range.unchanged } else { magnitude.clamp(range.least, range.greatest) }
        })
    }
}

/// A picture on its way through operations. Geometry waits until pixels are asked for, so that a row of turns and
/// shifts costs one resampling and blurs once.
pub(super) struct Changing {
    picture: Picture,
    waiting: Affine,
    border: Border,
}

impl Changing {
    /// Nothing done yet.
    pub(super) fn new(picture: Picture, border: Border) -> Self {
        Self { picture, waiting: Affine::IDENTITY, border }
    }

    /// Width and height, which never change.
    pub(super) fn extents(&self) -> (usize, usize) {
        (self.picture.width(), self.picture.height())
    }

    /// One operation more.
    pub(super) fn by(&mut self, operation: &Operation, magnitude: f64, stream: Stream) {
        let magnitude = operation.allowed(magnitude);
        if operation.magnitude.is_some_and(|range| range.unchanged.total_cmp(&magnitude).is_eq()) {
            return;
        }
        match operation.effect {
            Effect::Geometry(map) => {
                self.waiting =
                    self.waiting.then(&map(magnitude, self.picture.width(), self.picture.height()));
            }
            Effect::Pixels(change) => {
                self.catch_up();
                change(&mut self.picture, magnitude, stream);
            }
        }
    }

    /// The picture, everything done.
    pub(super) fn finish(mut self) -> Picture {
        self.catch_up();
        self.picture
    }

    fn catch_up(&mut self) {
        if self.waiting != Affine::IDENTITY {
            self.picture = self.waiting.resample(&self.picture, self.border);
            self.waiting = Affine::IDENTITY;
        }
    }
}

#[cfg(test)]
mod tests;
