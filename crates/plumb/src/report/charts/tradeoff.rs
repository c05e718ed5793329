//! Models by what an answer takes and how good it is: those that no other one beats in both are joined.

use super::plot::{Frame, Plot};
use super::scale::{Scale, Spread};
use super::{Figure, series};
use crate::report::format::number;

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// What it is called.
    pub(crate) name: String,
    /// Milliseconds of an answer.
    pub(crate) ms: f64,
    /// The metric.
    pub(crate) metric: f64,
}

/// The places of the models that none beats in both, the fastest first. `is_up` says that more of the metric is better.
fn front(points: &[Point], is_up: bool) -> Vec<usize> {
    let gain = |at: usize| if is_up { points[at].metric } else { -points[at].metric };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a].ms.total_cmp(&points[b].ms).then(gain(b).total_cmp(&gain(a))));
    let mut best = f64::NEG_INFINITY;
    order.retain(|&at| {
        let is_best = gain(at) > best;
        best = best.max(gain(at));
        is_best
    });
    order
}

/// Draws the models; fewer than two say nothing.
pub(crate) fn draw(points: &[Point], metric: &str, is_up: bool) -> Option<Figure> {
    let points: Vec<Point> =
        points.iter().filter(|of| of.ms.is_finite() && of.metric.is_finite()).cloned().collect();
    if points.len() < 2 {
        return None;
    }
    let x = Scale::around(Spread::Linear, points.iter().map(|of| of.ms).chain([0.0]))?;
    let y = Scale::around(Spread::Linear, points.iter().map(|of| of.metric))?;
    let legend: Vec<(String, String)> =
        points.iter().enumerate().map(|(at, of)| (of.name.clone(), series(at))).collect();
    let frame =
        Frame { label: "Models by time and metric", x_title: "ms, a row", y_title: metric, legend: &legend };
    let mut plot = Plot::new(&frame, x, y);
    let front = front(&points, is_up);
    for pair in front.windows(2) {
        let place = |at: usize| (points[at].ms, points[at].metric);
        plot.segment("mark", place(pair[0]), place(pair[1]));
    }
    for (at, of) in points.iter().enumerate() {
        let tip = format!("{}: {} ms, {}", of.name, number(of.ms), number(of.metric));
        plot.dot(&series(at), (of.ms, of.metric), 6.0, &tip);
    }
    let caption = "The median time of a request of one row on this machine beside the metric on the judged rows. The line joins models that no other one \
                   beats in both.";
    Some(Figure::new("What an answer takes and how good it is", caption, plot.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(ms: f64, metric: f64) -> Point {
        Point { name: format!("{ms}"), ms, metric }
    }

    #[test]
    fn what_is_slower_and_worse_is_not_on_the_front() {
        let points = [point(3.0, 0.9), point(1.0, 0.8), point(2.0, 0.7), point(1.0, 0.75)];
        assert_eq!(front(&points, true), [1, 0]);
        assert_eq!(front(&points, false), [3, 2]);
        let figure = draw(&points, "accuracy", true).unwrap();
        assert_eq!(figure.drawing.as_str().matches("<circle").count(), 4);
        assert!(draw(&points[..1], "accuracy", true).is_none());
    }
}
