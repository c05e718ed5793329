//! What was measured before training: the rate finder, the learning curve.

use super::metric_names::in_words;
use super::plain;
use crate::report::RunFiles;
use crate::report::charts::lines::{self, Curve, Lines};
use crate::report::charts::scale::{Spread, extent};
use crate::report::charts::{Figure, rate_finder};
use crate::report::files::preflight::{CurvePoint, Preflight};
use crate::report::view::Block;

/// The range test of the learning rate, and what more rows bring.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let finder = folder.preflight.as_ref().and_then(|preflight| preflight.rate_finder.as_ref());
    let used = extent(folder.history.steps.iter().map(|step| step.lr.0)).map(|(_, highest)| highest);
    let figure = finder.and_then(|finder| {
        let suggestion = finder.suggestion.map(|rate| rate.0).filter(|rate| rate.is_finite());
        rate_finder::draw(&plain(&finder.rates), &plain(&finder.losses), suggestion, used)
    });
    Block::figures([figure, folder.preflight.as_ref().and_then(learning_curve)]).into_iter().collect()
}

fn learning_curve(preflight: &Preflight) -> Option<Figure> {
    let points = |score: fn(&CurvePoint) -> f64| {
        preflight.learning_curve.iter().map(|point| (point.rows.0, score(point))).collect()
    };
    let curves =
        [Curve::new("rows seen", points(|p| p.train.0)), Curve::new("valid rows", points(|p| p.valid.0))];
    let metric = in_words(&preflight.metric);
    let lines = Lines {
        label: "The score of boosted trees by train rows",
        x_title: "train rows",
        y_title: &metric,
        spread: Spread::Linear,
        mark: None,
    };
    let caption = "Boosted trees on growing shares of the train rows. Where the lower curve still rises, more rows help; where \
                   the two have met, they do not.";
    Some(Figure::new("Learning curve over rows", caption, lines::draw(&lines, &curves)?))
}
