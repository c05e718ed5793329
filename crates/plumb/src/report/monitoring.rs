//! The page of a monitored model: verdicts, drift over windows, quality, skew, the log.

use std::collections::BTreeMap;

use plumb_ledger::{Ledger, Verdict};
use plumb_serve::monitor::figures::{Figures, Of, Series, Window};

use super::ReportError;
use super::charts::Figure;
use super::charts::lines::Curve;
use super::charts::log_curves::{About, draw};
use super::format::{count, counted, number, of_all, percent};
use super::page::{Shown, lay_out};
use super::sections::answer::Answer;
use super::sections::metric_names::{headed, in_words};
use super::sections::verdicts;
use super::view::{Block, Cell, Table};

/// Series that are drawn in a chart: more lines cannot be told apart.
const MOST_DRAWN: usize = 6;
/// Series of the table.
const MOST_SERIES: usize = 200;
/// Windows of the table: the newest.
const MOST_WINDOWS: usize = 100;

/// Draws the page. The same figures give the same bytes.
pub(crate) fn render(figures: &Figures, ledger: &Ledger) -> Result<String, ReportError> {
    let mut shown = vec![Shown { id: "verdicts", title: "Verdicts", blocks: verdicts::of_ledger(ledger) }];
    shown.extend(sections(figures));
    let subject = format!("monitored beside {}", counted(figures.reference_rows, "reference row"));
    let (heading, sentences) = said(figures, ledger);
    lay_out(&Answer::of_log(ledger, subject, heading, sentences), &shown)
}

/// The sections below the verdicts.
pub(crate) fn sections(figures: &Figures) -> Vec<Shown> {
    let all = [
        ("drift", "Drift", drift(figures)),
        ("quality", "Quality", quality(figures)),
        ("skew", "Skew", skew(figures)),
        ("log", "Log", log(figures)),
    ];
    all.into_iter().map(|(id, title, blocks)| Shown { id, title, blocks }).collect()
}

/// The heading and the sentences below it.
fn said(figures: &Figures, ledger: &Ledger) -> (String, Vec<String>) {
    let words = [
        ("operate.performance", "The model is worse than it was"),
        ("operate.skew", "Rows are served as training did not know them"),
        ("operate.drift", "The world has moved"),
    ];
    let is = |id: &str, verdict| ledger.get(id).is_some_and(|entry| entry.verdict == verdict);
    let failed = words.iter().find(|(id, _)| is(id, Verdict::Fail));
    let warned = words.iter().any(|(id, _)| is(id, Verdict::Warn));
    let heading = match failed {
        Some((_, heading)) => heading,
        None if warned => "Something to look at",
        None if judged(figures).next().is_none() => "No window is complete yet",
        None => "As it was when it was judged",
    };
    let log = format!(
        "{} of {} served, {} of `{}`.",
        counted(figures.log.rows, "row"),
        count(figures.log.served.round() as usize),
        counted(figures.windows.len(), "window"),
        figures.mode
    );
    (heading.to_owned(), vec![log.replace('`', "")])
}

fn judged(figures: &Figures) -> impl DoubleEndedIterator<Item = &Window> {
    figures.windows.iter().filter(|window| window.skipped.is_none())
}

/// What a series is called on the page.
fn name(series: &Series) -> String {
    if series.of == Of::Missing { format!("{} (missing)", series.name) } else { series.name.clone() }
}

fn drift(figures: &Figures) -> Vec<Block> {
    let Some(newest) = judged(figures).next_back() else { return vec![Block::text(nothing(figures))] };
    let inputs = chart(figures, "Inputs", |series| matches!(series.of, Of::Values | Of::Missing));
    let answers = chart(figures, "Predictions", |series| matches!(series.of, Of::Prediction | Of::Embedding));
    let mut blocks: Vec<Block> = Block::figures([inputs, answers]).into_iter().collect();
    blocks.push(Block::Table(series_table(newest)));
    blocks.push(Block::Table(windows_table(figures)));
    blocks
}

fn nothing(figures: &Figures) -> String {
    format!("No window of {} is complete: the log has {}.", figures.mode, counted(figures.log.rows, "row"))
}

