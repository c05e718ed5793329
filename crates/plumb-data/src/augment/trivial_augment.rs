//! TrivialAugment (Müller and Hutter 2021): one operation a picture, all as likely, at any of 31 magnitudes. There is
//! nothing to tune, and it was on a par with searched policies.
//!
//! The table is torchvision's `TrivialAugmentWide`. torchvision resamples to the nearest pixel and fills with black if
//! not told otherwise; here it is bilinear, as in its training recipes, and filled with grey.

use super::entry::{Entry, Side};
use super::operations::{
    AUTOCONTRAST, BRIGHTNESS, CONTRAST, EQUALIZE, IDENTITY, POSTERIZE, ROTATE, SATURATION, SHARPNESS,
    SHEAR_X, SHEAR_Y, SOLARIZE, TRANSLATE_X, TRANSLATE_Y,
};

/// The 14 operations in torchvision's order.
pub(super) const TABLE: &[Entry] = &[
    Entry::plain(&IDENTITY),
    Entry::signed(&SHEAR_X, 0.99),
    Entry::signed(&SHEAR_Y, 0.99),
    Entry::pixels(&TRANSLATE_X, 32.0, Side::Width),
    Entry::pixels(&TRANSLATE_Y, 32.0, Side::Height),
    Entry::signed(&ROTATE, 135.0),
    Entry::signed(&BRIGHTNESS, 0.99),
    Entry::signed(&SATURATION, 0.99),
    Entry::signed(&CONTRAST, 0.99),
    Entry::signed(&SHARPNESS, 0.99),
    Entry::between(&POSTERIZE, 0.0, 6.0),
    Entry::between(&SOLARIZE, 255.0, 0.0),
    Entry::plain(&AUTOCONTRAST),
    Entry::plain(&EQUALIZE),
];
