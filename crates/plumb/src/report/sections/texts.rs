//! What the network reads: the words of some texts by what they speak for, and where attention goes.

use crate::report::RunFiles;
use crate::report::charts::attention;
use crate::report::files::reading::{Attention, Changed, Piece, Text};
use crate::report::format::{count, percent};
use crate::report::text::cut;
use crate::report::view::{Block, Cell, ReadText, Table, Word};

/// The texts, then the layers.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(reading) = folder.reading.as_ref().filter(|reading| !reading.texts.is_empty()) else {
        return Vec::new();
    };
    let words = "Words by how much they speak for the class that was predicted (blue) or against it (orange): integrated gradients, the \
                 strongest word of each text in full colour. Texts that were told wrong come first.";
    let texts = Block::Texts { texts: reading.texts.iter().map(text).collect() };
    let attention = reading.attention.iter().flat_map(layers);
    let changed = (!reading.changed.is_empty()).then(|| changed(&reading.changed));
    [Block::text(words), texts].into_iter().chain(attention).chain(changed).collect()
}

/// Letters of a text in the table.
const LETTERS: usize = 240;

fn changed(texts: &[Changed]) -> Block {
    let row = |of: &Changed| {
        [&of.text].into_iter().chain(&of.changed).map(|text| Cell::text(cut(text, LETTERS))).collect()
    };
    let head = ["as it is", "changed", "changed again"];
    Block::Table(Table::new(
        "Training texts as they are, and as the network saw them",
        &head,
        texts.iter().map(row).collect(),
    ))
}

fn text(text: &Text) -> ReadText {
    let said = if text.truth == text.predicted { "rightly" } else { "wrongly" };
    let (sure, row) = (percent(text.probability.0), count(text.row as usize));
    let heading = format!("row {row} is {}, {said} taken for {} ({sure})", text.truth, text.predicted);
    ReadText { heading, words: text.pieces.iter().map(word).collect() }
}

fn word(piece: &Piece) -> Word {
    marked(&piece.text, piece.weight.0)
}

/// A piece of a text marked by a weight from -1 to 1. Four strengths on each side; what is weak stays plain.
pub(super) fn marked(piece: &str, weight: f64) -> Word {
    let strength = (weight.abs().clamp(0.0, 1.0) * 4.0).round() as u8;
    let side = if weight > 0.0 { "for" } else { "against" };
    let class = if strength == 0 { "plain".to_owned() } else { format!("{side}{strength}") };
    let text = piece.trim_start();
    let before = piece[..piece.len() - text.len()].to_owned();
    Word { before, text: text.to_owned(), class }
}

fn layers(of: &Attention) -> Vec<Block> {
    let figures = of.layers.iter().enumerate().map(|(number, layer)| {
        attention::draw(number + 1, of.layers.len(), of.row, &of.pieces, &layer.mean, &layer.heads)
    });
    Block::figures(figures).into_iter().collect()
}
