//! The plots of curves: a drawing that needs no script, and the addresses from which the script draws its own.

use serde::Serialize;

use super::super::app::in_address;
use super::super::charts::curves::{Words, draw};
use super::super::store::{Block, Curves, STEP_CURVES};
use super::address;
use crate::report::charts::Markup;
use crate::report::charts::scale::Spread;
use crate::report::sections::metric_names::{headed, in_words};

/// Blocks of a curve in the drawing: one for each pixel and a half.
const BLOCKS: usize = 400;

/// A plot of one or more curves.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    title: String,
    caption: &'static str,
    x: &'static str,
    y: String,
    log: bool,
    drawing: Option<Markup>,
    sources: Vec<Source>,
}

/// Where the data of a curve are.
#[derive(Debug, Serialize)]
struct Source {
    name: String,
    curve: String,
    address: String,
    run: String,
}

/// A run with its curves.
pub(super) struct Of<'a> {
    pub(super) id: &'a str,
    pub(super) curves: &'a Curves,
}

struct Kind {
    title: String,
    caption: &'static str,
    y: String,
    spread: Spread,
    /// The curves with their names beside one run.
    curves: Vec<(String, String)>,
}

/// The plots of runs over each other: losses, metrics, then what happens at every step.
pub(super) fn plots(runs: &[Of<'_>], primary: &str) -> Vec<Plot> {
    kinds(runs, primary).iter().filter_map(|kind| plot(runs, kind)).collect()
}

fn kinds(runs: &[Of<'_>], primary: &str) -> Vec<Kind> {
    let curve = |curve: &str, name: &str| (curve.to_owned(), name.to_owned());
    let mut kinds = vec![Kind {
        title: "Loss".to_owned(),
        caption: "The loss of the train and the valid part over epochs. A valid curve that turns up while the train curve falls is \
                  overfitting.",
        y: "loss".to_owned(),
        spread: Spread::Linear,
        curves: vec![curve("train_loss", "train"), curve("valid.loss", "valid")],
    }];
    kinds.extend(metrics(runs, primary).iter().map(|metric| Kind {
        title: format!("{} on the valid part", headed(metric)),
        caption: "",
        y: in_words(metric),
        spread: Spread::Linear,
        curves: vec![(format!("valid.{metric}"), in_words(metric))],
    }));
    let step = |title: &str, caption, field: &str, spread| Kind {
        title: title.to_owned(),
        caption,
        y: title.to_lowercase(),
        spread,
        curves: vec![(field.to_owned(), title.to_lowercase())],
    };
    kinds.push(step("Loss of each step", "The loss of each batch before its step.", "loss", Spread::Linear));
    kinds.push(step(
        "Gradient norm",
        "The norm of all gradients together, before clipping. Spikes are batches that pulled hard.",
        "grad_norm",
        Spread::Log,
    ));
    kinds.push(step("Learning rate", "The schedule as it was run.", "lr", Spread::Linear));
    kinds
}

/// The metrics on the valid part, the primary one first.
fn metrics(runs: &[Of<'_>], primary: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let of_runs = runs.iter().flat_map(|run| run.curves.epoch_names());
    for name in of_runs.filter_map(|name| name.strip_prefix("valid.")).filter(|name| *name != "loss") {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort_by_key(|name| name != primary);
    names
}

fn plot(runs: &[Of<'_>], kind: &Kind) -> Option<Plot> {
    let mut drawn: Vec<(String, Vec<Block>)> = Vec::new();
    let mut sources = Vec::new();
    for run in runs {
        for (curve, name) in &kind.curves {
            let Some(blocks) =
                run.curves.window(curve, f64::MIN, f64::MAX, BLOCKS).filter(|found| !found.is_empty())
            else {
                continue;
            };
            let name = if runs.len() > 1 { format!("{}: {name}", run.id) } else { name.clone() };
            let address = format!("{}/series?name={}", address(run.id), in_address(curve));
            sources.push(Source {
                name: name.clone(),
                curve: curve.clone(),
                address,
                run: run.id.to_owned(),
            });
            drawn.push((name, blocks));
        }
    }
    let x = if STEP_CURVES.contains(&kind.curves.first()?.0.as_str()) { "step" } else { "epoch" };
    let log = kind.spread == Spread::Log;
    let y_title = if log { format!("{} (log scale)", kind.y) } else { kind.y.clone() };
    let label = format!("{} over {x}s", kind.title);
    let words = Words { label: &label, x_title: x, y_title: &y_title, spread: kind.spread };
    let drawing = draw(&words, &drawn);
    (!sources.is_empty()).then(|| Plot {
        title: kind.title.clone(),
        caption: kind.caption,
        x,
        y: kind.y.clone(),
        log,
        drawing,
        sources,
    })
}
