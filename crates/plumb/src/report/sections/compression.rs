//! What was made smaller, what it saves and what it costs.

use crate::report::RunFiles;
use crate::report::charts::tradeoff::{self, Point};
use crate::report::files::compression::{Compression, Kept, Variant};
use crate::report::format::{count, number};
use crate::report::view::{Block, Cell, Table};

/// Layers of a table that stands open.
const OPEN: usize = 12;

/// A chart and a table of all models, then groups and layers.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(of) = &folder.compression else { return Vec::new() };
    let metric = plumb_stats::metric(&of.metric);
    let is_up = metric.is_none_or(|metric| metric.gain(1.0, 0.0) > 0.0);
    let mut blocks: Vec<Block> =
        Block::figures([tradeoff::draw(&points(of), &of.metric, is_up)]).into_iter().collect();
    blocks.push(Block::Table(models(of)));
    let made = of.variants.iter().filter(|variant| !variant.made.is_empty());
    blocks.extend(made.map(|variant| Block::text(format!("{}: {}.", variant.name, variant.made))));
    let kept = of.variants.last().and_then(|last| last.kept.as_ref());
    blocks.extend(kept.filter(|kept| !kept.groups.is_empty()).map(|kept| Block::Table(groups(kept))));
    if !of.layers.is_empty() {
        blocks.push(Block::Table(layers(of)));
    }
    blocks
}

fn points(of: &Compression) -> Vec<Point> {
    let point = |variant: &Variant| {
        let ms = variant.latency.iter().find(|of| of.batch == 1)?.median_ms.0;
        Some(Point { name: variant.name.clone(), ms, metric: variant.kept.as_ref()?.after.0 })
    };
    of.variants.iter().filter_map(point).collect()
}

fn models(of: &Compression) -> Table {
    let row = |variant: &Variant| {
        let time = |batch: usize| {
            let of = variant.latency.iter().find(|of| of.batch == batch);
            of.map_or_else(String::new, |of| format!("{} ({})", number(of.median_ms.0), number(of.p99_ms.0)))
        };
        let kept = |tell: &dyn Fn(&Kept) -> String| variant.kept.as_ref().map_or_else(String::new, tell);
        let cells = [
            count(variant.bytes.div_ceil(1000)),
            count(variant.parameters),
            time(1),
            time(8),
            kept(&|of| number(of.after.0)),
            kept(&|of| format!("{:+.4} ({:+.4} to {:+.4})", of.loss.0, of.low.0, of.high.0)),
            kept(&|of| number(of.p.0)),
            kept(&|of| of.ece.as_ref().map_or_else(String::new, |ece| number(ece[1].0))),
        ];
        std::iter::once(Cell::text(variant.name.clone())).chain(cells.map(Cell::number)).collect()
    };
    let head = [
        "model",
        "kB",
        "numbers",
        "ms, 1 row (99 %)",
        "ms, 8 rows (99 %)",
        &of.metric,
        "loss",
        "p",
        "calibration error",
    ];
    Table::new("What was made smaller", &head, of.variants.iter().map(row).collect())
}

fn groups(of: &Kept) -> Table {
    let row = |group: &crate::report::files::compression::Group| {
        let cells =
            [count(group.rows), number(group.before.0), number(group.after.0), number(group.p_adjusted.0)];
        let name = format!("{} = {}", group.column, group.value);
        std::iter::once(Cell::text(name)).chain(cells.map(Cell::number)).collect()
    };
    let head = ["group", "rows", "right before", "right now", "p (Holm)"];
    Table::new("Groups, before and now", &head, of.groups.iter().map(row).collect())
}

fn layers(of: &Compression) -> Table {
    let row = |layer: &crate::report::files::compression::Layer| {
        let left = if layer.left { "left as it was" } else { "8 bits" };
        let (weights, cost) = (Cell::number(count(layer.weights)), Cell::number(number(layer.cost.0)));
        vec![Cell::text(layer.name.clone()), weights, cost, Cell::text(left)]
    };
    let caption = "How far answers move when one layer alone is in 8 bits";
    let table =
        Table::new(caption, &["layer", "weights", "divergence", ""], of.layers.iter().map(row).collect());
    if of.layers.len() > OPEN { table.folded(format!("{caption}: all {}", of.layers.len())) } else { table }
}
