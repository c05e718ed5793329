//! Precision against recall over every threshold.

use super::plot::{Frame, Plot};
use super::scale::Scale;
use super::{Figure, series, thin};

/// A class's curve: its name, its share of the rows (what chance reaches), its points `(recall, precision)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassCurve {
    /// The class.
    pub(crate) name: String,
    /// Its share of the rows.
    pub(crate) share: Option<f64>,
    /// The points.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws the curves, at most eight.
pub(crate) fn draw(curves: &[ClassCurve]) -> Option<Figure> {
    let curves: Vec<&ClassCurve> = curves.iter().filter(|curve| curve.points.len() > 1).take(8).collect();
    if curves.is_empty() {
        return None;
    }
    let legend: Vec<(String, String)> =
        curves.iter().enumerate().map(|(at, curve)| (curve.name.clone(), series(at))).collect();
    let frame =
        Frame { label: "Precision over recall", x_title: "recall", y_title: "precision", legend: &legend };
    let mut plot = Plot::new(&frame, Scale::exactly(0.0, 1.0), Scale::exactly(0.0, 1.0));
    if let &[&ClassCurve { share: Some(share), .. }] = curves.as_slice() {
        plot.segment("chance", (0.0, share), (1.0, share));
    }
    for (curve, (_, class)) in curves.iter().zip(&legend) {
        plot.line(class, &thin::keep_spikes(&curve.points, 400));
    }
    let caption = "How many of those taken for the class belong to it, against how many of the class are found. The \
                   dotted line, if any, is chance: the share of the class.";
    Some(Figure::new("Precision and recall", caption, plot.finish()))
}
