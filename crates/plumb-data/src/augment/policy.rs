//! What is done to every picture of the train part.

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::pictures::Picture;

use super::border::Border;
use super::crop;
use super::entry::{self, BINS};
use super::error::AugmentError;
use super::operations::{Changing, ERASE};
use super::step::Step;
use super::window::Window;
use super::{rand_augment, trivial_augment};

// Sub-streams of a picture's stream, so that an option never moves the draws of another.
const CROP: u64 = 0;
const FLIP: u64 = 1;
const METHOD: u64 = 2;
const ERASING: u64 = 3;

/// The padding of a crop that is not given: this share of the shorter side, 4 pixels of CIFAR's 32.
const PADDING: f64 = 1.0 / 8.0;
/// The probability of a horizontal flip that is not given.
const FLIPPED: f64 = 0.5;
/// The greatest share of a picture that the option `erase` fills, as torchvision has it.
const ERASED: f64 = 0.33;
/// RandAugment's figures in torchvision; the paper's best on ImageNet with ResNet-50.
const RAND_OPERATIONS: usize = 2;
const RAND_MAGNITUDE: usize = 9;

/// How pictures are changed beyond flips and crops.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Nothing at all.
    None,
    /// Flips and crops alone.
    #[default]
    FlipCrop,
    /// One operation at any magnitude (Müller and Hutter 2021).
    TrivialAugment,
    /// A few operations at one magnitude (Cubuk et al. 2020).
    RandAugment {
        /// How many; 2 if absent.
        #[serde(default = "rand_operations")]
        operations: usize,
        /// The magnitude, 0 to 30; 9 if absent.
        #[serde(default = "rand_magnitude")]
        magnitude: usize,
    },
    /// These operations, one after the other. Flips and crops only if they are asked for.
    Operations(Vec<Step>),
}

fn rand_operations() -> usize {
    RAND_OPERATIONS
}

fn rand_magnitude() -> usize {
    RAND_MAGNITUDE
}

impl Method {
    /// RandAugment with its paper's figures.
    pub const RAND_AUGMENT: Self =
        Self::RandAugment { operations: RAND_OPERATIONS, magnitude: RAND_MAGNITUDE };

    fn apply(&self, keep_text: bool, changing: &mut Changing, stream: Stream) {
        match self {
            Self::None | Self::FlipCrop => {}
            Self::TrivialAugment => entry::draw(trivial_augment::TABLE, None, keep_text, changing, stream),
            Self::RandAugment { operations, magnitude } => {
                for index in 0..*operations as u64 {
                    let stream = stream.at(index);
                    entry::draw(rand_augment::TABLE, Some(*magnitude), keep_text, changing, stream);
                }
            }
            Self::Operations(steps) => {
                for (step, stream) in steps.iter().zip((0..).map(|index| stream.at(index))) {
                    if stream.uniform(0) < step.probability {
                        changing.by(step.operation, step.magnitude_at(stream.uniform(1)), stream.at(0));
                    }
                }
            }
        }
    }

    fn check(&self) -> Result<(), AugmentError> {
        match self {
            Self::RandAugment { magnitude, .. } if *magnitude >= BINS => Err(AugmentError::Bin(*magnitude)),
            Self::Operations(steps) => steps.iter().try_for_each(Step::check),
            _ => Ok(()),
        }
    }
}

/// A method and its options. A picture is cropped, flipped, changed by the method, then a part of it erased.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// How pictures are changed.
    pub method: Method,
    /// The probability that left and right change places; one half if absent, 0 by the methods `none` and
    /// `operations`.
    pub horizontal_flip: Option<f64>,
    /// The probability that top and bottom change places; 0 if absent.
    pub vertical_flip: Option<f64>,
    /// Pixels by which a crop may be off the middle; an eighth of the shorter side if absent, 0 by the
    /// methods `none` and `operations`.
    pub crop_padding: Option<usize>,
    /// What stands beyond the edges of a picture that is turned, sheared or moved.
    pub border: Border,
    /// The probability that a rectangle of up to a third of the picture is filled with noise.
    pub erase: f64,
    /// Whether what can change characters is left out of the method; see [`Policy::for_text_like`].
    pub keep_text: bool,
}

impl Policy {
    /// A policy of this method, all options as the method has them.
    pub fn of(method: Method) -> Self {
        Self { method, ..Self::default() }
    }

    /// The picture, changed; its extents and channels stay. A function of the picture and the stream alone: give
    /// each picture of each epoch a stream of its own.
    pub fn apply(&self, picture: &Picture, stream: Stream) -> Picture {
        let mut changing = Changing::new(self.window(picture, stream).of(picture), self.border);
        self.method.apply(self.keep_text, &mut changing, stream.at(METHOD));
        let chance = stream.at(ERASING);
        if chance.uniform(0) < self.erase {
            changing.by(&ERASE, ERASED, chance.at(0));
        }
        changing.finish()
    }

    /// This policy for pictures of letters, digits and signs: without what makes one character of another or hides
    /// it.
    ///
    /// Out: flips (b and d, p and b), erasing and cut-out (the character may be what goes), solarizing (paper and ink
    /// become one level). Less: turns up to 15 degrees (a far turn makes a 9 of a 6), shears up to 0.3, shifts up to
    /// an eighth, growth up to a fifth, blur up to a pixel, noise up to a tenth. Inverting stays, as white on black
    /// reads as black on white; so do the changes of colour and contrast, which keep the order of levels.
    #[must_use]
    pub fn for_text_like(self) -> Self {
        let method = match self.method {
            Method::Operations(steps) => {
                Method::Operations(steps.into_iter().filter_map(Step::for_text).collect())
            }
            method => method,
        };
        let (horizontal_flip, vertical_flip) = (Some(0.0), Some(0.0));
        Self { method, horizontal_flip, vertical_flip, erase: 0.0, keep_text: true, ..self }
    }

    /// Whether every figure is in its range. [`Policy::apply`] itself takes any.
    pub fn check(&self) -> Result<(), AugmentError> {
        AugmentError::probability("horizontal-flip", self.horizontal_flip.unwrap_or(0.0))?;
        AugmentError::probability("vertical-flip", self.vertical_flip.unwrap_or(0.0))?;
        AugmentError::probability("erase", self.erase)?;
        self.method.check()
    }

    fn window(&self, picture: &Picture, stream: Stream) -> Window {
        let (left, top) = crop::shift(self.padding(picture), stream.at(CROP));
        let chance = stream.at(FLIP);
        Window {
            left,
            top,
            mirrored: chance.uniform(0) < self.horizontal_flip.unwrap_or(self.otherwise(FLIPPED)),
            upturned: chance.uniform(1) < self.vertical_flip.unwrap_or(0.0),
        }
    }

    fn padding(&self, picture: &Picture) -> usize {
        let shorter = picture.width().min(picture.height());
        // More than the picture itself shows nothing new.
        let of_method = || (self.otherwise(PADDING) * shorter as f64).round() as usize;
        self.crop_padding.map_or_else(of_method, |padding| padding.min(shorter))
    }

    /// An option of a method that crops and flips; 0 of one that does not.
    fn otherwise(&self, value: f64) -> f64 {
        if matches!(self.method, Method::None | Method::Operations(_)) { 0.0 } else { value }
    }
}

#[cfg(test)]
mod tests;
