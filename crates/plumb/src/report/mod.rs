//! `report.html`: a run as one page that opens offline, prints, and needs no script.
//!
//! From the files of a run folder ([`files`]) each section ([`sections`]) makes blocks of text, tables and
//! charts ([`charts`]); the templates lay them out. Nothing of a run is trusted to be harmless: every string is
//! escaped by the template engine or by the SVG writer, and the page's own policy forbids script and network.

pub(crate) mod charts;
mod diagnosis;
mod error;
pub(crate) mod files;
pub(crate) mod monitoring;
pub(crate) mod page;
pub(crate) mod redact;
mod retraining;
pub(crate) mod sections;
pub(crate) mod text;
pub(crate) mod view;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub(crate) use diagnosis::render as render_diagnosis;
pub(crate) use error::ReportError;
pub(crate) use files::{Predictions, RunFiles};
pub(crate) use monitoring::{render as render_monitoring, sections as monitoring_sections};
pub(crate) use page::render;
pub(crate) use plumb_package::{evidence, format};
pub(crate) use retraining::{render as render_retraining, untouched as untouched_in_words};
