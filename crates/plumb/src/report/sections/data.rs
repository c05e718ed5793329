//! What the columns hold.

use crate::report::RunFiles;
use crate::report::charts::{Markup, spark};
use crate::report::files::profile::{Column, Level, Profile};
use crate::report::format::{count, counted, number, of_all, percent};
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
    let shown = profile.columns.len().min(MOST_COLUMNS);
    let cut = of_all(shown, profile.columns.len());
    let caption = format!("Columns{cut}; of numbers the smallest, median and largest value");
    let measure = match profile.relation_measure.as_deref() {
        Some("auroc") => "AUROC alone",
        Some("explained-rank-variance") => "explains alone",
        _ => "relation",
    };
    let head = ["column", "kind", "missing", "distinct", "spread", "typical values", measure];
    let rows = profile.columns.iter().take(shown).map(|column| row(profile, column)).collect();
    let table = Table::new(caption, &head, rows);
    if shown <= MOST_OPEN { table } else { table.folded(format!("Show {}", counted(shown, "column"))) }
}

fn row(profile: &Profile, column: &Column) -> Vec<Cell> {
    let is_target = profile.target.as_deref() == Some(&column.name);
    let share = column.missing as f64 / profile.rows.max(1) as f64;
    let relation = column.relation.filter(|relation| relation.0.is_finite());
    vec![
        Cell::text(if is_target { format!("{} (target)", column.name) } else { column.name.clone() }),
        Cell::text(column.kind.clone()),
        Cell::number(if column.missing == 0 { "–".to_owned() } else { percent(share) }),
        Cell::number(column.distinct.map_or_else(|| "–".to_owned(), count)),
        Cell::Drawing { drawing: spread(column) },
        Cell::text(typical(profile, column)),
        Cell::number(relation.map_or_else(|| "–".to_owned(), |relation| format!("{:.2}", relation.0))),
    ]
}

fn spread(column: &Column) -> Option<Markup> {
    let counts = match &column.numbers {
        Some(numbers) => merged(&numbers.histogram, BARS),
        None => column.levels.iter().take(BARS).map(|level| level.rows).collect(),
    };
    spark::draw(&format!("Spread of {}", column.name), &counts)
}

fn merged(counts: &[u64], most: usize) -> Vec<u64> {
    counts.chunks(counts.len().div_ceil(most).max(1)).map(|group| group.iter().sum()).collect()
}

fn typical(profile: &Profile, column: &Column) -> String {
    let share = |level: &Level| percent(level.rows as f64 / profile.rows.max(1) as f64);
    let levels =
        column.levels.iter().take(3).map(|level| format!("{} {}", cut(&level.level, 24), share(level)));
    let value = if column.kind == "time" { date } else { number };
    let numbers =
        column.numbers.iter().flat_map(|numbers| [0.0, 0.5, 1.0].map(|level| numbers.quantile(level)));
    let numbers: Option<Vec<String>> = numbers.map(|quantile| quantile.map(value)).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => numbers.join(" … "),
        _ => levels.collect::<Vec<_>>().join(", "),
    }
}

fn date(milliseconds: f64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds as i64);
    time.map_or_else(|_| number(milliseconds), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::files::lenient::Number;
    use crate::report::files::profile::Numbers;

    #[test]
    fn times_are_dates() {
        let quantiles =
            [(0.0, 0.0), (0.5, 1.357e12), (1.0, 1.7e12)].map(|(level, value)| (level, Number(value)));
        let numbers = Numbers { quantiles: quantiles.to_vec(), histogram: Vec::new() };
        let column = Column { kind: "time".into(), numbers: Some(numbers), ..Column::default() };
        assert_eq!(typical(&Profile::default(), &column), "1970-01-01 … 2013-01-01 … 2023-11-14");
    }
}
