//! RandAugment (Cubuk et al. 2020): a few operations a picture, drawn with replacement, all at one magnitude.
//!
//! The table is torchvision's `RandAugment` with its 31 magnitudes. Its operations are applied one after the other;
//! neighbouring turns, shears and shifts are resampled once.

use super::entry::Entry;
use super::operations::{
    AUTOCONTRAST, BRIGHTNESS, CONTRAST, EQUALIZE, IDENTITY, POSTERIZE, ROTATE, SATURATION, SHARPNESS,
    SHEAR_X, SHEAR_Y, SOLARIZE, TRANSLATE_X, TRANSLATE_Y,
};

/// The farthest shift: 150 pixels of AutoAugment's 331.
const SHIFT: f64 = 150.0 / 331.0;

/// The 14 operations in torchvision's order.
pub(super) const TABLE: &[Entry] = &[
    Entry::plain(&IDENTITY),
    Entry::signed(&SHEAR_X, 0.3),
    Entry::signed(&SHEAR_Y, 0.3),
    Entry::signed(&TRANSLATE_X, SHIFT),
    Entry::signed(&TRANSLATE_Y, SHIFT),
    Entry::signed(&ROTATE, 30.0),
    Entry::signed(&BRIGHTNESS, 0.9),
    Entry::signed(&SATURATION, 0.9),
    Entry::signed(&CONTRAST, 0.9),
    Entry::signed(&SHARPNESS, 0.9),
    Entry::between(&POSTERIZE, 0.0, 4.0),
    Entry::between(&SOLARIZE, 255.0, 0.0),
    Entry::plain(&AUTOCONTRAST),
    Entry::plain(&EQUALIZE),
];
