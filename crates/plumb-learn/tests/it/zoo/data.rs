//! Made-up rows that a small network learns well: a table, pictures and texts, without noise in their labels.

use std::sync::Arc;

use plumb_data::augment::VIEWS;
use plumb_data::pictures::{Channels, Picture};
use plumb_data::prepare::{ImageEncoding, Prepared, PreparedImages, PreparedLabels};
use plumb_ledger::{Seed, Stream};

use crate::made_up::empty;

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    Picture,
    Text,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Picture => "pictures",
            Self::Text => "texts",
        }
    }
}

/// The numbers of a row of a table.
pub(crate) const COLUMNS: usize = 6;
/// The side of a picture.
pub(crate) const SIDE: usize = 8;
/// Different tokens.
pub(crate) const VOCABULARY: usize = 30;
/// The classes of pictures and texts.
pub(crate) const CLASSES: usize = 3;

/// Train rows and validation rows.
pub(crate) fn rows(kind: Kind, train: usize, valid: usize) -> [Prepared; 2] {
    let make = |rows, name| match kind {
        Kind::Table => table(rows, Seed(3).stream(name)),
        Kind::Picture => pictures(rows, Seed(3).stream(name)),
        Kind::Text => texts(rows, Seed(3).stream(name)),
    };
    [make(train, "train"), make(valid, "valid")]
}

/// Numbers of deviation 1 in two thirds of which nothing is; two classes by a curved border.
fn table(rows: usize, stream: Stream) -> Prepared {
    let numbers: Vec<f32> = (0..(rows * COLUMNS) as u64).map(|at| stream.normal(at) as f32).collect();
    let class = |row: &[f32]| u32::from(row[0] + 0.5 * row[1] * row[1] - 0.4 > 0.0);
    let labels = numbers.chunks_exact(COLUMNS).map(class).collect();
    Prepared { numbers, numbers_width: COLUMNS, labels: PreparedLabels::Classes(labels), ..empty(rows) }
}

/// A bright stripe, level, upright or sloping, in noise.
fn pictures(rows: usize, stream: Stream) -> Prepared {
    let class = |row: u64| stream.at(row).below(500, CLASSES) as u32;
    let picture = |row: u64| {
        let (stream, class) = (stream.at(row), class(row));
        let place = stream.below(501, SIDE);
        let pixel = |at: usize| {
            let (down, along) = (at / SIDE, at % SIDE);
            let there = [down, along, (down + along) % SIDE][class as usize];
            let bright = if there == place { 200.0 } else { 90.0 };
            (bright + 15.0 * stream.normal(at as u64)).clamp(0.0, 255.0) as u8
        };
        Picture::new(SIDE, SIDE, Channels::Grey, (0..SIDE * SIDE).map(pixel).collect()).unwrap()
    };
    let set = Arc::new((0..rows as u64).map(picture).collect());
    let encoding = ImageEncoding {
        side: SIDE,
        resized: SIDE,
        channels: Channels::Grey,
        mean: vec![0.4],
        deviation: vec![0.16],
    };
    let images = PreparedImages { set, rows: (0..rows as u32).collect(), encoding, view: VIEWS[0] };
    let labels = PreparedLabels::Classes((0..rows as u64).map(class).collect());
    Prepared { images: Some(images), labels, ..empty(rows) }
}

/// Words in random order, of which one tells the class.
fn texts(rows: usize, stream: Stream) -> Prepared {
    let class = |row: u64| stream.at(row).below(500, CLASSES) as u32;
    let text = |row: u64| -> Vec<u32> {
        let words = 4 + stream.at(row).below(501, 8) as u64;
        let word = |at: u64| 1 + CLASSES as u32 + stream.at(row).below(at, VOCABULARY - 1 - CLASSES) as u32;
        let mut tokens: Vec<u32> = (0..words).map(word).collect();
        tokens.insert(stream.at(row).below(502, tokens.len()), 1 + class(row));
        tokens
    };
    let labels = PreparedLabels::Classes((0..rows as u64).map(class).collect());
    Prepared { texts: Some((0..rows as u64).map(text).collect()), labels, ..empty(rows) }
}

/// The class codes of labels that are classes.
pub(crate) fn codes(labels: &mut PreparedLabels) -> &mut Vec<u32> {
    match labels {
        PreparedLabels::Classes(codes) => codes,
        other => panic!("no classes: {other:?}"),
    }
}
