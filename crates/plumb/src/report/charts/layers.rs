//! A figure of each layer over the run: a line for each of a few layers, a heat map of many.

use super::lines::{Curve, Lines, draw as draw_lines};
use super::scale::{Scale, Spread, extent};
use super::svg::{Anchor, Area, Svg};
use super::{Figure, Markup, format, thin};
use crate::report::text::cut;

/// Layers that can be told apart as lines.
const MOST_LINES: usize = 6;
/// Layers that fit on the heat map; of more, the first and last ones are shown.
const MOST_ROWS: usize = 40;
const COLUMNS: usize = 48;
const LEFT: f64 = 150.0;
const WIDTH: f64 = 520.0;
const ROW: f64 = 18.0;

/// Draws one curve for each layer, in their order.
pub(crate) fn draw(title: &str, caption: &str, spread: Spread, layers: &[Curve]) -> Option<Figure> {
    if layers.len() <= MOST_LINES {
        let lines =
            Lines { label: title, x_title: "step", y_title: &axis_title(spread, title), spread, mark: None };
        return Some(Figure::new(title, caption, draw_lines(&lines, layers)?));
    }
    let shown = ends(layers, MOST_ROWS);
    let cut = format!(" The first and last of {} layers are shown.", layers.len());
    let cut = if shown.len() < layers.len() { &cut } else { "" };
    let caption = format!("{caption} The stronger the colour, the larger.{cut}");
    Some(Figure::new(title, caption, heat_map(title, spread, &shown)?))
}

fn axis_title(spread: Spread, title: &str) -> String {
    let log = if spread == Spread::Log { " (log scale)" } else { "" };
    format!("{}{log}", title.to_lowercase())
}

fn ends(layers: &[Curve], most: usize) -> Vec<&Curve> {
    if layers.len() <= most {
        return layers.iter().collect();
    }
    let half = most / 2;
    layers.iter().take(half).chain(layers.iter().skip(layers.len() - half)).collect()
}

fn heat_map(title: &str, spread: Spread, layers: &[&Curve]) -> Option<Markup> {
    let values = || layers.iter().flat_map(|layer| layer.points.iter().map(|point| point.1));
    let scale = Scale::around(spread, values())?.over(0.06, 1.0);
    let (first, last) = extent(layers.iter().flat_map(|layer| layer.points.iter().map(|point| point.0)))?;
    let (low, high) = extent(values().filter(|value| scale.place(*value).is_some()))?;
    let bottom = 30.0 + ROW * layers.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 40.0, title);
    draw_key(&mut svg, low, high);
    for (at, layer) in layers.iter().enumerate() {
        let y = 30.0 + at as f64 * ROW;
        svg.text("tick", (LEFT - 8.0, y + 13.0), Anchor::End, &cut(&layer.name, 20));
        draw_row(&mut svg, &scale, y, layer);
    }
    svg.text("tick", (LEFT, bottom + 16.0), Anchor::Start, &format(first));
    svg.text("tick", (WIDTH - 8.0, bottom + 16.0), Anchor::End, &format(last));
    svg.text("title", (LEFT.midpoint(WIDTH - 8.0), bottom + 32.0), Anchor::Middle, "step");
    Some(svg.finish())
}

fn draw_row(svg: &mut Svg, scale: &Scale, y: f64, layer: &Curve) {
    let stretches = thin::stretches(&layer.points, COLUMNS);
    let width = (WIDTH - 8.0 - LEFT) / stretches.len().max(1) as f64;
    for (at, stretch) in stretches.iter().enumerate() {
        let area = Area { x: LEFT + at as f64 * width, y, width: width + 0.2, height: ROW - 2.0 };
        let tip = format!("{}, step {}: {}", layer.name, format(stretch.x), format(stretch.mean));
        match scale.place(stretch.mean) {
            Some(strength) => svg.rect("heat s1", area, strength, &tip),
            None => svg.rect("hole", area, 1.0, &tip),
        }
    }
}

fn draw_key(svg: &mut Svg, low: f64, high: f64) {
    for step in 0..12 {
        let area = Area { x: LEFT + 80.0 + f64::from(step) * 10.0, y: 4.0, width: 10.2, height: 12.0 };
        svg.rect("heat s1", area, 0.06 + 0.94 * f64::from(step) / 11.0, "");
    }
    svg.text("tick", (LEFT + 74.0, 14.0), Anchor::End, &format(low));
    svg.text("tick", (LEFT + 206.0, 14.0), Anchor::Start, &format(high));
}
