//! The receiver operating characteristic: true against false positives over every threshold.

use super::plot::{Frame, Plot};
use super::scale::Scale;
use super::{Figure, series, thin};

/// Draws one curve for each `(name, [(false positive rate, true positive rate)])`; at most eight.
pub(crate) fn draw(curves: &[(String, Vec<(f64, f64)>)]) -> Option<Figure> {
    let curves: Vec<_> = curves.iter().filter(|(_, points)| points.len() > 1).take(8).collect();
    if curves.is_empty() {
        return None;
    }
    let legend: Vec<(String, String)> =
        curves.iter().enumerate().map(|(at, (name, _))| (name.clone(), series(at))).collect();
    let frame = Frame {
        label: "Receiver operating characteristic",
        x_title: "false positive rate",
        y_title: "true positive rate",
        legend: &legend,
    };
    let mut plot = Plot::new(&frame, Scale::exactly(0.0, 1.0), Scale::exactly(0.0, 1.0));
    plot.segment("chance", (0.0, 0.0), (1.0, 1.0));
    for ((_, points), (_, class)) in curves.iter().zip(&legend) {
        plot.line(class, &thin::keep_spikes(points, 400));
    }
    let caption = "The share of a class that is found, against the share of the others taken for it, over all \
                   thresholds. The dotted diagonal is chance; the upper left corner is perfect.";
    Some(Figure::new("ROC curve", caption, plot.finish()))
}
