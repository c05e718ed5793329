//! The rows that the model got most wrong: wrong labels and hard cases stand here.

use crate::report::RunFiles;
use crate::report::charts::Figure;
use crate::report::charts::pictures::{Picture, draw};
use crate::report::files::worst::{WorstRow, WorstRows};
use crate::report::format::{count, number, of_all, percent};
use crate::report::text::cut;
use crate::report::view::{Block, Cell, Table};

/// Pictures shown.
const MOST_PICTURES: usize = 24;
/// Rows shown.
const MOST_ROWS: usize = 25;
/// Columns shown.
const MOST_COLUMNS: usize = 24;

/// The rows with their cells.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(worst) = folder.worst.as_ref().filter(|worst| !worst.rows.is_empty()) else { return Vec::new() };
    let text = "The rows with the largest loss. Look for wrong labels first: where the model is sure and wrong, it is often \
                the label that is wrong.";
    let blocks =
        [Some(Block::text(text)), Block::figures([pictures(worst)]), Some(Block::Table(table(worst)))];
    blocks.into_iter().flatten().collect()
}

/// The rows' pictures; none for tables without.
fn pictures(worst: &WorstRows) -> Option<Figure> {
    fn picture(row: &WorstRow) -> Option<Picture<'_>> {
        let share =
            row.probability.map_or_else(String::new, |probability| format!(" ({})", percent(probability.0)));
        row.picture.as_deref().map(|png| Picture {
            png,
            first: format!("is {}", row.target),
            second: format!("seen as {}", row.prediction),
            tip: format!("row {}: {}{share}, predicted {}", row.row, row.target, row.prediction),
        })
    }
    let shown: Vec<Picture<'_>> = worst.rows.iter().take(MOST_PICTURES).filter_map(picture).collect();
    let caption = "Each with its class and, below, what it was taken for; the pointer shows the row and the probability of the truth.";
    draw("The worst predictions", caption, None, &shown)
}

fn table(worst: &WorstRows) -> Table {
    let with_probability = worst.rows.iter().any(|row| row.probability.is_some());
    let probability = with_probability.then_some("probability of the truth");
    let columns = worst.columns.iter().take(MOST_COLUMNS).map(String::as_str);
    let head: Vec<&str> =
        ["row", "truth", "predicted"].into_iter().chain(probability).chain(["loss"]).chain(columns).collect();
    let rows = worst
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| cells(row, with_probability, worst.columns.len()))
        .collect();
    let shown = worst.columns.len().min(MOST_COLUMNS);
    let cut = of_all(shown, worst.columns.len());
    let caption = format!("Rows by loss, counted from 0 in the order of the files, with their columns{cut}");
    Table::new(caption, &head, rows)
}

fn cells(row: &WorstRow, with_probability: bool, columns: usize) -> Vec<Cell> {
    let probability = with_probability.then(|| {
        Cell::number(row.probability.map_or_else(|| "–".to_owned(), |probability| percent(probability.0)))
    });
    let values = row.cells.iter().take(columns.min(MOST_COLUMNS));
    let values =
        values.map(|cell| Cell::text(if cell.is_empty() { "–".to_owned() } else { cut(cell, 60) }));
    [
        Cell::number(count(row.row as usize)),
        Cell::text(row.target.clone()),
        Cell::text(row.prediction.clone()),
    ]
    .into_iter()
    .chain(probability)
    .chain([Cell::number(number(row.loss.0))])
    .chain(values)
    .collect()
}
