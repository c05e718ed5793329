//! What was measured before training: the rate finder.

use super::plain;
use crate::report::RunFiles;
use crate::report::charts::{rate_finder, scale::extent};
use crate::report::view::Block;

/// The range test of the learning rate.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let finder = folder.preflight.as_ref().and_then(|preflight| preflight.rate_finder.as_ref());
    let used = extent(folder.history.steps.iter().map(|step| step.lr.0)).map(|(_, highest)| highest);
    let figure = finder.and_then(|finder| {
        let suggestion = finder.suggestion.map(|rate| rate.0).filter(|rate| rate.is_finite());
        rate_finder::draw(&plain(&finder.rates), &plain(&finder.losses), suggestion, used)
    });
    Block::figures([figure]).into_iter().collect()
}
