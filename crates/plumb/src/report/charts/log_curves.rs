//! Curves of a log: places to point out, and a cross wherever a number is none.

use super::lines::Curve;
use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Markup, format, series, thin};

/// Points of a curve before it is thinned: more than the pixels of the chart show.
const MOST_POINTS: usize = 600;
/// Points of a curve up to which each can be read with the pointer.
const MOST_DOTS: usize = 120;
/// Crosses of a curve: more would touch each other.
const MOST_CROSSES: usize = 60;
/// The highest value as a multiple of the middle one from which the vertical axis is of ratios.
const WIDE: f64 = 20.0;

/// What a chart says beside its curves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// What a screen reader says.
    pub(crate) label: &'a str,
    /// The horizontal axis.
    pub(crate) x_title: &'a str,
    /// The vertical axis.
    pub(crate) y_title: &'a str,
    /// A place on the horizontal axis to point out, with its words.
    pub(crate) mark: Option<(f64, &'a str)>,
}

/// Draws the curves; nothing when none has a finite point.
pub(crate) fn draw(about: &About<'_>, curves: &[Curve]) -> Option<Markup> {
    let curves: Vec<&Curve> = curves.iter().filter(|curve| !curve.points.is_empty()).collect();
    let points = || curves.iter().flat_map(|curve| curve.points.iter());
    let spread = spread(points().map(|point| point.1));
    let x = Scale::around(Spread::Linear, points().map(|point| point.0))?;
    let x = if points().all(|point| point.0.fract().abs() < f64::MIN_POSITIVE) { x.counting() } else { x };
    let y = Scale::around(spread, points().map(|point| point.1))?;
    let legend: Vec<(String, String)> =
        curves.iter().enumerate().map(|(at, curve)| (curve.name.clone(), series(at))).collect();
    let y_title = match spread {
        Spread::Log => format!("{} (log scale)", about.y_title),
        Spread::Linear => about.y_title.to_owned(),
    };
    let frame = Frame { label: about.label, x_title: about.x_title, y_title: &y_title, legend: &legend };
    let mut plot = Plot::new(&frame, x, y);
    if let Some((at, words)) = about.mark {
        plot.mark(at, words);
    }
    let mut rows = 0;
    for (curve, (_, class)) in curves.iter().zip(&legend) {
        draw_curve(&mut plot, curve, class, about.x_title);
        rows += usize::from(cross_out(&mut plot, curve, rows, about.x_title));
    }
    Some(plot.finish())
}

fn draw_curve(plot: &mut Plot, curve: &Curve, class: &str, x_title: &str) {
    plot.line(class, &thin::keep_spikes(&curve.points, MOST_POINTS));
    if curve.points.len() <= MOST_DOTS {
        for &point in curve.points.iter().filter(|point| point.1.is_finite()) {
            plot.dot(&format!("{class} read"), point, 4.0, &tip(curve, point, x_title));
        }
    }
}

/// Crosses out what is no number, in a row of the curve's own; whether there is any.
fn cross_out(plot: &mut Plot, curve: &Curve, row: usize, x_title: &str) -> bool {
    let holes: Vec<(f64, f64)> = curve.points.iter().copied().filter(|point| !point.1.is_finite()).collect();
    for &hole in holes.iter().step_by(holes.len().div_ceil(MOST_CROSSES).max(1)) {
        plot.cross(hole.0, row, &tip(curve, hole, x_title));
    }
    !holes.is_empty()
}

fn tip(curve: &Curve, (x, y): (f64, f64), x_title: &str) -> String {
    format!("{}: {} at {x_title} {}", curve.name, format(y), format(x))
}

/// Of ratios where all values are positive and the highest is so far above the middle one that it would flatten the rest.
fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    finite.sort_unstable_by(f64::total_cmp);
    let (low, high) = (finite.first().copied().unwrap_or(0.0), finite.last().copied().unwrap_or(0.0));
    let middle = finite.get(finite.len() / 2).copied().unwrap_or(0.0);
    if low > 0.0 && high > WIDE * middle { Spread::Log } else { Spread::Linear }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: Vec<(f64, f64)>) -> String {
        let about = About { label: "l", x_title: "epoch", y_title: "loss", mark: Some((1.0, "here")) };
        draw(&about, &[Curve::new("a", points)]).map(|markup| markup.as_str().to_owned()).unwrap_or_default()
    }

    #[test]
    fn every_number_that_is_none_has_a_cross() {
        let text = drawn(vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 2.0)]);
        assert_eq!(text.matches("class=\"cross\"").count(), 4, "two lines each: {text}");
        assert!(text.contains("a: not a number at epoch 1") && text.contains(">here<"), "{text}");
        let long = drawn((0..10_000).map(|x| (f64::from(x), if x < 10 { 1.0 } else { f64::NAN })).collect());
        assert!(long.matches("class=\"cross\"").count() <= 2 * MOST_CROSSES);
        assert_eq!(drawn(vec![(0.0, f64::NAN)]), "");
    }

    #[test]
    fn a_wide_range_is_of_ratios() {
        assert!(drawn(vec![(0.0, 1.0), (1.0, 2.0), (2.0, 1e6)]).contains("log scale"));
        assert!(!drawn(vec![(0.0, 1.0), (1.0, 0.5), (2.0, 1e-6)]).contains("log scale"));
        assert!(!drawn(vec![(0.0, 0.0), (1.0, 1e6)]).contains("log scale"));
    }
}
