//! `train.finite`: is every loss, gradient, weight and metric a finite number?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::context::LISTED;
use super::{BrokenSeries, History, NonFinite, SeriesKind, TrainContext};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.finite",
        question: "Is every loss, gradient, weight and metric a finite number?",
        why: "One NaN or infinity spreads to all weights within a step. Tools that skip or smooth it show a \
              healthy curve over a dead model, so Plumb stops at once and names the place.",
        evidence: "The step, the layer where it shows first, and the rows of the batch (at most 20 of them, the \
                   count beside); in a recorded history the series that breaks first, where, how often, and the \
                   others that break; otherwise how many numbers were looked at. A loss fails, and so does a \
                   gradient that stays broken; anything else warns.",
        thresholds: &[],
        false_alarms: "A metric that has no value in single epochs, such as the precision of a class that is never \
                       predicted; one that never has a value is passed over. A gradient that overflows in single steps \
                       of training in 16 bits, where the loss scaler leaves such steps out: it only warns.",
        remedy: "Look at the named rows for extreme values; lower `train.lr`; set `train.clip_norm = 1.0`.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let history = &context.history;
    if let Some(found) = context.non_finite.clone().or_else(|| in_layers(history)) {
        return of_layer(&found);
    }
    let mut broken = if context.broken.is_empty() { in_history(history) } else { context.broken.clone() };
    broken.retain(|series| series.kind != SeriesKind::Other || series.count < series.of);
    if !broken.is_empty() {
        return of_series(&broken);
    }
    let losses = history.steps.iter().filter(|step| step.loss.is_some()).count()
        + history.epochs.iter().filter(|epoch| epoch.train_loss.is_some()).count();
    let metrics = history.epochs.iter().map(|epoch| epoch.valid.len()).sum::<usize>();
    if losses + metrics == 0 {
        return Judgement::skipped("no loss is recorded");
    }
    let looks = history.looks.iter().map(|look| look.layers.len()).sum::<usize>();
    let more = if looks > 0 { format!(" and {looks} looks at layers") } else { String::new() };
    Judgement::pass(format!("all {losses} losses, {metrics} figures of validation{more} are finite"))
        .with("losses", losses)
        .with("valid_figures", metrics)
        .with("looks", looks)
}

/// The first parameter whose gradient or values are not finite.
fn in_layers(history: &History) -> Option<NonFinite> {
    let mut all = history.looks.iter().flat_map(|look| look.layers.iter().map(move |layer| (look, layer)));
    all.find_map(|(look, (name, stats))| {
        let what = match (stats.grad_norm.is_finite(), stats.weight_norm.is_finite()) {
            (false, _) => "gradient",
            (true, false) => "weight",
            (true, true) => return None,
        };
        Some(NonFinite { what: what.to_owned(), step: look.step, layer: name.clone(), rows: Vec::new() })
    })
}

/// Every series of the history that holds a number which is none.
fn in_history(history: &History) -> Vec<BrokenSeries> {
    let steps = || history.steps.iter();
    let by_step = |figure: fn(&super::Step) -> Option<f64>| -> Vec<Recorded> {
        steps().filter_map(|step| Some((Some(step.step), step.epoch, figure(step)?))).collect()
    };
    let by_epoch = |figure: &dyn Fn(&super::Epoch) -> Option<f64>| -> Vec<Recorded> {
        let recorded = |epoch: &super::Epoch| Some((Some(epoch.step), epoch.epoch, figure(epoch)?));
        history.epochs.iter().filter_map(recorded).collect()
    };
    let names: std::collections::BTreeSet<&String> =
        history.epochs.iter().flat_map(|epoch| epoch.valid.keys()).collect();
    let mut found = vec![
        broken("loss", SeriesKind::Loss, &by_step(|step| step.loss)),
        broken("grad_norm", SeriesKind::Gradient, &by_step(|step| step.grad_norm)),
        broken("train_loss", SeriesKind::Loss, &by_epoch(&|epoch| epoch.train_loss)),
    ];
    found.extend(names.into_iter().map(|name| {
        let kind = if name == "loss" { SeriesKind::Loss } else { SeriesKind::Other };
        broken(&format!("valid/{name}"), kind, &by_epoch(&|epoch| epoch.valid.get(name).copied()))
    }));
    found.into_iter().flatten().collect()
}

