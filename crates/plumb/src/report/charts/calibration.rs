//! The reliability diagram: how often it was right, against how sure it was.

use super::plot::{Frame, Plot};
use super::scale::Scale;
use super::{Figure, format};
use crate::report::format::counted;

/// One bin of predictions that were about equally sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bin {
    /// The mean probability of the predicted class.
    pub(crate) predicted: f64,
    /// The share that was right.
    pub(crate) observed: f64,
    /// How many predictions fall in it.
    pub(crate) count: u64,
}

/// Draws the bins; `ece` is the expected calibration error with its interval, as text.
pub(crate) fn draw(bins: &[Bin], ece: Option<&str>) -> Option<Figure> {
    let whole = |bin: &&Bin| bin.count > 0 && bin.predicted.is_finite() && bin.observed.is_finite();
    let bins: Vec<&Bin> = bins.iter().filter(whole).collect();
    let most = bins.iter().map(|bin| bin.count).max()? as f64;
    let frame = Frame {
        label: "Reliability diagram",
        x_title: "confidence",
        y_title: "share that was right",
        legend: &[],
    };
    let mut plot = Plot::new(&frame, Scale::exactly(0.0, 1.0), Scale::exactly(0.0, 1.0));
    plot.segment("chance", (0.0, 0.0), (1.0, 1.0));
    plot.line("s1", &bins.iter().map(|bin| (bin.predicted, bin.observed)).collect::<Vec<_>>());
    for bin in &bins {
        let tip = format!(
            "confidence {}, right {}, {}",
            format(bin.predicted),
            format(bin.observed),
            counted(bin.count as usize, "row")
        );
        plot.dot("s1", (bin.predicted, bin.observed), 3.0 + 5.0 * (bin.count as f64 / most).sqrt(), &tip);
    }
    let error = ece.map(|text| format!(" Expected calibration error {text}.")).unwrap_or_default();
    let caption = format!(
        "On the dotted diagonal a prediction made with a confidence of 0.8 is right 8 times in 10; below it the model is \
         too sure. Larger dots stand for more rows.{error}"
    );
    Some(Figure::new("Calibration", caption, plot.finish()))
}