/// The size of each series in thresholds, window after window: those that came farthest.
fn chart(figures: &Figures, title: &str, is_wanted: impl Fn(&Series) -> bool) -> Option<Figure> {
    let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let windows: Vec<&Window> = judged(figures).collect();
    for (at, window) in windows.iter().enumerate() {
        for series in window.drift.iter().filter(|series| is_wanted(series)) {
            let size = in_thresholds(series);
            curves.entry(name(series)).or_default().push(((at + 1) as f64, size));
        }
    }
    let highest = |points: &[(f64, f64)]| points.iter().map(|point| point.1).fold(0.0, f64::max);
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = curves.into_iter().collect();
    let all = curves.len();
    curves.sort_by(|a, b| highest(&b.1).total_cmp(&highest(&a.1)));
    curves.truncate(MOST_DRAWN);
    let mut drawn: Vec<Curve> = curves.into_iter().map(|(name, points)| Curve::new(name, points)).collect();
    let shown = drawn.len();
    drawn.push(Curve::new("threshold", vec![(1.0, 1.0), (windows.len().max(2) as f64, 1.0)]));
    let about = About { label: title, x_title: "window", y_title: "size of the difference", mark: None };
    let caption = format!(
        "How far each series is from the reference sample, 1 being what counts{}. A series has moved where it is above and sure.",
        of_all(shown, all)
    );
    if shown == 0 { None } else { Some(Figure::new(title, caption, draw(&about, &drawn)?)) }
}

fn in_thresholds(series: &Series) -> f64 {
    // One half is where telling apart begins.
    let floor = if series.of == Of::Embedding { 0.5 } else { 0.0 };
    (series.size - floor) / (series.threshold - floor).max(f64::MIN_POSITIVE)
}

fn series_table(window: &Window) -> Table {
    let mut all: Vec<&Series> = window.drift.iter().collect();
    all.sort_by(|a, b| in_thresholds(b).total_cmp(&in_thresholds(a)));
    let rows = all.iter().take(MOST_SERIES).map(|series| {
        vec![
            Cell::text(name(series)),
            Cell::text(state(series, window.level)),
            Cell::text(series.effect.clone()),
            Cell::number(number(series.size)),
            Cell::number(number(series.threshold)),
            Cell::text(series.test.clone()),
            Cell::number(small(series.adjusted)),
        ]
    });
    let caption = format!(
        "The newest window, {}{}; p corrected by Holm, sure under {}",
        window.name,
        of_all(all.len().min(MOST_SERIES), all.len()),
        small(window.level)
    );
    let head = ["series", "", "difference", "size", "counts from", "test", "p"];
    let table = Table::new(caption, &head, rows.collect());
    if all.len() > 20 { table.folded(format!("{} series of the newest window", all.len())) } else { table }
}

/// What was found of a series.
fn state(series: &Series, level: f64) -> &'static str {
    match (series.drifted, series.adjusted <= level) {
        (true, _) => "moved",
        (false, true) => "sure, but small",
        (false, false) => "",
    }
}

/// A small number with its power of ten.
fn small(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:.1e}") } else { number(value) }
}

fn windows_table(figures: &Figures) -> Table {
    let all = figures.windows.len();
    let rows = figures.windows.iter().rev().take(MOST_WINDOWS).map(|window| {
        let moved: Vec<String> = window.drift.iter().filter(|series| series.drifted).map(name).collect();
        let found = match (&window.skipped, moved.as_slice()) {
            (Some(why), _) => format!("not judged: {why}"),
            (None, []) => "none".to_owned(),
            (None, moved) if moved.len() > 5 => {
                format!("{} and {} more", moved[..5].join(", "), moved.len() - 5)
            }
            (None, moved) => moved.join(", "),
        };
        vec![
            Cell::text(window.name.clone()),
            Cell::number(count(window.rows)),
            Cell::number(count(window.look as usize)),
            Cell::text(found),
        ]
    });
    let caption = format!("Windows, the newest first{}", of_all(all.min(MOST_WINDOWS), all));
    Table::new(caption, &["window", "rows", "look", "moved"], rows.collect()).folded(counted(all, "window"))
}

