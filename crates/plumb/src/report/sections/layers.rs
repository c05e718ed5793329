//! What went on inside: gradients, updates and activations of each layer.

use crate::report::RunFiles;
use crate::report::charts::Figure;
use crate::report::charts::layers::draw;
use crate::report::charts::lines::Curve;
use crate::report::charts::scale::Spread;
use crate::report::files::history::{History, LayersEvent};
use crate::report::files::lenient::{Number, Ordered};
use crate::report::format::{number, of_all};
use crate::report::view::{Block, Cell, Table};

/// Layers listed in the table of last values.
const MOST_LISTED: usize = 200;

type Group = fn(&LayersEvent) -> &Ordered<Ordered<Number>>;

/// Charts of each figure, and a table of the last values.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let history = &folder.history;
    let figures = [
        gradients(history),
        updates(history),
        activations(
            history,
            "dead",
            "Dead units",
            "The share of units that give one and the same answer to every row of a batch: they no longer learn.",
        ),
        activations(
            history,
            "saturated",
            "Saturated units",
            "The share of answers at the ends of the layer's range, where the gradient may vanish.",
        ),
        activations(
            history,
            "sd",
            "Spread of activations",
            "The standard deviation of each layer's output. It should neither vanish nor explode from layer to layer.",
        ),
        attention(history),
    ];
    let mut blocks: Vec<Block> = Block::figures(figures).into_iter().collect();
    blocks.extend(last_values(history).map(Block::Table));
    blocks
}

fn parameters(layers: &LayersEvent) -> &Ordered<Ordered<Number>> {
    &layers.layers
}

fn outputs(layers: &LayersEvent) -> &Ordered<Ordered<Number>> {
    &layers.activations
}

/// One curve for each layer that has the figure, in the order in which the layers first appear. One pass.
fn curves(history: &History, group: Group, figure: &str) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for sample in &history.layers {
        for (at, (name, figures)) in group(sample).0.iter().enumerate() {
            let Some(value) = figures.get(figure) else { continue };
            let point = (sample.step.0, value.0);
            // Samples list their layers in one order, so the place is nearly always the same.
            let known = curves.get(at).is_some_and(|curve| curve.name == *name).then_some(at);
            match known
                .or_else(|| curves.iter().position(|curve| curve.name == *name))
                .and_then(|at| curves.get_mut(at))
            {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve::new(name.clone(), vec![point])),
            }
        }
    }
    curves
}

fn gradients(history: &History) -> Option<Figure> {
    let caption = "Layers whose gradient is far smaller than the others' learn nothing; one far larger drives the loss.";
    draw("Gradient norm by layer", caption, Spread::Log, &curves(history, parameters, "grad_norm"))
}

fn updates(history: &History) -> Option<Figure> {
    let caption = "The size of a step against the size of the weights. About 0.001 is usual; 0.1 tears the weights apart.";
    draw("Update ratio by layer", caption, Spread::Log, &curves(history, parameters, "update_ratio"))
}

fn activations(history: &History, figure: &str, title: &str, caption: &str) -> Option<Figure> {
    let curves = curves(history, outputs, figure);
    // A chart that is zero all over says less than its absence in the table.
    let something = curves.iter().any(|curve| curve.points.iter().any(|point| point.1.abs() > 0.0));
    if something { draw(title, caption, Spread::Linear, &curves) } else { None }
}

fn attention(history: &History) -> Option<Figure> {
    let mut curves: Vec<Curve> = Vec::new();
    for sample in &history.layers {
        for (at, (name, heads)) in sample.attention.0.iter().enumerate() {
            let mean = heads.iter().map(|head| head.0).sum::<f64>() / heads.len() as f64;
            let point = (sample.step.0, mean);
            match curves.get_mut(at) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve::new(name.clone(), vec![point])),
            }
        }
    }
    let caption = "How evenly the heads of a layer attend, on average: 0 looks at one token, 1 at all alike. A layer that \
                   stays at 1 has not learned where to look; one that falls to 0 may have stopped learning.";
    draw("Evenness of attention by layer", caption, Spread::Linear, &curves)
}

fn last_values(history: &History) -> Option<Table> {
    let last = history.layers.last()?;
    let all = last.layers.0.len() + last.activations.0.len();
    let groups = [(&last.layers, &PARAMETER_FIGURES[..]), (&last.activations, &ACTIVATION_FIGURES[..])];
    let rows = groups.into_iter().enumerate().flat_map(|(place, (group, names))| {
        group.0.iter().map(move |(name, figures)| row(place, name, figures, names))
    });
    let rows: Vec<Vec<Cell>> = rows.take(MOST_LISTED).collect();
    let head: Vec<&str> = ["layer"]
        .into_iter()
        .chain(PARAMETER_FIGURES.map(words))
        .chain(ACTIVATION_FIGURES.map(words))
        .collect();
    let cut = of_all(rows.len(), all);
    let caption = format!("Parameters and activations at step {}{cut}", number(last.step.0));
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows).folded("Show the last values of every layer"))
}

const PARAMETER_FIGURES: [&str; 3] = ["grad_norm", "weight_norm", "update_ratio"];
const ACTIVATION_FIGURES: [&str; 4] = ["mean", "sd", "dead", "saturated"];

fn words(figure: &'static str) -> &'static str {
    match figure {
        "grad_norm" => "gradient norm",
        "weight_norm" => "weight norm",
        "update_ratio" => "update ratio",
        other => other,
    }
}

fn row(place: usize, name: &str, figures: &Ordered<Number>, names: &[&str]) -> Vec<Cell> {
    let value = |figure: &&str| figures.get(figure).map_or_else(|| "–".to_owned(), |value| number(value.0));
    let before = if place == 0 { 0 } else { PARAMETER_FIGURES.len() };
    let after = if place == 0 { ACTIVATION_FIGURES.len() } else { 0 };
    let empty = |n| std::iter::repeat_n(Cell::number("–"), n);
    let values = names.iter().map(|figure| Cell::number(value(figure)));
    std::iter::once(Cell::text(name)).chain(empty(before)).chain(values).chain(empty(after)).collect()
}
