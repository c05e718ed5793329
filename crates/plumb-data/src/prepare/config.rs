//! The choices of the preparation: the job's `[prepare]` section, resolved.

use serde::{Deserialize, Serialize};

use super::TextConfig;

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Minus the median, by the interquartile range, then a smooth clip at 3 (RealMLP).
    Robust,
    /// Minus the mean, by the deviation.
    Standard,
    /// As they are. For trying what scaling is worth, not for use.
    None,
}

impl Scaling {
    /// Every scaling, for error messages and the manual.
    pub const ALL: [Self; 3] = [Self::Robust, Self::Standard, Self::None];

    /// The word, as it stands in a job.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Robust => "robust",
            Self::Standard => "standard",
            Self::None => "none",
        }
    }
}

/// What to fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrepareConfig {
    /// How numbers are scaled.
    pub scaling: Scaling,
    /// Categories with at most so many levels become one-hot flags, others an embedding.
    pub one_hot_max: usize,
    /// Levels seen in fewer train rows share the code of unknown ones.
    pub rare_below: usize,
    /// Height and width of prepared pictures; none for what suits them.
    #[serde(default)]
    pub image_side: Option<usize>,
    /// The moments that weights from elsewhere want; none for the train rows' own.
    #[serde(default)]
    pub image_moments: Option<ImageMoments>,
    /// How texts become tokens; none where the model takes no texts.
    #[serde(default)]
    pub texts: Option<TextConfig>,
}

/// Mean and deviation of the three colours that a network was trained with, on a scale from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageMoments {
    /// The means.
    pub mean: [f32; 3],
    /// The deviations.
    pub deviation: [f32; 3],
}

impl PrepareConfig {
    /// RealMLP's: robust scaling, one-hot up to 8 levels, every level of train kept.
    pub const DEFAULT: Self = Self {
        scaling: Scaling::Robust,
        one_hot_max: 8,
        rare_below: 1,
        image_side: None,
        image_moments: None,
        texts: None,
    };
}

impl Default for PrepareConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}
