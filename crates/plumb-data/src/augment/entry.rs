//! The rows of a random policy's table of operations.

use plumb_ledger::Stream;

use super::operations::{Changing, Operation, Text};

/// Steps of magnitude between the two ends, both among them: 31 in both papers and in torchvision.
pub(super) const BINS: usize = 31;

/// An operation of a random policy, and its magnitudes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    operation: &'static Operation,
    /// The magnitude of the first bin.
    first: f64,
    /// That of the last one.
    last: f64,
    /// Whether the sign is drawn.
    signed: bool,
    /// Along which side of the picture the magnitudes are pixels; none when they are the operation's own.
    pixels_of: Option<Side>,
}

/// A side of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    /// Along the rows.
    Width,
    /// Along the columns.
    Height,
}

impl Entry {
    /// An operation that is done or not.
    pub(super) const fn plain(operation: &'static Operation) -> Self {
        Self::between(operation, 0.0, 0.0)
    }

    /// From the first magnitude to the last.
    pub(super) const fn between(operation: &'static Operation, first: f64, last: f64) -> Self {
        Self { operation, first, last, signed: false, pixels_of: None }
    }

    /// From nothing to this magnitude, either way.
    pub(super) const fn signed(operation: &'static Operation, last: f64) -> Self {
        Self { signed: true, ..Self::between(operation, 0.0, last) }
    }

    /// From nothing to this many pixels, either way, whatever the size of the picture.
    pub(super) const fn pixels(operation: &'static Operation, last: f64, side: Side) -> Self {
        Self { pixels_of: Some(side), ..Self::signed(operation, last) }
    }

    /// The magnitude of a bin, without its sign; never beyond what keeps text, if it is to be kept.
    fn magnitude(&self, bin: usize, picture: (usize, usize), keep_text: bool) -> f64 {
        let unit = match self.pixels_of {
            None => 1.0,
            Some(Side::Width) => picture.0 as f64,
            Some(Side::Height) => picture.1 as f64,
        };
        let last = match self.operation.keeps.text {
            Text::Within(limit) if keep_text => (self.last / unit).min(limit),
            _ => self.last / unit,
        };
        let first = self.first / unit;
        first + (last - first) * bin.min(BINS - 1) as f64 / (BINS - 1) as f64
    }
}

/// Draws an entry of the table and changes the picture by it; `bin` fixes the magnitude, else it is drawn too.
/// Entries that change text are passed over, if it is to be kept.
pub(super) fn draw(
    table: &[Entry],
    bin: Option<usize>,
    keep_text: bool,
    changing: &mut Changing,
    stream: Stream,
) {
    const NOISE: u64 = 0;
    let allowed = |entry: &&Entry| !keep_text || entry.operation.keeps.text != Text::Changed;
    let count = table.iter().filter(allowed).count();
    let drawn = (count > 0).then(|| stream.below(0, count));
    let Some(entry) = drawn.and_then(|index| table.iter().filter(allowed).nth(index)) else { return };
    let bin = bin.unwrap_or_else(|| stream.below(1, BINS));
    let sign = if entry.signed && stream.uniform(2) < 0.5 { -1.0 } else { 1.0 };
    let magnitude = entry.magnitude(bin, changing.extents(), keep_text);
    changing.by(entry.operation, sign * magnitude, stream.at(NOISE));
}

/// A table on a picture, for tests.
#[cfg(test)]
pub(super) fn magnitudes(entry: &Entry, side: usize, keep_text: bool) -> (&'static str, bool, Vec<f64>) {
    let magnitudes = (0..BINS).map(|bin| entry.magnitude(bin, (side, side), keep_text));
    (entry.operation.name, entry.signed, magnitudes.collect())
}
