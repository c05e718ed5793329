//! Where the tokens of a text look: a square for the mean of a layer's heads with the tokens beside it, small ones for each head.

use super::Figure;
use super::svg::{Anchor, Area, Svg};
use crate::report::text::cut;

/// The width of the chart, of what the tokens take, of the large square.
const WIDTH: f64 = 620.0;
const TOKENS: f64 = 92.0;
const LARGE: f64 = 288.0;
/// The small squares: how many side by side, and the gap between them.
const ACROSS: usize = 3;
const GAP: f64 = 6.0;
/// Letters of a token that fit.
const LETTERS: usize = 13;

/// Draws a layer; nothing without tokens or a square.
pub(crate) fn draw(
    layer: usize,
    layers: usize,
    row: u32,
    tokens: &[String],
    mean: &str,
    heads: &[String],
) -> Option<Figure> {
    if tokens.is_empty() || mean.is_empty() {
        return None;
    }
    let small = (WIDTH - TOKENS - LARGE - 2.0 * GAP) / ACROSS as f64 - GAP;
    let down = heads.len().div_ceil(ACROSS) as f64;
    let height = LARGE.max(down * (small + GAP));
    let caption = format!(
        "The text of row {row}. Each line is a token that looks, each column one that is looked at, in the order of the text; brighter is \
         more. Large: the mean of all heads; small: each head."
    );
    let mut svg = Svg::new(WIDTH, height, &caption);
    let line = LARGE / tokens.len() as f64;
    for (place, token) in tokens.iter().enumerate() {
        let y = (place as f64 + 0.5) * line + 4.0;
        svg.text("tick", (TOKENS - GAP, y), Anchor::End, &cut(token.trim(), LETTERS));
    }
    svg.picture(Area { x: TOKENS, y: 0.0, width: LARGE, height: LARGE }, mean, "the mean of all heads");
    for (number, head) in heads.iter().enumerate() {
        let (column, down) = (number % ACROSS, number / ACROSS);
        let x = TOKENS + LARGE + 2.0 * GAP + column as f64 * (small + GAP);
        let area = Area { x, y: down as f64 * (small + GAP), width: small, height: small };
        svg.picture(area, head, &format!("head {}", number + 1));
    }
    Some(Figure::new(format!("Attention in layer {layer} of {layers}"), caption, svg.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_and_head_is_there_and_nothing_gets_out() {
        let tokens = ["[CLS]".to_owned(), "<script>".to_owned()];
        let heads = vec!["QUJD".to_owned(); 4];
        let figure = draw(1, 3, 7, &tokens, "QUJD", &heads).unwrap();
        let markup = figure.drawing.as_str();
        assert_eq!((markup.matches("<image").count(), markup.matches("<script").count()), (5, 0), "{markup}");
        assert!(draw(1, 3, 7, &[], "QUJD", &heads).is_none());
    }
}
