//! What the columns hold.

use crate::report::RunFiles;
use crate::report::charts::{Markup, spark};
use crate::report::files::profile::{Column, Profile};
use crate::report::format::{count, counted, number, percent};
use crate::report::text::cut;
use crate::report::view::{Block, Cell, Table};

/// Columns listed; a table has more only when nobody reads them one by one.
const MOST_COLUMNS: usize = 200;
/// Columns up to which the list stands open.
const MOST_OPEN: usize = 30;
/// Bars of a small histogram.
const BARS: usize = 26;

/// The size of the table and its columns.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(profile) = folder.profile.as_ref().filter(|profile| !profile.columns.is_empty()) else {
        return Vec::new();
    };
    let size = format!(
        "{}, {}. {}",
        counted(profile.rows, "row"),
        counted(profile.columns.len(), "column"),
        kinds(profile)
    );
    vec![Block::text(size), Block::Table(table(profile))]
}

fn kinds(profile: &Profile) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for column in &profile.columns {
        match kinds.iter_mut().find(|(kind, _)| *kind == column.kind) {
            Some((_, n)) => *n += 1,
            None => kinds.push((&column.kind, 1)),
        }
    }
    let words: Vec<String> = kinds.iter().map(|(kind, n)| format!("{} of kind {kind}", count(*n))).collect();
    format!("{}.", words.join(", "))
}

fn table(profile: &Profile) -> Table {
    let shown = profile.columns.iter().take(MOST_COLUMNS);
    let mut caption = "Columns; of numbers the smallest, median and largest value".to_owned();
    if profile.columns.len() > MOST_COLUMNS {
        caption += &format!("; the first {MOST_COLUMNS} of {}", count(profile.columns.len()));
    }
    let head = ["column", "kind", "missing", "distinct", "spread", "typical values", "tie to target"];
    let table = Table::new(caption, &head, shown.map(|column| row(profile, column)).collect());
    let open = profile.columns.len() <= MOST_OPEN;
    if open { table } else { table.folded(format!("Show {}", counted(table_rows(profile), "column"))) }
}

fn table_rows(profile: &Profile) -> usize {
    profile.columns.len().min(MOST_COLUMNS)
}

fn row(profile: &Profile, column: &Column) -> Vec<Cell> {
    let is_target = profile.target.as_deref() == Some(&column.name);
    let share = column.missing as f64 / profile.rows.max(1) as f64;
    let association = column.association.filter(|tie| !is_target && tie.0.is_finite());
    vec![
        Cell::text(if is_target { format!("{} (target)", column.name) } else { column.name.clone() }),
        Cell::text(column.kind.clone()),
        Cell::number(if column.missing == 0 { "–".to_owned() } else { percent(share) }),
        Cell::number(column.distinct.map_or_else(|| "–".to_owned(), count)),
        Cell::Drawing { drawing: spread(column) },
        Cell::text(typical(profile, column)),
        Cell::number(association.map_or_else(|| "–".to_owned(), |tie| format!("{:.2}", tie.0))),
    ]
}

fn spread(column: &Column) -> Option<Markup> {
    let counts = match &column.histogram {
        Some(histogram) => merged(&histogram.counts, BARS),
        None => column.levels.iter().take(BARS).map(|level| level.count).collect(),
    };
    spark::draw(&format!("Spread of {}", column.name), &counts)
}

fn merged(counts: &[u64], most: usize) -> Vec<u64> {
    counts.chunks(counts.len().div_ceil(most).max(1)).map(|group| group.iter().sum()).collect()
}

fn typical(profile: &Profile, column: &Column) -> String {
    if !column.levels.is_empty() {
        let share = |n: u64| percent(n as f64 / profile.rows.max(1) as f64);
        let top: Vec<String> = column
            .levels
            .iter()
            .take(3)
            .map(|l| format!("{} {}", cut(&l.value, 24), share(l.count)))
            .collect();
        return top.join(", ");
    }
    let middle = column.median.or(column.mean).map(|value| value.0);
    let values = [column.min.map(|value| value.0), middle, column.max.map(|value| value.0)];
    match plain_values(values) {
        Some([low, middle, high]) => format!("{} … {} … {}", number(low), number(middle), number(high)),
        None => String::new(),
    }
}

fn plain_values(values: [Option<f64>; 3]) -> Option<[f64; 3]> {
    let [Some(low), Some(middle), Some(high)] = values else { return None };
    [low, middle, high].iter().all(|value| value.is_finite()).then_some([low, middle, high])
}
