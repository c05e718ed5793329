//! The plugin `custom_scalars`: curves that belong into one chart.

use prost::Message as _;

use super::proto::{Category, Chart, DataClass, Layout, Multiline, Value};
use super::value::{Plugin, string};
use crate::log::note::{Content, Note};

const PLUGIN: Plugin = Plugin { name: "custom_scalars", class: DataClass::Tensor };
const TAG: &str = "custom_scalars__config__";

/// The title of a chart, and its tags as regular expressions.
type Curves = (&'static str, &'static [&'static str]);

/// Charts by category.
const CHARTS: [(&str, &[Curves]); 3] = [
    (
        "training",
        &[
            ("loss on train and valid rows", &["^train/epoch_loss$", "^valid/loss$"]),
            ("learning rate", &["^train/lr$"]),
        ],
    ),
    (
        "layers",
        &[
            ("norm of the update over that of the weights", &["^update_ratio/"]),
            ("norm of the gradient", &["^gradient_norm/"]),
        ],
    ),
    (
        "activations",
        &[
            ("share of units that never change", &["^activation_dead/"]),
            ("share of saturated values", &["^activation_saturated/"]),
        ],
    ),
];

pub(super) fn values(note: &Note) -> Vec<Value> {
    let Content::Settled(_) = &note.content else { return Vec::new() };
    let chart = |(title, tags): &Curves| Chart {
        title: (*title).to_owned(),
        multiline: Some(Multiline { tag: tags.iter().map(|&tag| tag.to_owned()).collect() }),
    };
    let category = |(title, charts): &(&str, &[Curves])| Category {
        title: (*title).to_owned(),
        chart: charts.iter().map(chart).collect(),
    };
    let layout = Layout { category: CHARTS.iter().map(category).collect() };
    vec![PLUGIN.value(TAG, string(layout.encode_to_vec()))]
}
