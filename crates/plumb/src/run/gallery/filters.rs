//! The filters of the first layer.

use super::super::drawings;
use super::{Group, View, shown};

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let filters = drawings::filters(&view.fit.model.weights());
    let pictures = filters.iter().enumerate();
    let pictures = pictures.map(|(at, filter)| shown(filter, format!("filter {}", at + 1), String::new()));
    let caption = "What the first layer looks for: smooth edges and colours after good training, noise where it has learned little.";
    vec![Group::new("Filters of the first layer", caption, pictures.collect())]
}
