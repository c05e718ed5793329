//! The units of networks that can go: which entries of which arrays make each, and which feed on it.
//!
//! Each kind of network lists the sets of its units, and its description's counts of them in the same order.

mod encoders;
mod pictures;
mod tables;

use crate::model::NetworkConfig;
use crate::models::mixed::MixedConfig;
use crate::models::pictures::PictureConfig;
use crate::models::text::TextConfig;

/// Where units stand along an axis of an array: behind `before` other entries, in `parts` stretches (queries, keys and values are
/// three), each of which has `span` entries of every unit, one unit after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The array.
    pub(crate) name: String,
    /// Its axis.
    pub(crate) axis: usize,
    before: usize,
    parts: usize,
    span: usize,
}

impl Place {
    /// A unit is one entry along the axis.
    fn new(name: impl Into<String>, axis: usize) -> Self {
        Self { name: name.into(), axis, before: 0, parts: 1, span: 1 }
    }

    /// The entries along the axis that belong to a unit of `count`.
    pub(crate) fn entries(&self, count: usize, unit: usize) -> impl Iterator<Item = usize> + use<> {
        let Self { before, parts, span, .. } = *self;
        (0..parts).flat_map(move |part| (0..span).map(move |at| before + (part * count + unit) * span + at))
    }
}

/// Units of one layer, each of which can go without the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Units {
    /// The layer's name, as people are told it.
    pub(crate) layer: String,
    /// What they are.
    pub(crate) kind: UnitKind,
    /// How many there are.
    pub(crate) count: usize,
    /// What makes a unit, and what scales and shifts it.
    pub(crate) own: Vec<Place>,
    /// The scale of the batch norm behind it, if there is one.
    pub(crate) scale: Option<String>,
    /// What feeds on it: where its entries there are 0, it is as good as gone.
    pub(crate) fed: Vec<Place>,
    /// Whether products with it are divided by the root of the count (NTK form).
    pub(crate) rooted: bool,
}

/// What units are, for people and for the rules of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitKind {
    /// Hidden units of linear layers.
    Hidden,
    /// Channels of convolutions.
    Channels,
    /// Attention heads.
    Heads,
}

impl UnitKind {
    /// The word for several.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden units",
            Self::Channels => "channels",
            Self::Heads => "heads",
        }
    }
}

/// A description that says how many units each layer has.
trait Sizes {
    /// The sets of units, in the order of [`Sizes::counts`].
    fn units(&self) -> Vec<Units>;

    /// Sets the counts that the description states for the same sets.
    fn set_counts(&mut self, counts: &[usize]);
}

/// The sets of units of a network; the reason, where it has none that can go.
pub(crate) fn of(network: &NetworkConfig) -> Result<Vec<Units>, &'static str> {
    let units = match network {
        NetworkConfig::Mlp(config) => {
            if config.norm == Some(crate::layers::NormKind::Layer) {
                return Err("a layer norm ties its hidden units together");
            }
            config.units()
        }
        NetworkConfig::RealMlp(config) => config.units(),
        NetworkConfig::TabM(config) => config.units(),
        NetworkConfig::Pictures(config) => config.units(),
        NetworkConfig::Text(config) => config.units(),
        NetworkConfig::Mixed(config) => config.units(),
    };
    if units.is_empty() {
        return Err("the units of a recurrent layer feed back into all of its gates");
    }
    Ok(units)
}

/// The description with these counts, one for each set of [`of`].
pub(crate) fn with_counts(network: &NetworkConfig, counts: &[usize]) -> NetworkConfig {
    let mut network = network.clone();
    match &mut network {
        NetworkConfig::Mlp(config) => config.set_counts(counts),
        NetworkConfig::RealMlp(config) => config.set_counts(counts),
        NetworkConfig::TabM(config) => config.set_counts(counts),
        NetworkConfig::Pictures(config) => config.set_counts(counts),
        NetworkConfig::Text(config) => config.set_counts(counts),
        NetworkConfig::Mixed(config) => config.set_counts(counts),
    }
    network
}

/// The same sets in a network that is a part of another one.
fn inside(part: &str, units: Vec<Units>) -> Vec<Units> {
    let renamed = |name: String| format!("{part}.{name}");
    let places = |places: Vec<Place>| {
        places.into_iter().map(|place| Place { name: renamed(place.name), ..place }).collect()
    };
    let of = |units: Units| Units {
        layer: renamed(units.layer),
        own: places(units.own),
        scale: units.scale.map(renamed),
        fed: places(units.fed),
        ..units
    };
    units.into_iter().map(of).collect()
}

impl Sizes for MixedConfig {
    fn units(&self) -> Vec<Units> {
        let picture = self.picture.as_ref().map_or_else(Vec::new, PictureConfig::units);
        let text = self.text.as_ref().map_or_else(Vec::new, TextConfig::units);
        [inside("picture", picture), inside("text", text)].concat()
    }

    fn set_counts(&mut self, counts: &[usize]) {
        let of_picture = self.picture.as_ref().map_or(0, |picture| picture.units().len());
        let (picture, text) = counts.split_at(of_picture.min(counts.len()));
        if let Some(config) = &mut self.picture {
            config.set_counts(picture);
        }
        if let Some(config) = &mut self.text {
            config.set_counts(text);
        }
    }
}
