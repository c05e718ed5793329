//! One metric of several models as dots with their intervals, one below the other.

use super::Markup;
use super::scale::{Scale, Spread};
use super::svg::{Anchor, Svg};
use crate::report::format::number;
use crate::report::text::cut;

const ROW: f64 = 30.0;
const LEFT: f64 = 128.0;
const WIDTH: f64 = 520.0;
const FIGURES: f64 = 160.0;

/// A model's figure with its interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The model.
    pub(crate) name: String,
    /// The metric.
    pub(crate) value: f64,
    /// The interval's ends, if it has one.
    pub(crate) interval: Option<(f64, f64)>,
    /// Whether it is the model of this run, to be told from its baselines.
    pub(crate) own: bool,
}

/// Draws the rows in their order; those without a finite value are left out.
pub(crate) fn draw(metric: &str, rows: &[Row]) -> Option<Markup> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.value.is_finite()).collect();
    let ends = rows.iter().flat_map(|row| {
        let (low, high) = row.interval.unwrap_or((row.value, row.value));
        [low, row.value, high]
    });
    let scale = Scale::around(Spread::Linear, ends)?.over(LEFT, WIDTH - FIGURES);
    let bottom = ROW * rows.len() as f64 + 6.0;
    let mut svg = Svg::new(
        WIDTH,
        bottom + 42.0,
        &format!("{metric} of the model and of its baselines, with intervals"),
    );
    for tick in scale.ticks(4) {
        if let Some(x) = scale.place(tick.value) {
            svg.line("grid", (x, 4.0), (x, bottom));
            svg.text("tick", (x, bottom + 16.0), Anchor::Middle, &tick.label);
        }
    }
    for (at, row) in rows.iter().enumerate() {
        draw_row(&mut svg, &scale, at as f64 * ROW + ROW / 2.0 + 4.0, row);
    }
    svg.text("title", (LEFT.midpoint(WIDTH - FIGURES), bottom + 34.0), Anchor::Middle, metric);
    Some(svg.finish())
}

fn draw_row(svg: &mut Svg, scale: &Scale, y: f64, row: &Row) {
    let (class, weight) = if row.own { ("s1", " own") } else { ("other", "") };
    let figures = match row.interval {
        Some((low, high)) => format!("{} ({} to {})", number(row.value), number(low), number(high)),
        None => number(row.value),
    };
    svg.text(&format!("name{weight}"), (LEFT - 14.0, y + 4.0), Anchor::End, &cut(&row.name, 18));
    svg.text(&format!("figures{weight}"), (WIDTH - FIGURES + 12.0, y + 4.0), Anchor::Start, &figures);
    if let Some((low, high)) =
        row.interval.and_then(|(low, high)| Some((scale.place(low)?, scale.place(high)?)))
    {
        svg.line(&format!("whisker {class}"), (low, y), (high, y));
    }
    if let Some(x) = scale.place(row.value) {
        svg.circle(
            &format!("dot {class}"),
            (x, y),
            if row.own { 6.0 } else { 4.5 },
            &format!("{}: {figures}", row.name),
        );
    }
}
