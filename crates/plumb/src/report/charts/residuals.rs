//! Residuals (actual minus predicted): against the prediction, and how they are spread.

use super::Figure;
use super::bars;
use super::plot::{Frame, Plot};
use super::predicted_actual::scatter;
use super::scale::{Scale, Spread, extent};

/// Draws the residuals over the predictions.
pub(crate) fn over_predictions(actual: &[f64], predicted: &[f64]) -> Option<Figure> {
    let points: Vec<(f64, f64)> = actual.iter().zip(predicted).map(|(a, p)| (*p, a - p)).collect();
    let whole = || points.iter().filter(|point| point.0.is_finite() && point.1.is_finite());
    let x = Scale::around(Spread::Linear, whole().map(|point| point.0))?;
    let y = Scale::around(Spread::Linear, whole().map(|point| point.1).chain([0.0]))?;
    let (low, high) = extent(whole().map(|point| point.0))?;
    let frame = Frame {
        label: "Residuals over predictions",
        x_title: "predicted",
        y_title: "actual − predicted",
        legend: &[],
    };
    let mut plot = Plot::new(&frame, x, y);
    scatter(&mut plot, &points);
    plot.segment("chance", (low, 0.0), (high, 0.0));
    let caption = "Without a pattern round the dotted line the model has left nothing simple unexplained; a funnel means \
                   that large values are predicted less exactly.";
    Some(Figure::new("Residuals against predictions", caption, plot.finish()))
}

/// Draws the histogram of the residuals: `counts[i]` between `edges[i]` and `edges[i + 1]`.
pub(crate) fn histogram(edges: &[f64], counts: &[u64]) -> Option<Figure> {
    let drawing = bars::draw("Histogram of residuals", "actual − predicted", edges, counts)?;
    let caption = "Rows beyond the 0.5 and 99.5 per cent quantiles are counted in the outermost bars.";
    Some(Figure::new("Spread of the residuals", caption, drawing))
}
