//! Curves over epochs or steps: losses, a metric, the learning rate, a layer's figures.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Markup, series, thin};

/// Points of a curve before it is thinned: more than the pixels of the chart show.
const MOST_POINTS: usize = 600;
/// Points of a curve up to which each can be read with the pointer.
const MOST_DOTS: usize = 120;

/// One named curve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// Its name in the legend.
    pub(crate) name: String,
    /// Its points, ascending in the first coordinate.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Curve {
    /// A curve.
    pub(crate) fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }
}

/// What a chart of curves says beside them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    /// What a screen reader says.
    pub(crate) label: &'a str,
    /// The horizontal axis.
    pub(crate) x_title: &'a str,
    /// The vertical axis.
    pub(crate) y_title: &'a str,
    /// The spread of the vertical axis.
    pub(crate) spread: Spread,
    /// A place on the horizontal axis to point out.
    pub(crate) mark: Option<(f64, &'a str)>,
}

/// Draws the curves that have a finite point.
pub(crate) fn draw(lines: &Lines<'_>, curves: &[Curve]) -> Option<Markup> {
    let curves: Vec<&Curve> =
        curves.iter().filter(|curve| curve.points.iter().any(|p| p.1.is_finite())).collect();
    let points = || curves.iter().flat_map(|curve| curve.points.iter());
    let x = Scale::around(Spread::Linear, points().map(|point| point.0))?;
    let y = Scale::around(lines.spread, points().map(|point| point.1))?;
    let legend: Vec<(String, String)> =
        curves.iter().enumerate().map(|(at, curve)| (curve.name.clone(), series(at))).collect();
    let Lines { label, x_title, y_title, .. } = *lines;
    let mut plot = Plot::new(&Frame { label, x_title, y_title, legend: &legend }, x, y);
    if let Some((at, text)) = lines.mark {
        plot.mark(at, text);
    }
    for (curve, (_, class)) in curves.iter().zip(&legend) {
        draw_curve(&mut plot, curve, class, lines.x_title);
    }
    Some(plot.finish())
}

fn draw_curve(plot: &mut Plot, curve: &Curve, class: &str, x_title: &str) {
    plot.line(class, &thin::keep_spikes(&curve.points, MOST_POINTS));
    if curve.points.len() <= MOST_DOTS {
        for &(x, y) in &curve.points {
            let tip = format!("{}: {} at {x_title} {}", curve.name, super::format(y), super::format(x));
            plot.dot(&format!("{class} read"), (x, y), 4.0, &tip);
        }
    }
}
