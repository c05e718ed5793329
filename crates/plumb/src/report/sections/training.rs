//! How the training went: losses, the primary metric, the learning rate, the gradient.

use super::metric_names::{headed, in_words};
use crate::report::RunFiles;
use crate::report::charts::lines::{Curve, Lines, draw};
use crate::report::charts::scale::Spread;
use crate::report::charts::{Figure, Markup};
use crate::report::files::history::{EpochEvent, History, StepEvent};
use crate::report::format::{counted, duration, number};
use crate::report::view::Block;

/// Curves over epochs and over steps.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let history = &folder.history;
    let figures = [losses(history), metric(folder), rate(history), gradient(history)];
    let mut blocks: Vec<Block> = summary(history).map(Block::text).into_iter().collect();
    blocks.extend(Block::figures(figures));
    if history.unreadable > 0 {
        blocks.push(Block::text(format!(
            "{} of the history could not be read.",
            counted(history.unreadable, "line")
        )));
    }
    blocks
}

fn summary(history: &History) -> Option<String> {
    let last = history.epochs.last()?;
    let best = history
        .best_epoch()
        .map(|best| format!(", the best was epoch {}", number(best.epoch.0)))
        .unwrap_or_default();
    let last = format!("the last was epoch {}", number(last.epoch.0));
    Some(format!(
        "{} in {}; {last}{best}.",
        counted(history.epochs.len(), "epoch"),
        duration(history.seconds())
    ))
}

fn over_epochs(history: &History, value: impl Fn(&EpochEvent) -> f64) -> Vec<(f64, f64)> {
    history.epochs.iter().map(|epoch| (epoch.epoch.0, value(epoch))).collect()
}

fn over_steps(history: &History, value: impl Fn(&StepEvent) -> f64) -> Vec<(f64, f64)> {
    history.steps.iter().map(|step| (step.step.0, value(step))).collect()
}

fn valid(epoch: &EpochEvent, name: &str) -> f64 {
    epoch.valid.get(name).map_or(f64::NAN, |value| value.0)
}

fn epoch_chart(history: &History, label: &str, y_title: &str, curves: &[Curve]) -> Option<Markup> {
    let mark = history.best_epoch().map(|best| (best.epoch.0, "best"));
    draw(&Lines { label, x_title: "epoch", y_title, spread: Spread::Linear, mark }, curves)
}

fn losses(history: &History) -> Option<Figure> {
    let curves = [
        Curve::new("train", over_epochs(history, |epoch| epoch.train_loss.0)),
        Curve::new("valid", over_epochs(history, |epoch| valid(epoch, "loss"))),
    ];
    let drawing = epoch_chart(history, "Loss of the train and valid parts over epochs", "loss", &curves)?;
    let caption = "A valid curve that turns up while the train curve falls is overfitting; the train curve is \
                   measured with dropout and may therefore lie above.";
    Some(Figure::new("Loss", caption, drawing))
}

fn metric(folder: &RunFiles) -> Option<Figure> {
    let history = &folder.history;
    let primary = folder.metrics.as_ref().map(|metrics| metrics.primary.as_str()).unwrap_or_default();
    let known = history.epochs.iter().flat_map(|epoch| epoch.valid.0.iter()).map(|(name, _)| name.as_str());
    let name = known.filter(|name| *name != "loss").find(|name| primary.is_empty() || *name == primary)?;
    let curve = [Curve::new(in_words(name), over_epochs(history, |epoch| valid(epoch, name)))];
    let title = format!("{} on the valid part", headed(name));
    let drawing = epoch_chart(history, &title, &in_words(name), &curve)?;
    Some(Figure::new(title, "The weights of the best epoch are the ones that are kept.", drawing))
}

fn rate(history: &History) -> Option<Figure> {
    let curve = [Curve::new("learning rate", over_steps(history, |step| step.lr.0))];
    let lines = Lines {
        label: "Learning rate over steps",
        x_title: "step",
        y_title: "learning rate",
        spread: Spread::Linear,
        mark: None,
    };
    Some(Figure::new("Learning rate", "The schedule as it was run.", draw(&lines, &curve)?))
}

fn gradient(history: &History) -> Option<Figure> {
    let curve = [Curve::new("gradient norm", over_steps(history, |step| step.grad_norm.0))];
    let lines = Lines {
        label: "Gradient norm over steps",
        x_title: "step",
        y_title: "gradient norm (log scale)",
        spread: Spread::Log,
        mark: None,
    };
    let caption = "The norm of all gradients together, before clipping. Spikes are batches that pulled hard.";
    Some(Figure::new("Gradient norm", caption, draw(&lines, &curve)?))
}