fn quality(figures: &Figures) -> Vec<Block> {
    let windows: Vec<(f64, &Window)> = (1..).map(f64::from).zip(judged(figures)).collect();
    let metric = in_words(&figures.metric);
    let points = |value: fn(&Window) -> Option<f64>| -> Vec<(f64, f64)> {
        windows.iter().filter_map(|(at, window)| Some((*at, value(window)?))).collect()
    };
    let measured = [
        Curve::new("measured", points(|window| window.quality.as_ref().map(|of| of.value))),
        Curve::new("lower end", points(|window| window.quality.as_ref().map(|of| of.low))),
        Curve::new("upper end", points(|window| window.quality.as_ref().map(|of| of.high))),
        Curve::new("recorded", points(|window| window.quality.as_ref().map(|of| of.reference))),
    ];
    let expected = [
        Curve::new("expected", points(|window| window.estimate.as_ref().map(|of| of.value))),
        Curve::new("lower end", points(|window| window.estimate.as_ref().map(|of| of.low))),
        Curve::new("upper end", points(|window| window.estimate.as_ref().map(|of| of.high))),
        Curve::new("reference", points(|window| window.estimate.as_ref().map(|of| of.reference))),
    ];
    let about = About { label: &headed(&figures.metric), x_title: "window", y_title: &metric, mark: None };
    let figure = |title: &str, caption: &str, curves: &[Curve]| {
        let is_there = curves.first().is_some_and(|curve| !curve.points.is_empty());
        is_there.then(|| draw(&about, curves)).flatten().map(|drawing| Figure::new(title, caption, drawing))
    };
    let measured = figure(
        "Measured by labels",
        "With its 95 % interval, beside what was recorded on the part that the model was judged on.",
        &measured,
    );
    let expected = figure(
        "Expected before labels come",
        "From the probabilities alone; right where they are calibrated and labels follow from rows as before.",
        &expected,
    );
    let mut blocks: Vec<Block> = Block::figures([measured, expected]).into_iter().collect();
    if blocks.is_empty() {
        blocks
            .push(Block::text("No labels have come, and no quality can be expected from the answers alone."));
    }
    let rows: Vec<Vec<Cell>> = windows.iter().rev().filter_map(|(_, window)| quality_row(window)).collect();
    if !rows.is_empty() {
        let all = rows.len();
        let head = ["window", "labelled", "", "value", "from", "to", "recorded", "p"];
        let caption = format!(
            "{} by labels, the newest window first{}",
            headed(&figures.metric),
            of_all(all.min(MOST_WINDOWS), all)
        );
        blocks.push(Block::Table(Table::new(caption, &head, rows.into_iter().take(MOST_WINDOWS).collect())));
    }
    blocks
}

fn quality_row(window: &Window) -> Option<Vec<Cell>> {
    let of = window.quality.as_ref()?;
    Some(vec![
        Cell::text(window.name.clone()),
        Cell::number(count(of.labelled)),
        Cell::text(if of.worse { "worse" } else { "" }),
        Cell::number(number(of.value)),
        Cell::number(number(of.low)),
        Cell::number(number(of.high)),
        Cell::number(number(of.reference)),
        Cell::number(small(of.p)),
    ])
}

fn skew(figures: &Figures) -> Vec<Block> {
    let Some(skew) = &figures.skew else { return vec![Block::text(nothing(figures))] };
    let replayed = match skew.replayed.map(|of| (of, of.difference)) {
        Some((of, Some(difference))) => format!(
            "{} asked again of the bundle's model give what was served; the largest difference is {} (up to {:.0e} is the same).",
            counted(of.rows, "logged row"),
            small(difference),
            of.tolerance
        ),
        Some((of, None)) => {
            format!("The bundle's model has no answer to {}.", counted(of.rows, "logged row"))
        }
        None => "Logged rows were not asked again: the log has no raw rows of this model.".to_owned(),
    };
    let mut blocks = vec![Block::text(replayed)];
    if skew.findings.is_empty() {
        blocks.push(Block::text(format!(
            "No unseen category, no new gap and no value beyond the extremes in {} of {}.",
            counted(skew.rows, "row"),
            skew.window
        )));
        return blocks;
    }
    let rows = skew.findings.iter().map(|finding| {
        vec![
            Cell::text(finding.column.clone()),
            Cell::text(finding.what.clone()),
            Cell::text(if finding.counts { "counts" } else { "" }),
            Cell::number(count(finding.rows)),
            Cell::number(percent(finding.share)),
            Cell::number(small(finding.p)),
            Cell::text(finding.examples.join(", ")),
        ]
    });
    let head = ["column", "what", "", "rows", "share", "p", "examples"];
    blocks.push(Block::Table(Table::new(
        format!("What training did not know, in {}", skew.window),
        &head,
        rows.collect(),
    )));
    blocks
}

fn log(figures: &Figures) -> Vec<Block> {
    let log = &figures.log;
    let mut facts = vec![
        ("segments", count(log.segments)),
        ("rows of this model", count(log.rows)),
        ("served rows that they stand for", count(log.served.round() as usize)),
        ("rows of other models", count(log.others as usize)),
        ("older rows, not looked at", count(log.older as usize)),
        ("damaged segments, passed over", count(log.damaged.len())),
    ];
    if let Some(labels) = &figures.labels {
        facts.extend([
            ("labels", count(labels.rows)),
            ("labels that came again", count(labels.repeated)),
            ("labels that are no class or number", count(labels.unusable)),
            ("labels of rows that are not in the log", count(labels.unmatched)),
            ("logged rows with a label", count(labels.labelled)),
        ]);
    }
    let rows = facts.into_iter().map(|(name, value)| vec![Cell::text(name), Cell::number(value)]).collect();
    let mut blocks = vec![Block::Table(Table::new("What was read", &["", "count"], rows))];
    blocks.extend(log.damaged.iter().take(20).map(|why| Block::text(format!("Passed over: {why}."))));
    blocks
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
