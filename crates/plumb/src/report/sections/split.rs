//! How the rows were divided.

use crate::report::RunFiles;
use crate::report::charts::shares;
use crate::report::files::split::SplitSummary;
use crate::report::format::{count, counted, of_all, percent};
use crate::report::view::{Block, Cell, Table};

/// Classes with a column of their own.
const MOST_CLASSES: usize = 12;

/// The method, the parts, the classes in them, and who read the test part.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(split) = folder.split.as_ref().filter(|split| !split.parts.is_empty()) else {
        return Vec::new();
    };
    let parts: Vec<shares::Part<'_>> =
        split.parts.iter().map(|part| (part.part.as_str(), part.classes.as_slice())).collect();
    let mut blocks = vec![Block::text(method(split)), Block::Table(table(split))];
    blocks.extend(Block::figures([shares::draw(&split.classes, &parts)]));
    blocks.push(Block::text(reads(split)));
    blocks
}

fn method(split: &SplitSummary) -> String {
    let column = split.column.as_ref().map(|column| format!(" by the column {column}")).unwrap_or_default();
    let folds =
        if split.folds > 1 { format!(", {}-fold cross-validation", split.folds) } else { String::new() };
    let drawn = if split.repeats > 1 { format!(" drawn {} times", split.repeats) } else { String::new() };
    format!("Method: {}{column}{folds}{drawn}.", split.method)
}

fn table(split: &SplitSummary) -> Table {
    let total: usize = split.parts.iter().map(|part| part.rows).sum();
    let classes = split.classes.iter().take(MOST_CLASSES).map(String::as_str);
    let head: Vec<&str> = ["part", "rows", "share"].into_iter().chain(classes).collect();
    let row = |part: &crate::report::files::split::PartSummary| {
        let share = part.rows as f64 / total.max(1) as f64;
        let first =
            [Cell::text(part.part.clone()), Cell::number(count(part.rows)), Cell::number(percent(share))];
        let classes = part.classes.iter().take(split.classes.len().min(MOST_CLASSES));
        first.into_iter().chain(classes.map(|&n| Cell::number(count(n as usize)))).collect()
    };
    let cut = of_all(split.classes.len().min(MOST_CLASSES), split.classes.len());
    let classes = if split.classes.is_empty() { "" } else { " and class" };
    let caption = format!("Rows by part{classes}{cut}");
    Table::new(caption, &head, split.parts.iter().map(row).collect())
}

fn reads(split: &SplitSummary) -> String {
    match split.test_reads.as_slice() {
        [] => "The test part was not read.".to_owned(),
        [once] => format!("The test part was read once: {once}."),
        reads => format!("The test part was read {}: {}.", counted(reads.len(), "time"), reads.join(", ")),
    }
}
