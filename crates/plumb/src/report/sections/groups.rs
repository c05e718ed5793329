//! Groups, sources and slices: who is served how well, with intervals.

use crate::report::RunFiles;
use crate::report::charts::Figure;
use crate::report::charts::forest;
use crate::report::evidence::{EvidenceTable, tables};
use crate::report::format::count;
use crate::report::text::cut;
use crate::report::view::{Block, Cell, Table};

/// Lines of a chart.
const MOST_DRAWN: usize = 14;
/// Lines of a table that stands open.
const OPEN: usize = 8;

/// A chart and a table for each list that the ledger has.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let tables = tables(&folder.ledger);
    let mut blocks: Vec<Block> = Block::figures(tables.iter().map(figure)).into_iter().collect();
    blocks.extend(tables.iter().map(|of| Block::Table(table(of))));
    blocks
}

fn figure(of: &EvidenceTable) -> Option<Figure> {
    let drawn = of.drawn?;
    let row = |line: &crate::report::evidence::Line| {
        let (value, low, high) = line.interval?;
        Some(forest::Row { name: cut(&line.short, 16), value, interval: Some((low, high)), own: true })
    };
    let rows: Vec<forest::Row> = of.lines.iter().filter_map(row).take(MOST_DRAWN).collect();
    let drawing = (rows.len() > 1).then(|| forest::draw(drawn, "these rows", &rows))??;
    Some(Figure::new(of.caption, "Each with its interval.", drawing))
}

fn table(of: &EvidenceTable) -> Table {
    let cells = |line: &crate::report::evidence::Line| {
        let numbers = line.cells.iter().map(|cell| Cell::number(cell.clone()));
        std::iter::once(Cell::text(line.name.clone())).chain(numbers).collect()
    };
    let table = Table::new(of.caption, &of.head, of.lines.iter().map(cells).collect());
    match of.left_out {
        0 if of.lines.len() <= OPEN => table,
        0 => table.folded(format!("{}: all {}", of.caption, count(of.lines.len()))),
        more => table.folded(format!(
            "{}: {} of {}",
            of.caption,
            count(of.lines.len()),
            count(of.lines.len() + more)
        )),
    }
}
