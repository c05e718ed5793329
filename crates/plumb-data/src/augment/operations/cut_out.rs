//! A square of the picture's mean colour: cutout (DeVries and Taylor 2017), whose middle lies anywhere, so that the
//! square may reach over an edge.

use plumb_ledger::Stream;

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::levels::means;
use crate::pictures::{Channels, Picture};

/// A character may be what is cut out. The paper's square is half as wide as CIFAR-10's pictures.
pub(super) const OPERATION: Operation = Operation {
    name: "cut-out",
    summary: "fills a square anywhere with the mean colour, as DeVries and Taylor (2017)",
    magnitude: Some(Magnitude {
        least: 0.0,
        greatest: 1.0,
        unchanged: 0.0,
        unit: "shares of the shorter side",
    }),
    keeps: Keeps { text: Text::Changed, ..Keeps::SHAPES },
    effect: Effect::Pixels(|picture: &mut Picture, share, stream| match picture.channels() {
        Channels::Grey => cut::<1>(picture, share, stream),
        Channels::Rgb => cut::<3>(picture, share, stream),
    }),
};

/// One pass for the mean, one over the square.
fn cut<const CHANNELS: usize>(picture: &mut Picture, share: f64, stream: Stream) {
    let (width, height) = (picture.width(), picture.height());
    let side = (share * width.min(height) as f64).round() as usize;
    let along = |index, extent: usize| {
        let first = stream.below(index, extent) as isize - (side / 2) as isize;
        let end = (first + side as isize).clamp(0, extent as isize) as usize;
        first.max(0) as usize..end
    };
    let (columns, rows) = (along(0, width), along(1, height));
    let mean = means::<CHANNELS>(picture).map(|mean| mean.round() as u8);
    let pixels = picture.pixels_mut().as_chunks_mut::<CHANNELS>().0;
    for row in pixels.chunks_exact_mut(width).skip(rows.start).take(rows.len()) {
        row[columns.clone()].fill(mean);
    }
}
