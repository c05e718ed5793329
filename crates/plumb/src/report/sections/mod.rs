//! The sections of the report in their order: one file each, one row each in [`SECTIONS`].

pub(crate) mod answer;
mod compression;
mod data;
mod evaluation;
mod explanation;
mod groups;
mod job;
mod layers;
pub(crate) mod metric_names;
mod pictures;
mod preflight;
mod reproduce;
mod split;
mod texts;
mod training;
pub(crate) mod verdicts;
mod worst;

use super::RunFiles;
use super::files::lenient::Number;
use super::view::Block;

/// A section: a heading and a function that makes its blocks. Without blocks it is left out.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its anchor in the page.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its blocks.
    pub(crate) blocks: fn(&RunFiles) -> Vec<Block>,
}

/// The sections below the answer, in order.
pub(crate) static SECTIONS: [Section; 15] = [
    Section { id: "verdicts", title: "Verdicts", blocks: verdicts::blocks },
    Section { id: "data", title: "Data", blocks: data::blocks },
    Section { id: "split", title: "Split", blocks: split::blocks },
    Section { id: "preflight", title: "Before training", blocks: preflight::blocks },
    Section { id: "training", title: "Training", blocks: training::blocks },
    Section { id: "layers", title: "Layers", blocks: layers::blocks },
    Section { id: "evaluation", title: "Evaluation", blocks: evaluation::blocks },
    Section { id: "compression", title: "Compression", blocks: compression::blocks },
    Section { id: "groups", title: "Groups, sources and slices", blocks: groups::blocks },
    Section { id: "explanation", title: "Explanation", blocks: explanation::blocks },
    Section { id: "worst", title: "Worst predictions", blocks: worst::blocks },
    Section { id: "texts", title: "Texts", blocks: texts::blocks },
    Section { id: "pictures", title: "Pictures", blocks: pictures::blocks },
    Section { id: "job", title: "Job", blocks: job::blocks },
    Section { id: "reproduce", title: "Reproduce", blocks: reproduce::blocks },
];

/// The section of that id.
pub(crate) fn section(id: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.id == id)
}

/// The numbers of a list as the charts take them.
fn plain(numbers: &[Number]) -> Vec<f64> {
    numbers.iter().map(|number| number.0).collect()
}
