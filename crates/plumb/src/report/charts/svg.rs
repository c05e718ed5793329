//! A small SVG writer: numbers rounded to a tenth of a pixel, every text escaped, looks left to the page's CSS.
//!
//! Marks carry CSS classes and no colour, so that one chart serves light, dark and print.

use std::fmt::Write as _;

use crate::report::text::{escape, shown};

/// Markup that may stand in the page as it is: made here or by a template, never by data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Markup(String);

impl Markup {
    /// The markup.
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for Markup {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        minijinja::Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins there.
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

impl Anchor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A drawing in the making. Lengths are CSS pixels at the drawing's natural size.
#[derive(Debug)]
pub(crate) struct Svg {
    out: String,
}

impl Svg {
    /// An empty drawing; `label` is what a screen reader says in its place.
    pub(crate) fn new(width: f64, height: f64, label: &str) -> Self {
        let mut svg = Self { out: String::with_capacity(4096) };
        let (width, height) = (width.ceil(), height.ceil());
        svg.write(format_args!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">",
            escape(&shown(label))
        ));
        svg
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let (x1, y1, x2, y2) = (px(x1), px(y1), px(x2), px(y2));
        self.write(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// A line through points; fewer than two draw nothing.
    pub(crate) fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        if points.len() > 1 {
            self.write(format_args!("<path class=\"line {class}\" d=\"{}\"/>", path(points)));
        }
    }

    /// A closed shape; fewer than three corners draw nothing. `tip` is what the pointer reads there.
    pub(crate) fn shape(&mut self, class: &str, corners: &[(f64, f64)], tip: &str) {
        if corners.len() > 2 {
            self.write(format_args!("<path class=\"{class}\" d=\"{}Z\"", path(corners)));
            self.close_with_tip("path", tip);
        }
    }

    /// A rectangle; `strength` from 0 to 1 is its opacity, `tip` what the pointer reads there.
    pub(crate) fn rect(&mut self, class: &str, area: Area, strength: f64, tip: &str) {
        let Area { x, y, width, height } = area;
        let (x, y, width, height) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
        self.write(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""
        ));
        if strength < 1.0 {
            self.write(format_args!(" fill-opacity=\"{:.3}\"", strength.max(0.0)));
        }
        self.close_with_tip("rect", tip);
    }

    /// A dot; `tip` is what the pointer reads there.
    pub(crate) fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tip: &str) {
        let (x, y, radius) = (px(x), px(y), px(radius));
        self.write(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\""));
        self.close_with_tip("circle", tip);
    }

    /// A PNG file in Base64, its shape kept; anything else than Base64 draws nothing.
    pub(crate) fn picture(&mut self, area: Area, base64: &str, tip: &str) {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if base64.bytes().all(letters) {
            let Area { x, y, width, height } = area;
            let (x, y, width, height) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
            self.write(format_args!(
                "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{base64}\""
            ));
            self.close_with_tip("image", tip);
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let (x, y, anchor) = (px(x), px(y), anchor.as_str());
        self.write(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">"));
        self.write(format_args!("{}</text>", escape(&shown(text))));
    }

    /// A text that reads upwards, centred on its point.
    pub(crate) fn upright_text(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let (x, y) = (px(x), px(y));
        self.write(format_args!(
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            escape(&shown(text))
        ));
    }

    /// The finished drawing.
    pub(crate) fn finish(mut self) -> Markup {
        self.out.push_str("</svg>");
        Markup(self.out)
    }

    fn close_with_tip(&mut self, element: &str, tip: &str) {
        if tip.is_empty() {
            self.out.push_str("/>");
        } else {
            self.write(format_args!("><title>{}</title></{element}>", escape(&shown(tip))));
        }
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _infallible = self.out.write_fmt(arguments);
    }
}

/// A rectangle's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    /// Left edge.
    pub(crate) x: f64,
    /// Upper edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

/// A length rounded to a tenth of a pixel: half the bytes, no visible difference. Non-finite becomes 0.
fn px(value: f64) -> f64 {
    if value.is_finite() { (value * 10.0).round() / 10.0 + 0.0 } else { 0.0 }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut d = String::with_capacity(points.len() * 12);
    for (index, &(x, y)) in points.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing to a `String` cannot fail.
        let _infallible = write!(d, "{command}{} {}", px(x), px(y));
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lengths_are_short() {
        let mut svg = Svg::new(100.0, 50.0, "a \"b\" <c>");
        svg.text("t", (1.234, f64::NAN), Anchor::End, "<script>&\u{202e}");
        svg.rect("r", Area { x: 0.0, y: 0.0, width: -3.0, height: 1.0 }, 0.25, "\"tip\"");
        let text = svg.finish().as_str().to_owned();
        assert!(text.contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\""), "{text}");
        assert!(
            text.contains("x=\"1.2\" y=\"0\" text-anchor=\"end\">&lt;script&gt;&amp;\\u{202e}<"),
            "{text}"
        );
        assert!(text.contains("width=\"0\"") && text.contains("fill-opacity=\"0.250\""), "{text}");
    }
}
