//! Curves with crosses at the upper edge where a value is not finite: a line alone would hide it.

use super::super::store::{Block, outline};
use crate::report::charts::plot::{Frame, Plot};
use crate::report::charts::scale::{Scale, Spread};
use crate::report::charts::{Markup, format, series};

/// What a chart says beside its curves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// What a screen reader says.
    pub(crate) label: &'a str,
    /// The horizontal axis.
    pub(crate) x_title: &'a str,
    /// The vertical axis.
    pub(crate) y_title: &'a str,
    /// The spread of the vertical axis.
    pub(crate) spread: Spread,
}

/// The natural size of a chart as wide as the page.
const SIZE: (f64, f64) = (620.0, 300.0);

/// Draws the curves that have a point; nothing when none has a finite one.
pub(crate) fn draw(words: &Words<'_>, curves: &[(String, Vec<Block>)]) -> Option<Markup> {
    let lines: Vec<Vec<(f64, f64)>> = curves.iter().map(|(_, blocks)| outline(blocks)).collect();
    let points = || lines.iter().flatten();
    let x = Scale::around(Spread::Linear, points().map(|point| point.0))?;
    let y = Scale::around(words.spread, points().map(|point| point.1))?;
    let legend: Vec<(String, String)> =
        curves.iter().enumerate().map(|(at, (name, _))| (name.clone(), series(at))).collect();
    let Words { label, x_title, y_title, .. } = *words;
    let mut plot = Plot::sized(&Frame { label, x_title, y_title, legend: &legend }, x, y, SIZE);
    for (line, (_, class)) in lines.iter().zip(&legend) {
        plot.line(class, line);
    }
    for (name, blocks) in curves {
        for block in blocks.iter().filter(|block| block.bad > 0) {
            let at = format(block.bad_at);
            plot.flag(block.bad_at, &format!("{name} is not a number at {x_title} {at}"));
        }
    }
    Some(plot.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::store::Series;

    #[test]
    fn a_value_that_is_no_number_is_flagged_and_breaks_the_line() {
        let mut loss = Series::new(100);
        [1.0, 2.0, f64::NAN, 3.0, 1.0].iter().enumerate().for_each(|(at, &y)| loss.push(at as f64, y, 0));
        let words = Words { label: "l", x_title: "step", y_title: "loss", spread: Spread::Linear };
        let drawn = draw(&words, &[("loss".into(), loss.blocks().to_vec())]).unwrap();
        assert_eq!(drawn.as_str().matches("class=\"flag\"").count(), 2);
        assert_eq!(drawn.as_str().matches("class=\"line s1\"").count(), 2, "before and after the hole");
        assert!(drawn.as_str().contains("loss is not a number at step 2"));
        assert!(draw(&words, &[("loss".into(), Vec::new())]).is_none());
    }
}
