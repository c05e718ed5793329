//! The frame that all charts with two axes share: margins, grid, ticks, axis titles, a legend.

use super::scale::{Scale, Tick};
use super::svg::{Anchor, Area, Markup, Svg};

/// The natural width of a chart in CSS pixels.
pub(crate) const WIDTH: f64 = 520.0;
/// The natural height.
pub(crate) const HEIGHT: f64 = 300.0;

const RIGHT: f64 = 18.0;
/// Pixels that a character of a tick label may take: the widest size that the page's CSS gives on a phone.
const CHARACTER: f64 = 7.6;
const LEGEND_ROW: f64 = 22.0;

/// What a chart says beside its marks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// What a screen reader says in the drawing's place.
    pub(crate) label: &'a str,
    /// The title of the horizontal axis.
    pub(crate) x_title: &'a str,
    /// The title of the vertical axis.
    pub(crate) y_title: &'a str,
    /// Names of the series with their CSS classes; fewer than two draw no legend.
    pub(crate) legend: &'a [(String, String)],
}

/// A chart in the making.
#[derive(Debug)]
pub(crate) struct Plot {
    svg: Svg,
    x: Scale,
    y: Scale,
    area: Area,
}

impl Plot {
    /// A frame with its grid and titles, of the natural size.
    pub(crate) fn new(frame: &Frame<'_>, x: Scale, y: Scale) -> Self {
        Self::sized(frame, x, y, (WIDTH, HEIGHT))
    }

    /// A frame of another size.
    pub(crate) fn sized(frame: &Frame<'_>, x: Scale, y: Scale, (width, height): (f64, f64)) -> Self {
        let y_ticks = y.ticks(5);
        let widest = y_ticks.iter().map(|tick| tick.label.chars().count()).max().unwrap_or(1);
        let left = 34.0 + CHARACTER * widest as f64;
        let rows = legend_places(frame.legend, left, width - RIGHT);
        let legend_height = rows.last().map_or(0.0, |place| place.1 + LEGEND_ROW);
        let top = 12.0 + legend_height;
        let area = Area { x: left, y: top, width: width - left - RIGHT, height: height - top - 50.0 };
        let x = x.over(area.x, area.x + area.width);
        let y = y.over(area.y + area.height, area.y);
        let mut plot = Self { svg: Svg::new(width, height, frame.label), x, y, area };
        plot.draw_horizontal_grid(&y_ticks);
        plot.draw_vertical_ticks();
        plot.draw_titles(frame, height);
        for ((name, class), place) in frame.legend.iter().zip(rows) {
            plot.draw_legend_entry(name, class, place);
        }
        plot
    }

