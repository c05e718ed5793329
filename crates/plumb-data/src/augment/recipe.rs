//! All that is done to a training picture: which part is shown, how it is changed, what is blended into it.

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use super::{Method, Mixed, Parts, Policy, cut_mix, mix_up};
use crate::pictures::Picture;
use crate::prepare::ImageEncoding;

/// What is done to each training picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// The part that is shown, drawn anew each time; none for what predictions see.
    pub parts: Option<Parts>,
    /// How it is changed.
    pub policy: Policy,
    /// What is blended into it.
    pub mix: Mix,
}

/// How pictures of a batch are blended with each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mix {
    /// Not at all.
    None,
    /// By a weighted sum, the weight from Beta(alpha, alpha).
    MixUp {
        /// The shape of the distribution.
        alpha: f64,
    },
    /// A rectangle comes from the other picture, its area from Beta(alpha, alpha).
    CutMix {
        /// The shape of the distribution.
        alpha: f64,
    },
}

impl Augmentation {
    /// Pictures as predictions see them.
    pub fn none() -> Self {
        Self { parts: None, policy: Policy::of(Method::None), mix: Mix::None }
    }

    /// A picture as it was read, made into a changed input of the encoding's extents. A function of the picture and the
    /// stream.
    pub fn apply(&self, picture: Picture, encoding: &ImageEncoding, stream: Stream) -> Picture {
        self.change(&self.cut(picture, encoding, stream), stream)
    }

    /// The first step of [`Augmentation::apply`]: the part that is shown, at the encoding's extents.
    pub fn cut(&self, picture: Picture, encoding: &ImageEncoding, stream: Stream) -> Picture {
        let Some(parts) = &self.parts else { return encoding.picture(picture) };
        let part = parts.draw(picture.width(), picture.height(), stream.at(0));
        encoding.cut(picture, part)
    }

    /// The second one: what is changed of it.
    pub fn change(&self, input: &Picture, stream: Stream) -> Picture {
        self.policy.apply(input, stream.at(1))
    }
}

impl Mix {
    /// Blends a batch in place; none when nothing is to be blended.
    ///
    /// # Shapes
    /// `numbers` is `[pictures, height, width, channels]` of the extents.
    pub fn apply(&self, numbers: &mut [f32], extents: [usize; 4], stream: Stream) -> Option<Mixed> {
        match *self {
            Self::None => None,
            Self::MixUp { alpha } => Some(mix_up(numbers, extents[0], alpha, stream)),
            Self::CutMix { alpha } => Some(cut_mix(numbers, extents, alpha, stream)),
        }
    }
}
