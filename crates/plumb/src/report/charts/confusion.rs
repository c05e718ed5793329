//! The confusion matrix: rows are the true classes, columns the predicted ones, shades the share of the row.

use super::svg::{Anchor, Area, Svg};
use super::{Figure, Markup};
use crate::report::format::{count, percent};
use crate::report::text::cut;

/// Classes that fit on the drawing; of more, the ones with the most confusions are shown.
const MOST: usize = 20;
const LEFT: f64 = 96.0;
const TOP: f64 = 46.0;
const WIDTH: f64 = 520.0;

/// Draws `matrix`, row-major with one row and one column for each class.
pub(crate) fn draw(classes: &[String], matrix: &[u64]) -> Option<Figure> {
    let n = classes.len();
    if n == 0 || matrix.len() != n * n || matrix.iter().all(|&cell| cell == 0) {
        return None;
    }
    let shown = most_confused(n, matrix);
    let cut = format!(" The {MOST} of {n} classes with the most confusions are shown.");
    let caption = format!(
        "Rows are the true classes, columns the predictions; a cell's shade is its share of its row.{}",
        if shown.len() < n { &cut } else { "" }
    );
    Some(Figure::new("Confusion matrix", caption, draw_cells(classes, matrix, &shown)))
}

fn draw_cells(classes: &[String], matrix: &[u64], shown: &[usize]) -> Markup {
    let n = classes.len();
    let cell = ((WIDTH - LEFT - 8.0) / shown.len() as f64).min(128.0);
    let height = (cell * 0.62).max(18.0);
    let room = (cell / 7.4) as usize;
    let bottom = TOP + height * shown.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 8.0, "Confusion matrix: true classes by predicted classes");
    svg.text("title", (LEFT + cell * shown.len() as f64 / 2.0, 16.0), Anchor::Middle, "predicted");
    svg.upright_text("title", (13.0, TOP.midpoint(bottom)), "true");
    for (row, &truth) in shown.iter().enumerate() {
        let y = TOP + row as f64 * height;
        let total: u64 = (0..n).map(|class| cell_of(matrix, n, truth, class)).sum();
        svg.text("tick", (LEFT - 8.0, y + height / 2.0 + 4.0), Anchor::End, &cut(name(classes, truth), 9));
        svg.text(
            "tick",
            (LEFT + (row as f64 + 0.5) * cell, TOP - 9.0),
            Anchor::Middle,
            &cut(name(classes, truth), room.max(1)),
        );
        for (column, &predicted) in shown.iter().enumerate() {
            let hits = cell_of(matrix, n, truth, predicted);
            let share = if total == 0 { 0.0 } else { hits as f64 / total as f64 };
            let area = Area { x: LEFT + column as f64 * cell, y, width: cell - 2.0, height: height - 2.0 };
            let tip = format!(
                "true {}, predicted {}: {} ({} of the row)",
                name(classes, truth),
                name(classes, predicted),
                count(hits as usize),
                percent(share)
            );
            svg.rect("cell", area, 1.0, "");
            svg.rect(if truth == predicted { "heat s1" } else { "heat s2" }, area, share, &tip);
            if count(hits as usize).len() <= room {
                let class = if share > 0.55 { "oncell strong" } else { "oncell" };
                let centre = (area.x + area.width / 2.0, y + height / 2.0 + 3.0);
                svg.text(class, centre, Anchor::Middle, &count(hits as usize));
            }
        }
    }
    svg.finish()
}

fn cell_of(matrix: &[u64], n: usize, truth: usize, predicted: usize) -> u64 {
    matrix.get(truth * n + predicted).copied().unwrap_or(0)
}

fn name(classes: &[String], class: usize) -> &str {
    classes.get(class).map_or("", String::as_str)
}

/// The classes to show, in their own order: all of them, or those with the most wrong rows and columns.
fn most_confused(n: usize, matrix: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let wrong = |class: usize| -> u64 {
        let others = (0..n).filter(|&other| other != class);
        others.map(|other| cell_of(matrix, n, class, other) + cell_of(matrix, n, other, class)).sum()
    };
    if n > MOST {
        order.sort_by_cached_key(|&class| std::cmp::Reverse(wrong(class)));
        order.truncate(MOST);
        order.sort_unstable();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_classes_the_confused_are_shown() {
        let n = 50;
        let mut matrix = vec![0; n * n];
        (0..n).for_each(|class| matrix[class * n + class] = 10);
        matrix[40 * n + 41] = 7;
        let shown = most_confused(n, &matrix);
        assert_eq!(shown.len(), MOST);
        assert!(shown.contains(&40) && shown.contains(&41));
        assert_eq!(most_confused(3, &[0; 9]), [0, 1, 2]);
    }

    #[test]
    fn a_matrix_of_another_size_is_not_drawn() {
        assert_eq!(draw(&["a".into(), "b".into()], &[1, 2, 3]), None);
        assert_eq!(draw(&[], &[]), None);
    }
}
