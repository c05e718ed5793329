//! `pictures.json`: the pictures that a person should see, in groups: one file each, one row each in [`GROUPS`].

use plumb_data::Images;
use plumb_data::pictures::{Picture, png};
use plumb_evaluate::Evaluation;
use plumb_ledger::{Ledger, base64, from_base64};
use serde::Serialize;

use super::pipeline::Setup;
use super::stage_train::Fit;

mod augmented;
mod confusions;
mod film;
mod filters;
mod near_copies;
mod odd;
mod plane;
mod saliency;
mod suspects;

/// Pictures that belong together.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    /// What they are.
    pub(crate) title: String,
    /// What to look for.
    pub(crate) caption: String,
    /// They themselves.
    pub(crate) pictures: Vec<Shown>,
    /// How many stand side by side; none for as many as there is room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) across: Option<usize>,
}

impl Group {
    /// A group of as many pictures side by side as there is room for.
    pub(crate) fn new(title: impl Into<String>, caption: impl Into<String>, pictures: Vec<Shown>) -> Self {
        Self { title: title.into(), caption: caption.into(), pictures, across: None }
    }
}

/// A picture and its words.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// A PNG file in Base64.
    png: String,
    /// The line under it.
    first: String,
    /// The line under that.
    second: String,
}

/// The file.
#[derive(Debug, Serialize)]
pub(crate) struct Gallery {
    /// The version of this format: 1.
    schema: u32,
    groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plane: Option<Plane>,
}

impl Gallery {
    /// A file of these groups.
    pub(crate) fn of(groups: Vec<Group>) -> Self {
        Self { schema: 1, groups, plane: None }
    }

    /// The groups.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl Shown {
    /// The PNG file.
    pub(crate) fn png(&self) -> Option<Vec<u8>> {
        from_base64(&self.png)
    }
}

/// Pictures as points, by what the head sees of them.
#[derive(Debug, Serialize)]
pub(crate) struct Plane {
    /// The names of the classes.
    pub(crate) classes: Vec<String>,
    /// The place of each picture.
    pub(crate) points: Vec<[f64; 2]>,
    /// The class of each.
    pub(crate) truth: Vec<u32>,
    /// The class that each was taken for.
    pub(crate) predicted: Vec<u32>,
}

/// What groups are made from.
pub(crate) struct View<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) fit: &'a Fit,
    pub(crate) evaluation: &'a Evaluation,
    pub(crate) ledger: &'a Ledger,
    pub(crate) images: &'a Images,
}

/// Makes the groups of one kind; none where there is nothing to show.
type Make = fn(&View<'_>) -> Vec<Group>;

/// Every kind, in the order of the page.
const GROUPS: [Make; 8] = [
    near_copies::groups,
    odd::groups,
    suspects::groups,
    augmented::groups,
    confusions::groups,
    saliency::groups,
    film::groups,
    filters::groups,
];

/// The longer side of a picture that is shown.
pub(crate) const SIDE: usize = 112;

/// All groups; none for tables without pictures.
pub(crate) fn gallery(setup: &Setup, fit: &Fit, evaluation: &Evaluation, ledger: &Ledger) -> Option<Gallery> {
    let images = setup.data.table.columns().iter().find_map(|column| column.images())?;
    let view = View { setup, fit, evaluation, ledger, images };
    let groups = GROUPS.iter().flat_map(|make| make(&view)).filter(|group| !group.pictures.is_empty());
    Some(Gallery { schema: 1, groups: groups.collect(), plane: plane::plane(&view) })
}

impl View<'_> {
    /// The picture of a row with its words.
    fn row(&self, row: u32, first: String, second: String) -> Option<Shown> {
        Some(shown(&self.images.set.get(row as usize)?, first, second))
    }

    /// The class of a row in words; empty for regression.
    fn class(&self, row: u32) -> String {
        let column = self.setup.data.target.as_ref().and_then(|of| self.setup.data.table.column(&of.name));
        column.map_or_else(String::new, |column| column.display(row as usize))
    }
}

/// A picture with the two lines under it.
pub(crate) fn shown(picture: &Picture, first: String, second: String) -> Shown {
    Shown { png: base64(&png(picture, SIDE)), first, second }
}

/// Rows in a list of the evidence of a practice.
fn rows(ledger: &Ledger, practice: &str, list: &str) -> Vec<u32> {
    let found = ledger.get(practice).and_then(|entry| entry.evidence.get(list));
    let rows = found.and_then(serde_json::Value::as_array).into_iter().flatten();
    rows.filter_map(|row| u32::try_from(row.as_u64()?).ok()).collect()
}
