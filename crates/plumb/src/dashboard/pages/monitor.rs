//! A monitored model: the sections of its page, drawn anew from `monitor.json`.

use std::sync::Arc;

use plumb_serve::monitor::Figures;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::{Summary, bytes};
use super::{Part, sections};
use crate::monitoring::MONITOR;
use crate::report::monitoring_sections;
use crate::report::view::Block;

/// Drift over windows, quality, skew, the log.
pub(crate) fn page(app: &App, _: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (mut parts, mut said) = (Vec::new(), Vec::new());
    if let Some(bytes) = bytes(&run.path.join(MONITOR)) {
        match serde_json::from_slice::<Figures>(&bytes) {
            Ok(figures) => {
                let shown = monitoring_sections(&figures).into_iter();
                let part = |(id, title, blocks)| Part { id, title, blocks, links: Vec::new() };
                parts.extend(shown.map(|shown| part((shown.id, shown.title, shown.blocks))));
            }
            Err(error) => {
                said.push(Block::text(format!("Left out: cannot read a file ({error}): {MONITOR}.")));
            }
        }
    }
    sections::page(app, run, "/monitor", parts, said)
}
