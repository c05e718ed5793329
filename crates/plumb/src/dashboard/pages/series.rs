//! A window of one curve, thinned, for the script and for other programs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::{Block, STEP_CURVES, Summary};

/// Blocks that a chart can show, and those it asks for when it does not say.
const MOST: usize = 4_000;
const USUAL: usize = 800;
/// A long history that is read for the first time is shown as far as it was read by then.
const PATIENCE: Duration = Duration::from_millis(400);

/// `?name=loss&from=0&to=100&most=800`: each block as its place, first, least, greatest, last and mean value, how many
/// points it stands for and how many of them are not finite.
pub(crate) fn data(app: &App, asked: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let (from, to) = (asked.number("from", f64::MIN)?, asked.number("to", f64::MAX)?);
    let most = asked.count("most", USUAL)?.clamp(1, MOST);
    let open = app.store.open(run);
    let whole = open.catch_up(PATIENCE);
    let curves = open.curves();
    let name = asked.text("name");
    let (blocks, series) = curves
        .window(name, from, to, most)
        .zip(curves.get(name))
        .ok_or_else(|| Refusal::NoCurve(name.to_owned()))?;
    let (read, all) = curves.progress();
    Ok(Answer::Json(json!({
        "name": name,
        "x": if STEP_CURVES.contains(&name) { "step" } else { "epoch" },
        "count": series.count(),
        "whole": whole,
        "read": read,
        "bytes": all,
        "before": series.lead(from),
        "blocks": columns(&blocks),
    })))
}

/// Columns rather than objects: half the bytes. Points alone need two of them.
fn columns(blocks: &[Block]) -> Value {
    fn column<T: serde::Serialize>(blocks: &[Block], value: impl Fn(&Block) -> T) -> Value {
        blocks.iter().map(|block| json!(value(block))).collect()
    }
    if blocks.iter().all(|block| block.count() == 1) {
        return json!({ "from": column(blocks, |b| b.from), "first": column(blocks, |b| b.first) });
    }
    json!({
        "from": column(blocks, |b| b.from),
        "to": column(blocks, |b| b.to),
        "first": column(blocks, |b| b.first),
        "last": column(blocks, |b| b.last),
        "low": column(blocks, |b| b.low.1),
        "low_at": column(blocks, |b| b.low.0),
        "high": column(blocks, |b| b.high.1),
        "high_at": column(blocks, |b| b.high.0),
        "mean": column(blocks, Block::mean),
        "count": column(blocks, Block::count),
        "bad": column(blocks, |b| b.bad),
        "bad_at": column(blocks, |b| b.bad_at),
    })
}
