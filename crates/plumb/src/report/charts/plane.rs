//! Rows as points on the plane in which they differ most, by class.

use super::plot::{Frame, HEIGHT, Plot, WIDTH};
use super::scale::{Scale, Spread};
use super::{Figure, series};

/// Classes with a colour of their own; the others share the last one.
const COLOURS: usize = 8;

/// Draws the points; those whose row was predicted wrong are larger.
pub(crate) fn draw(
    points: &[(f64, f64)],
    truth: &[u32],
    predicted: &[u32],
    classes: &[String],
) -> Option<Figure> {
    let x = Scale::around(Spread::Linear, points.iter().map(|point| point.0))?;
    let y = Scale::around(Spread::Linear, points.iter().map(|point| point.1))?;
    let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
    let own = classes.len().min(if classes.len() > COLOURS { COLOURS - 1 } else { COLOURS });
    let mut legend: Vec<(String, String)> = (0..own).map(|class| (name(class), series(class))).collect();
    if classes.len() > own {
        legend.push(("others".to_owned(), series(own)));
    }
    let frame = Frame {
        label: "Pictures by what the network sees of them",
        x_title: "first component",
        y_title: "second component",
        legend: &legend,
    };
    let mut plot = Plot::sized(&frame, x, y, (WIDTH, 1.3 * HEIGHT));
    for ((point, &truth), &told) in points.iter().zip(truth).zip(predicted) {
        let (class, right) = (truth as usize, truth == told);
        let looks = format!("{}{}", series(class.min(own)), if right { " faint" } else { "" });
        let tip =
            if right { name(class) } else { format!("{} seen as {}", name(class), name(told as usize)) };
        plot.dot(&looks, *point, if right { 2.6 } else { 4.5 }, &tip);
    }
    let caption = "Judged pictures on the first two principal components of what the head sees. Large dots were predicted wrong: \
                   among their own class a label may be wrong, among another the picture is hard.";
    Some(Figure::new("Pictures as the network sees them", caption, plot.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_a_dot_and_wrong_ones_are_large() {
        let classes: Vec<String> = ["a<b", "c"].map(str::to_owned).into();
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, 0.5)];
        let figure = draw(&points, &[0, 1, 1], &[0, 1, 0], &classes).unwrap();
        let markup = figure.drawing.as_str();
        assert_eq!(markup.matches("<circle").count(), 3);
        assert!(markup.contains("c seen as a&lt;b") && markup.matches("r=\"4.5\"").count() == 1, "{markup}");
        assert!(draw(&[], &[], &[], &classes).is_none());
    }
}
