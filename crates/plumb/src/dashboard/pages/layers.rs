//! What went on inside the network: figures of each layer, how weights, gradients and activations are spread, and how widely heads attend.

use std::sync::Arc;
use std::time::Duration;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::charts::ridges;
use super::super::refusal::Refusal;
use super::super::store::{Curves, LayerCurve, Summary};
use super::sections::page as lay_out;
use super::{Link, Part, address};
use crate::report::charts::scale::Spread;
use crate::report::charts::{Figure, layers as chart, lines};
use crate::report::format::{counted, number, of_all};
use crate::report::view::{Block, Cell, Table};

/// Patience with a history that is read for the first time.
const PATIENCE: Duration = Duration::from_millis(400);
/// Spreads on the page; more are a choice away.
const MOST_SPREADS: usize = 12;
/// Layers in the table of last values.
const MOST_LISTED: usize = 200;

/// A figure and how its chart is called.
struct Chart {
    figure: &'static str,
    title: &'static str,
    caption: &'static str,
    spread: Spread,
}

const CHARTS: [Chart; 7] = [
    Chart {
        figure: "grad_norm",
        title: "Gradient norm by layer",
        caption: "Layers whose gradient is far smaller than the others' learn nothing; one far larger drives the loss.",
        spread: Spread::Log,
    },
    Chart {
        figure: "update_ratio",
        title: "Update ratio by layer",
        caption: "The size of a step against the size of the weights. About 0.001 is usual; 0.1 tears the weights apart.",
        spread: Spread::Log,
    },
    Chart {
        figure: "weight_norm",
        title: "Weight norm by layer",
        caption: "Weights that grow without end ask for more decay.",
        spread: Spread::Log,
    },
    Chart {
        figure: "sd",
        title: "Spread of activations",
        caption: "The standard deviation of each layer's output. It should neither vanish nor explode from layer to layer.",
        spread: Spread::Linear,
    },
    Chart {
        figure: "dead",
        title: "Dead units",
        caption: "The share of units that give one and the same answer to every row of a batch: they no longer learn.",
        spread: Spread::Linear,
    },
    Chart {
        figure: "saturated",
        title: "Saturated units",
        caption: "The share of answers at the ends of the layer's range, where the gradient may vanish.",
        spread: Spread::Linear,
    },
    Chart {
        figure: "attention",
        title: "Attention entropy by head",
        caption: "How widely each head looks, as a share of the widest possible. A head near 0 sees one token alone; one that stays at 1 tells none from another.",
        spread: Spread::Linear,
    },
];

/// The page; `?spreads=12` shows the spreads from the thirteenth on.
pub(crate) fn page(app: &App, asked: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let open = app.store.open(run);
    open.catch_up(PATIENCE);
    let from = asked.count("spreads", 0)?;
    let parts = {
        let curves = open.curves();
        let figures = CHARTS.iter().map(|chart| figure(&curves, chart));
        let mut charts: Vec<Block> = Block::figures(figures).into_iter().collect();
        charts.extend(last_values(&curves).map(Block::Table));
        [
            Part { id: "figures", title: "Figures of the layers", blocks: charts, links: Vec::new() },
            Part {
                id: "spreads",
                title: "Spreads over the training",
                blocks: spreads(&curves, from),
                links: more(&run.id, curves.layers.spreads.len()),
            },
        ]
    };
    let parts = parts.into_iter().filter(|part| !part.blocks.is_empty()).collect();
    lay_out(app, run, "/layers", parts, Vec::new())
}

fn figure(curves: &Curves, chart: &Chart) -> Option<Figure> {
    let name = |curve: &LayerCurve| match chart.figure {
        "attention" => format!("{} head {}", curve.layer, curve.head + 1),
        _ => curve.layer.clone(),
    };
    let of: Vec<lines::Curve> = curves
        .layers
        .of(chart.figure)
        .map(|curve| lines::Curve::new(name(curve), curve.series.means()))
        .collect();
    // A chart that is zero all over says less than its absence.
    let something = of.iter().any(|curve| curve.points.iter().any(|point| point.1.abs() > 0.0));
    if something { chart::draw(chart.title, chart.caption, chart.spread, &of) } else { None }
}

fn spreads(curves: &Curves, from: usize) -> Vec<Block> {
    let all = &curves.layers.spreads;
    let from = from.min(all.len().saturating_sub(1) / MOST_SPREADS * MOST_SPREADS);
    let figures = all.iter().skip(from).take(MOST_SPREADS).map(ridges::draw);
    let Some(figures) = Block::figures(figures) else { return Vec::new() };
    let shown = format!("{} to {} of {}.", from + 1, (from + MOST_SPREADS).min(all.len()), all.len());
    vec![
        Block::text(format!(
            "How the values of each layer lie: wide is healthy, a needle at zero has stopped to learn, two heaps at the ends are saturated. {shown}"
        )),
        figures,
    ]
}

/// The ways to all spreads, where they do not stand on one page.
fn more(id: &str, all: usize) -> Vec<Link> {
    let link = |from: usize| Link {
        address: format!("{}/layers?spreads={from}#spreads", address(id)),
        words: format!("{} to {}", from + 1, (from + MOST_SPREADS).min(all)),
    };
    if all > MOST_SPREADS { (0..all).step_by(MOST_SPREADS).map(link).collect() } else { Vec::new() }
}

fn last_values(curves: &Curves) -> Option<Table> {
    let figures = ["grad_norm", "weight_norm", "update_ratio", "mean", "sd", "dead", "saturated"];
    let mut layers: Vec<(&str, [Option<f64>; 7])> = Vec::new();
    for curve in &curves.layers.curves {
        let Some(column) = figures.iter().position(|figure| *figure == curve.figure) else { continue };
        let known = layers.iter().rposition(|(layer, _)| *layer == curve.layer);
        if known.is_none() {
            layers.push((&curve.layer, [None; 7]));
        }
        let at = known.unwrap_or(layers.len() - 1);
        let last = curve.series.blocks().last().map(|block| block.last);
        if let Some(value) = layers.get_mut(at).and_then(|(_, values)| values.get_mut(column)) {
            *value = last;
        }
    }
    let cell = |value: &Option<f64>| Cell::number(value.map_or_else(|| "–".to_owned(), number));
    let row = |(layer, values): &(&str, [Option<f64>; 7])| {
        std::iter::once(Cell::text(*layer)).chain(values.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<Cell>> = layers.iter().take(MOST_LISTED).map(row).collect();
    let head = ["layer", "gradient norm", "weight norm", "update ratio", "mean", "sd", "dead", "saturated"];
    let caption = format!(
        "Last values, at step {}{}",
        number(curves.layers.last_step),
        of_all(rows.len(), layers.len())
    );
    let words = format!("Show the last values of {}", counted(rows.len(), "layer"));
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows).folded(words))
}