    /// Joins points by a line; it is broken where a value has no place.
    pub(crate) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        for piece in self.pieces(points) {
            match piece.as_slice() {
                &[lone] => self.svg.circle(&format!("dot {class}"), lone, 2.5, ""),
                piece => self.svg.polyline(class, piece),
            }
        }
    }

    /// A dot with what the pointer reads there.
    pub(crate) fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tip: &str) {
        if let (Some(x), Some(y)) = (self.x.place(x), self.y.place(y)) {
            self.svg.circle(&format!("dot {class}"), (x, y), radius, tip);
        }
    }

    /// A rectangle between two corners, of a strength from 0 to 1.
    pub(crate) fn bar(
        &mut self,
        class: &str,
        (x1, y1): (f64, f64),
        (x2, y2): (f64, f64),
        strength: f64,
        tip: &str,
    ) {
        let corners = (self.x.place(x1), self.y.place(y1), self.x.place(x2), self.y.place(y2));
        if let (Some(x1), Some(y1), Some(x2), Some(y2)) = corners {
            let area = Area { x: x1.min(x2), y: y1.min(y2), width: (x2 - x1).abs(), height: (y2 - y1).abs() };
            self.svg.rect(class, area, strength, tip);
        }
    }

    /// A straight line between two points.
    pub(crate) fn segment(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let corners = (self.x.place(x1), self.y.place(y1), self.x.place(x2), self.y.place(y2));
        if let (Some(x1), Some(y1), Some(x2), Some(y2)) = corners {
            self.svg.line(class, (x1, y1), (x2, y2));
        }
    }

    /// A line over the whole height with a text at its head.
    pub(crate) fn mark(&mut self, x: f64, text: &str) {
        let Some(x) = self.x.place(x) else { return };
        let Area { y, height, .. } = self.area;
        self.svg.line("mark", (x, y), (x, y + height));
        let (anchor, shift) =
            if x > self.area.x + self.area.width / 2.0 { (Anchor::End, -6.0) } else { (Anchor::Start, 6.0) };
        self.svg.text("note", (x + shift, y + 11.0), anchor, text);
    }

    /// A cross at the upper edge: there stands a value that has no place on the axis.
    pub(crate) fn flag(&mut self, x: f64, tip: &str) {
        let Some(x) = self.x.place(x) else { return };
        let Area { y, height, .. } = self.area;
        self.svg.line("flagged", (x, y), (x, y + height));
        self.svg.line("flag", (x - 4.0, y - 4.0), (x + 4.0, y + 4.0));
        self.svg.line("flag", (x - 4.0, y + 4.0), (x + 4.0, y - 4.0));
        self.svg.circle("dot read", (x, y), 6.0, tip);
    }

    /// A cross at the foot of the plot, in one of several rows, where a value has no place because it is no number.
    pub(crate) fn cross(&mut self, x: f64, row: usize, tip: &str) {
        const ARM: f64 = 3.5;
        let Some(x) = self.x.place(x) else { return };
        let y = self.area.y + self.area.height - (2.0 * ARM + 4.0) * (row as f64 + 0.7);
        self.svg.line("cross", (x - ARM, y - ARM), (x + ARM, y + ARM));
        self.svg.line("cross", (x - ARM, y + ARM), (x + ARM, y - ARM));
        self.svg.circle("dot read", (x, y), ARM + 2.0, tip);
    }

    /// The finished drawing.
    pub(crate) fn finish(self) -> Markup {
        self.svg.finish()
    }

    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let place = |&(x, y): &(f64, f64)| Some((self.x.place(x)?, self.y.place(y)?));
        let placed: Vec<Option<(f64, f64)>> = points.iter().map(place).collect();
        let runs = placed.split(Option::is_none);
        runs.map(|run| run.iter().copied().flatten().collect::<Vec<_>>())
            .filter(|run| !run.is_empty())
            .collect()
    }

    fn draw_horizontal_grid(&mut self, ticks: &[Tick]) {
        let (left, right) = (self.area.x, self.area.x + self.area.width);
        for tick in ticks {
            if let Some(y) = self.y.place(tick.value) {
                self.svg.line("grid", (left, y), (right, y));
                self.svg.text("tick", (left - 8.0, y + 4.0), Anchor::End, &tick.label);
            }
        }
    }

    fn draw_vertical_ticks(&mut self) {
        let (left, right, bottom) =
            (self.area.x, self.area.x + self.area.width, self.area.y + self.area.height);
        self.svg.line("axis", (left, bottom), (right, bottom));
        let mut free_from = 0.0;
        for tick in self.x.ticks(6) {
            let Some(x) = self.x.place(tick.value) else { continue };
            let half = tick.label.chars().count() as f64 * CHARACTER / 2.0;
            self.svg.line("axis", (x, bottom), (x, bottom + 4.0));
            if x - half >= free_from {
                self.svg.text("tick", (x, bottom + 18.0), Anchor::Middle, &tick.label);
                free_from = x + half + 4.0;
            }
        }
    }

    fn draw_titles(&mut self, frame: &Frame<'_>, height: f64) {
        let centre = (self.area.x + self.area.width / 2.0, self.area.y + self.area.height / 2.0);
        self.svg.text("title", (centre.0, height - 8.0), Anchor::Middle, frame.x_title);
        self.svg.upright_text("title", (15.0, centre.1), frame.y_title);
    }

    fn draw_legend_entry(&mut self, name: &str, class: &str, (x, y): (f64, f64)) {
        let y = y + 12.0;
        self.svg.polyline(class, &[(x, y), (x + 22.0, y)]);
        self.svg.text("legend", (x + 28.0, y + 4.0), Anchor::Start, name);
    }
}

/// Where the entries of a legend begin: in rows from left to right. Empty when one entry would say nothing.
fn legend_places(legend: &[(String, String)], left: f64, right: f64) -> Vec<(f64, f64)> {
    if legend.len() < 2 {
        return Vec::new();
    }
    let (mut x, mut y) = (left, 0.0);
    let mut places = Vec::with_capacity(legend.len());
    for (name, _) in legend {
        let width = 28.0 + name.chars().count() as f64 * CHARACTER + 14.0;
        if x > left && x + width > right {
            (x, y) = (left, y + LEGEND_ROW);
        }
        places.push((x, y));
        x += width;
    }
    places
}
