//! A part of a picture.

/// A rectangle in pixels; edges may lie between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// From the left edge of the picture.
    pub left: f64,
    /// From the top edge.
    pub top: f64,
    /// To the right of `left`.
    pub width: f64,
    /// Below `top`.
    pub height: f64,
}

impl Rect {
    /// All of a picture.
    pub fn whole(width: usize, height: usize) -> Self {
        Self { left: 0.0, top: 0.0, width: width as f64, height: height as f64 }
    }

    /// Its share of a picture of these extents.
    pub fn share(&self, width: usize, height: usize) -> f64 {
        self.width * self.height / (width as f64 * height as f64)
    }

    /// The rectangle pushed and cut until it lies within a picture of these extents; at least a pixel, and all of an
    /// axis where its numbers are none.
    #[must_use]
    pub fn within(self, width: usize, height: usize) -> Self {
        let (left, width) = axis(self.left, self.width, width as f64);
        let (top, height) = axis(self.top, self.height, height as f64);
        Self { left, top, width, height }
    }
}

fn axis(start: f64, len: f64, all: f64) -> (f64, f64) {
    if !start.is_finite() || !len.is_finite() {
        return (0.0, all);
    }
    let len = len.clamp(1.0, all.max(1.0));
    (start.clamp(0.0, (all - len).max(0.0)), len)
}
