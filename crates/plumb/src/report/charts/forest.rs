//! One metric of several models as dots with their intervals, one below the other.

use super::Markup;
use super::scale::{Scale, Spread, extent};
use super::svg::{Anchor, Svg};
use crate::report::format::number;
use crate::report::text::cut;

const ROW: f64 = 30.0;
const LEFT: f64 = 128.0;
const WIDTH: f64 = 520.0;
/// Pixels that a character of the figures may take.
const CHARACTER: f64 = 7.0;
/// How far beyond the others a model may lie, in lengths of their range, before it is an arrow at the edge.
const FAR: f64 = 1.5;

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

/// Draws the rows in their order, the metric `of` some models; those without a finite value are left out. One that lies far from all others
/// (always guessing the majority, say) becomes an arrow at the edge, so that the others can be told apart.
pub(crate) fn draw(metric: &str, of: &str, rows: &[Row]) -> Option<Markup> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.value.is_finite()).collect();
    let far = far_row(&rows);
    let near = rows.iter().enumerate().filter(|(at, _)| Some(*at) != far).map(|(_, row)| ends(row));
    let right = WIDTH - 16.0 - CHARACTER * rows.iter().map(|row| figures(row).chars().count()).max()? as f64;
    let scale = Scale::around(Spread::Linear, near.flatten())?.over(LEFT, right);
    let bottom = ROW * rows.len() as f64 + 6.0;
    let mut svg = Svg::new(WIDTH, bottom + 42.0, &format!("{metric} of {of}, with intervals"));
    for tick in scale.ticks(4) {
        if let Some(x) = scale.place(tick.value) {
            svg.line("grid", (x, 4.0), (x, bottom));
            svg.text("tick", (x, bottom + 16.0), Anchor::Middle, &tick.label);
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let y = at as f64 * ROW + ROW / 2.0 + 4.0;
        draw_texts(&mut svg, (right, y), row);
        if Some(at) == far {
            draw_arrow(&mut svg, &scale, y, row);
        } else {
            draw_row(&mut svg, &scale, y, row);
        }
    }
    svg.text("title", (LEFT.midpoint(right), bottom + 34.0), Anchor::Middle, metric);
    Some(svg.finish())
}

/// The row that is so far from all others that it would press them together, if there is one.
fn far_row(rows: &[&Row]) -> Option<usize> {
    let own = rows.first()?.value;
    let distance = |row: &Row| (row.value - own).abs();
    let (at, far) = rows.iter().enumerate().max_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
    let near = rows.iter().enumerate().filter(|(other, _)| *other != at);
    let (low, high) = extent(near.flat_map(|(_, row)| ends(row)))?;
    let beyond = (low - far.value).max(far.value - high);
    (rows.len() > 2 && beyond > FAR * (high - low)).then_some(at)
}

fn ends(row: &Row) -> [f64; 3] {
    let (low, high) = row.interval.unwrap_or((row.value, row.value));
    [low, row.value, high]
}

fn figures(row: &Row) -> String {
    match row.interval {
        Some((low, high)) => format!("{} ({} to {})", number(row.value), number(low), number(high)),
        None => number(row.value),
    }
}

fn draw_texts(svg: &mut Svg, (right, y): (f64, f64), row: &Row) {
    let weight = if row.own { " own" } else { "" };
    svg.text(&format!("name{weight}"), (LEFT - 14.0, y + 4.0), Anchor::End, &cut(&row.name, 18));
    svg.text(&format!("name{weight}"), (right + 12.0, y + 4.0), Anchor::Start, &figures(row));
}

fn draw_arrow(svg: &mut Svg, scale: &Scale, y: f64, row: &Row) {
    if let Some(x) = scale.place(row.value) {
        let (anchor, arrow) = if x < LEFT + 1.0 {
            (Anchor::Start, "◂ off the axis")
        } else {
            (Anchor::End, "off the axis ▸")
        };
        svg.text("tick", (x, y + 4.0), anchor, arrow);
    }
}

fn draw_row(svg: &mut Svg, scale: &Scale, y: f64, row: &Row) {
    let class = if row.own { "s1" } else { "other" };
    if let Some((low, high)) =
        row.interval.and_then(|(low, high)| Some((scale.place(low)?, scale.place(high)?)))
    {
        svg.line(&format!("whisker {class}"), (low, y), (high, y));
    }
    if let Some(x) = scale.place(row.value) {
        let tip = format!("{}: {}", row.name, figures(row));
        svg.circle(&format!("dot {class}"), (x, y), if row.own { 6.0 } else { 4.5 }, &tip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f64) -> Row {
        Row { name: "m".into(), value, interval: Some((value - 0.01, value + 0.01)), own: false }
    }

    #[test]
    fn a_far_baseline_does_not_press_the_others_together() {
        let rows = [row(0.92), row(0.5), row(0.90), row(0.91)];
        assert_eq!(far_row(&rows.iter().collect::<Vec<_>>()), Some(1));
        assert!(draw("auroc", "models", &rows).unwrap().as_str().contains("◂ off the axis"));
        let alike = [row(0.92), row(0.5), row(0.7)];
        assert_eq!(far_row(&alike.iter().collect::<Vec<_>>()), None);
    }
}