/// Step, epoch and number.
type Recorded = (Option<u64>, u64, f64);

fn broken(name: &str, kind: SeriesKind, points: &[Recorded]) -> Option<BrokenSeries> {
    let &(step, epoch, value) = points.iter().find(|point| !point.2.is_finite())?;
    Some(BrokenSeries {
        name: name.to_owned(),
        kind,
        step,
        epoch: Some(epoch),
        value,
        count: points.iter().filter(|point| !point.2.is_finite()).count(),
        of: points.len(),
        recovered: points.last().is_some_and(|point| point.2.is_finite()),
    })
}

/// Whether a broken series means that the training is broken.
fn is_fatal(series: &BrokenSeries) -> bool {
    match series.kind {
        SeriesKind::Loss => true,
        SeriesKind::Gradient => !series.recovered,
        SeriesKind::Other => false,
    }
}

fn of_series(broken: &[BrokenSeries]) -> Judgement {
    let fatal = broken.iter().any(is_fatal);
    let of_weight = broken.iter().filter(|series| !fatal || is_fatal(series));
    let Some(first) = of_weight.min_by_key(|series| order(series)) else {
        return Judgement::skipped("no series");
    };
    let (from, rest) = match (first.recovered, first.count) {
        (false, _) => ("from ", " on".to_owned()),
        (true, 1) => ("at ", String::new()),
        (true, count) => ("at ", format!(" and {} times more", count - 1)),
    };
    let name = &first.name;
    let summary = format!("`{name}` is {} {from}{}{rest}", said(first.value), place(first));
    let judged = match (fatal, first.kind) {
        (true, _) => Judgement::fail(summary),
        (false, SeriesKind::Gradient) => Judgement::warn(summary)
            .remedy("nothing where a loss scaler left the step out; otherwise clip the gradients' norm at 1"),
        (false, _) => Judgement::warn(summary)
            .remedy("look at why the figure has no value there, such as a class that is never predicted"),
    };
    let others = broken.iter().filter(|series| series.name != first.name);
    let others: Vec<&str> = others.map(|series| series.name.as_str()).collect();
    let null = || serde_json::Value::Null;
    judged
        .with("series", name.as_str())
        .with("step", first.step.map_or_else(null, Into::into))
        .with("epoch", first.epoch.map_or_else(null, Into::into))
        .with("value", first.value)
        .with("broken_points", first.count)
        .with("points", first.of)
        .with("other_series", others.iter().take(LISTED).copied().collect::<Vec<_>>())
        .with("other_series_count", others.len())
}

/// The earliest first: by epoch, of which every log but the barest tells, then by step; a loss before a gradient, which
/// breaks in the same step.
fn order(series: &BrokenSeries) -> (u64, u64, bool) {
    (series.epoch.unwrap_or(u64::MAX), series.step.unwrap_or(u64::MAX), series.kind != SeriesKind::Loss)
}

fn said(value: f64) -> &'static str {
    if value.is_nan() { "not a number" } else { "infinite" }
}

fn place(series: &BrokenSeries) -> String {
    match (series.step, series.epoch) {
        (Some(step), Some(epoch)) => format!("step {step} (epoch {epoch})"),
        (Some(step), None) => format!("step {step}"),
        (None, Some(epoch)) => format!("epoch {epoch}"),
        (None, None) => "an unknown step".to_owned(),
    }
}

fn of_layer(found: &NonFinite) -> Judgement {
    let NonFinite { what, step, layer, rows } = found;
    Judgement::fail(format!("the {what} of step {step} is not finite, first in `{layer}`"))
        .with("what", what.as_str())
        .with("step", *step)
        .with("layer", layer.as_str())
        .with("rows", rows.iter().copied().take(LISTED).collect::<Vec<_>>())
        .with("row_count", rows.len())
}
