//! A histogram of the size of a word, for the rows of a table.

use super::Markup;
use super::svg::{Area, Svg};

const WIDTH: f64 = 104.0;
const HEIGHT: f64 = 24.0;

/// Draws the counts as bars beside one another; nothing when all are zero.
pub(crate) fn draw(label: &str, counts: &[u64]) -> Option<Markup> {
    let most = counts.iter().copied().max().filter(|&most| most > 0)? as f64;
    let step = WIDTH / counts.len() as f64;
    let mut svg = Svg::new(WIDTH, HEIGHT, label);
    for (at, &n) in counts.iter().enumerate() {
        // A bin that is not empty is seen, however small.
        let height = if n == 0 { 0.0 } else { (n as f64 / most * (HEIGHT - 2.0)).max(1.0) };
        let area = Area { x: at as f64 * step, y: HEIGHT - height, width: (step - 1.0).max(0.5), height };
        svg.rect("bar s1", area, 1.0, "");
    }
    Some(svg.finish())
}
