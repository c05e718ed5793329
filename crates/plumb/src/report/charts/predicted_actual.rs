//! Predictions against the truth: dots when they are few, a density when they are many.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread, extent};
use super::{Figure, format};
use crate::report::format::counted;

/// Rows drawn one by one; more hide one another.
const MOST_DOTS: usize = 1_500;
const CELLS: usize = 36;

/// Draws `predicted[i]` over `actual[i]`.
pub(crate) fn draw(actual: &[f64], predicted: &[f64]) -> Option<Figure> {
    let points: Vec<(f64, f64)> = actual.iter().copied().zip(predicted.iter().copied()).collect();
    let values = || finite(&points).flat_map(|(x, y)| [x, y]);
    let scale = Scale::around(Spread::Linear, values())?;
    let frame = Frame {
        label: "Predicted against actual values",
        x_title: "actual",
        y_title: "predicted",
        legend: &[],
    };
    let mut plot = Plot::new(&frame, scale, scale);
    let (low, high) = extent(values())?;
    scatter(&mut plot, &points);
    plot.segment("chance", (low, low), (high, high));
    let caption = "Every row of the judged part; on the dotted diagonal the prediction is exact.";
    Some(Figure::new("Predicted against actual", caption, plot.finish()))
}

/// Draws points as dots, or as shaded cells when they are more than 1,500. Those that are not finite are left out.
pub(crate) fn scatter(plot: &mut Plot, points: &[(f64, f64)]) {
    if points.len() <= MOST_DOTS {
        for &(x, y) in points {
            plot.dot("s1 faint", (x, y), 2.6, "");
        }
    } else {
        density(plot, points);
    }
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
}

fn density(plot: &mut Plot, points: &[(f64, f64)]) {
    let whole = || finite(points);
    let (Some(x), Some(y)) = (extent(whole().map(|p| p.0)), extent(whole().map(|p| p.1))) else { return };
    let step =
        |(low, high): (f64, f64)| ((high / 2.0 - low / 2.0) / CELLS as f64 * 2.0).max(f64::MIN_POSITIVE);
    let cell = |value: f64, axis: (f64, f64)| {
        (((value / 2.0 - axis.0 / 2.0) / step(axis) * 2.0) as usize).min(CELLS - 1)
    };
    let mut counts = vec![0_u32; CELLS * CELLS];
    for point in whole() {
        if let Some(n) = counts.get_mut(cell(point.1, y) * CELLS + cell(point.0, x)) {
            *n += 1;
        }
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(1)).ln_1p();
    for (at, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let left = x.0 + (at % CELLS) as f64 * step(x);
        let lower = y.0 + (at / CELLS) as f64 * step(y);
        let tip = format!("about {}, {}: {}", format(left), format(lower), counted(n as usize, "row"));
        // Logarithmic, so that a single row is still seen beside thousands.
        let strength = 0.15 + 0.85 * f64::from(n).ln_1p() / most;
        plot.bar("heat s1", (left, lower), (left + step(x), lower + step(y)), strength, &tip);
    }
}
