//! The learning rate range test: the loss over rates that rise, with the suggested rate marked.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Figure, format, series};

/// Draws `losses[i]` over `rates[i]`; `used` is the rate that the run trained with.
pub(crate) fn draw(
    rates: &[f64],
    losses: &[f64],
    suggestion: Option<f64>,
    used: Option<f64>,
) -> Option<Figure> {
    let points: Vec<(f64, f64)> = rates.iter().copied().zip(losses.iter().copied()).collect();
    let first = losses.iter().copied().find(|loss| loss.is_finite())?;
    // The test ends where the loss explodes: what lies far above its start would flatten all of interest.
    let ceiling = first.abs().mul_add(1.5, first);
    let x = Scale::around(Spread::Log, points.iter().filter(|p| p.1.is_finite()).map(|p| p.0))?;
    let y = Scale::around(
        Spread::Linear,
        losses.iter().map(|&loss| if loss > ceiling { ceiling } else { loss }),
    )?;
    let label = "Loss over the learning rate in the range test";
    let mut plot =
        Plot::new(&Frame { label, x_title: "learning rate (log scale)", y_title: "loss", legend: &[] }, x, y);
    let shown: Vec<(f64, f64)> =
        points.iter().copied().take_while(|p| p.1.is_nan() || p.1 <= ceiling).collect();
    plot.line(&series(0), &shown);
    if let Some(rate) = suggestion {
        plot.mark(rate, &format!("suggested {}", format(rate)));
    }
    let used = used
        .map(|rate| format!(" The run trained with {} at its highest.", format(rate)))
        .unwrap_or_default();
    let caption = format!(
        "A copy of the model is trained for a few steps while the rate rises. The steepest useful fall lies well before \
         the loss turns up again.{used}"
    );
    Some(Figure::new("Rate finder", caption, plot.finish()))
}
