//! Pictures side by side, each with what is true and what was predicted.

use super::Figure;
use super::svg::{Anchor, Area, Svg};
use crate::report::text::cut;

/// A picture and its words.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// A PNG file in Base64.
    pub(crate) png: &'a str,
    /// The line under it.
    pub(crate) first: String,
    /// The line under that.
    pub(crate) second: String,
    /// What the pointer reads.
    pub(crate) tip: String,
}

/// With six pictures and the gaps between them, as wide as a chart may be on the page.
const SIDE: f64 = 93.0;
const GAP: f64 = 12.0;
const LINES: f64 = 40.0;
const ACROSS: usize = 6;
/// Letters of a line that fit under a picture.
const LETTERS: usize = 16;

/// Draws the pictures in rows of `across`, or of as many as there is room for; nothing when there is none.
pub(crate) fn draw(
    title: &str,
    caption: &str,
    across: Option<usize>,
    pictures: &[Picture<'_>],
) -> Option<Figure> {
    if pictures.is_empty() {
        return None;
    }
    // As wide for a few pictures as for many, so that each is as large.
    let across = across.unwrap_or(ACROSS).clamp(1, ACROSS);
    let (width, down) = (ACROSS as f64 * (SIDE + GAP) - GAP, pictures.len().div_ceil(across));
    let height = down as f64 * (SIDE + LINES);
    let mut svg = Svg::new(width, height, caption);
    for (index, picture) in pictures.iter().enumerate() {
        let (column, row) = (index % across, index / across);
        let (x, y) = (column as f64 * (SIDE + GAP), row as f64 * (SIDE + LINES));
        svg.picture(Area { x, y, width: SIDE, height: SIDE }, picture.png, &picture.tip);
        let middle = x + SIDE / 2.0;
        svg.text("tick", (middle, y + SIDE + 14.0), Anchor::Middle, &cut(&picture.first, LETTERS));
        svg.text("tick", (middle, y + SIDE + 28.0), Anchor::Middle, &cut(&picture.second, LETTERS));
    }
    Some(Figure::new(title, caption, svg.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_drawn_and_nothing_else_gets_in() {
        let picture =
            |png| Picture { png, first: "<b>".to_owned(), second: String::new(), tip: "a & b".to_owned() };
        let drawn = draw("Worst", "caption", None, &[picture("QUJD"), picture("\"/><script>")]).unwrap();
        let markup = drawn.drawing.as_str();
        assert!(markup.contains("base64,QUJD\""), "{markup}");
        assert!(!markup.contains("<script") && !markup.contains("<b>"), "{markup}");
        assert_eq!(markup.matches("<image").count(), 1);
        assert!(draw("Worst", "caption", None, &[]).is_none());
    }
}
