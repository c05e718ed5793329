//! The plugin `images`: what the network looked at while it learned, pictures of the evaluation, the confusion matrix.

use plumb_data::pictures::{Channels, Picture, png};

use super::markdown;
use super::proto::{DataClass, Value};
use super::value::{Plugin, strings};
use crate::log::note::{Content, Measured, Note, PictureGroup};

const PLUGIN: Plugin = Plugin { name: "images", class: DataClass::BlobSequence };
/// The side of a drawn confusion matrix, about.
const MATRIX: usize = 480;
/// Classes of a matrix at most: past this a cell would be no pixel.
const CLASSES: usize = 240;

pub(super) fn values(note: &Note) -> Vec<Value> {
    match &note.content {
        Content::Pictures { pictures, .. } => {
            pictures.iter().map(|(tag, picture)| value(tag, vec![png(picture, usize::MAX)])).collect()
        }
        Content::Measured(measured) => confusion(measured).into_iter().chain(groups(measured)).collect(),
        _ => Vec::new(),
    }
}

fn groups(measured: &Measured) -> impl Iterator<Item = Value> {
    let shown = |group: &PictureGroup| {
        value(&format!("pictures/{}", group.title), group.pngs.clone())
            .describe(markdown::plain(&group.caption))
    };
    measured.pictures.iter().filter(|group| !group.pngs.is_empty()).map(shown)
}

/// Width and height of the first as texts, then the files.
fn value(tag: &str, pngs: Vec<Vec<u8>>) -> Value {
    // The header of a PNG file holds them as big-endian numbers at bytes 16 and 20.
    let extent = |at: usize| {
        let bytes = pngs.first().and_then(|png| png.get(at..at + 4)).unwrap_or_default();
        bytes.iter().fold(0u32, |number, &byte| number << 8 | u32::from(byte)).to_string().into_bytes()
    };
    let mut parts = vec![extent(16), extent(20)];
    parts.extend(pngs);
    PLUGIN.value(tag, strings(parts))
}

/// Shares of each true class (row) by predicted class (column), from white to blue; the counts stand beside it.
fn confusion(measured: &Measured) -> Option<Value> {
    let (counts, classes) = (&measured.confusion, &measured.classes);
    if counts.is_empty() || counts.len() > CLASSES {
        return None;
    }
    let table = markdown::table(
        std::iter::once("is \\ seen as".to_owned()).chain(classes.iter().cloned()),
        classes.iter().zip(counts).map(|(class, row)| {
            std::iter::once(class.clone()).chain(row.iter().map(u64::to_string)).collect::<Vec<_>>()
        }),
    );
    let about = "Each row is a true class, each column what it was seen as; a row adds up to blue.\n\n";
    let picture = matrix(counts)?;
    Some(value("confusion", vec![png(&picture, usize::MAX)]).describe(format!("{about}{table}")))
}

fn matrix(counts: &[Vec<u64>]) -> Option<Picture> {
    const FULL: [f64; 3] = [8.0, 48.0, 107.0];
    let cell = (MATRIX / counts.len()).max(1);
    let side = cell * counts.len();
    let mut pixels = Vec::with_capacity(side * side * 3);
    for row in counts {
        let total = row.iter().sum::<u64>().max(1) as f64;
        let colour =
            |count: u64| FULL.map(|full| (255.0 - (255.0 - full) * count as f64 / total).round() as u8);
        let line: Vec<u8> = row.iter().flat_map(|&count| colour(count).repeat(cell)).collect();
        (0..cell).for_each(|_| pixels.extend(&line));
    }
    Picture::new(side, side, Channels::Rgb, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_extents_in_front() {
        let picture = Picture::new(3, 2, Channels::Grey, vec![9; 6]).unwrap();
        let pictures = vec![("filters".to_owned(), picture)];
        let note = Note { unix_ms: 0, content: Content::Pictures { step: 5, pictures } };
        let value = values(&note).remove(0);
        let tensor = value.tensor.unwrap();
        assert_eq!(tensor.string_val[..2], [b"3".to_vec(), b"2".to_vec()]);
        assert!(tensor.string_val[2].starts_with(b"\x89PNG"));
        assert_eq!(tensor.tensor_shape.unwrap().dim[0].size, 3);
    }

    #[test]
    fn a_cell_is_as_dark_as_its_share_of_the_row() {
        let picture = matrix(&[vec![10, 0], vec![1, 1]]).unwrap();
        assert_eq!((picture.width(), picture.height()), (MATRIX, MATRIX));
        let half = MATRIX / 2;
        assert_eq!(picture.pixel(0, 0), [8, 48, 107]);
        assert_eq!(picture.pixel(half, 0), [255, 255, 255]);
        assert_eq!(picture.pixel(0, half), picture.pixel(half, half));
    }
}
