//! `pictures.json`: the pictures that a person should see, in groups.

use serde::Deserialize;

use super::lenient::Number;

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Gallery {
    /// The groups, in the order of the page.
    pub(crate) groups: Vec<Group>,
    /// Pictures as points.
    pub(crate) plane: Option<Plane>,
}

/// Pictures as points, by what the head of the network sees of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Plane {
    /// The names of the classes.
    pub(crate) classes: Vec<String>,
    /// The place of each picture.
    pub(crate) points: Vec<[Number; 2]>,
    /// The class of each.
    pub(crate) truth: Vec<u32>,
    /// The class that each was taken for.
    pub(crate) predicted: Vec<u32>,
}

/// Pictures that belong together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    /// What they are.
    pub(crate) title: String,
    /// What to look for.
    pub(crate) caption: String,
    /// They themselves.
    pub(crate) pictures: Vec<Shown>,
    /// How many stand side by side.
    pub(crate) across: Option<usize>,
}

/// A picture and its words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    /// A PNG file in Base64.
    pub(crate) png: String,
    /// The line under it.
    pub(crate) first: String,
    /// The line under that.
    pub(crate) second: String,
}
