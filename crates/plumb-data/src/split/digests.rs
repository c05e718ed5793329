//! A digest of each row: equal rows are found without comparing every pair.

use arrow_array::{Array as _, Float64Array, LargeStringArray, TimestampMillisecondArray};
use plumb_ledger::digest::xxh3;
use rayon::prelude::*;

use crate::pictures::PictureSet;
use crate::prepare::{Scale, Scaling};
use crate::{Categories, Column, Table, Values};

/// Rows a thread takes at a time.
const BLOCK: usize = 8192;

/// XXH3 over the typed cells of each row: equal rows have equal digests, in any table of the same columns.
///
/// Categories count by their text, `-0` is `0`. One pass, 9 bytes a cell hashed.
pub fn row_digests(table: &Table) -> Vec<u64> {
    let columns: Vec<&Column> = table.columns().iter().collect();
    digests(&columns, table.rows(), Cells::exact)
}

/// XXH3 over the named columns of each row, in this order: what a model that reads these columns is shown of it. None where a column is missing.
///
/// Other columns do not count, so that the digest of a row is the same wherever else it stands. Nor does the label: rows that are chosen by
/// whether their label is the one that a model was trained on are no fair judges of that model.
pub fn shown_digests(table: &Table, names: &[&str]) -> Option<Vec<u64>> {
    let columns: Vec<&Column> = names.iter().map(|name| table.column(name)).collect::<Option<_>>()?;
    Some(exact_digests(&columns, table.rows()))
}

/// Digests that near twins share: numbers count by the cell of a grid, categories without case and outer blanks.
///
/// A grid cell is `width` interquartile ranges wide; grids half a cell apart (`shift`, in cells) together
/// find twins that one of them parts.
pub(super) fn near_digests(columns: &[&Column], rows: usize, width: f64, shift: f64) -> Vec<u64> {
    digests(columns, rows, |column| Cells::near(column, width, shift))
}

/// Digests over some columns.
pub(super) fn exact_digests(columns: &[&Column], rows: usize) -> Vec<u64> {
    digests(columns, rows, Cells::exact)
}

fn digests<'a>(columns: &[&'a Column], rows: usize, cells: impl Fn(&'a Column) -> Cells<'a>) -> Vec<u64> {
    let cells: Vec<Cells> = columns.iter().map(|column| cells(column)).collect();
    let mut digests = vec![0; rows];
    digests.par_chunks_mut(BLOCK).enumerate().for_each(|(block, digests)| {
        let mut bytes = Vec::new();
        for (place, digest) in digests.iter_mut().enumerate() {
            bytes.clear();
            for cells in &cells {
                cells.write(block * BLOCK + place, &mut bytes);
            }
            *digest = xxh3(&bytes);
        }
    });
    digests
}

/// How the cells of a column turn into bytes.
enum Cells<'a> {
    Numbers(&'a Float64Array),
    Grid { numbers: &'a Float64Array, center: f64, cells: f64, shift: f64 },
    Levels { codes: Categories<'a>, digests: Vec<u64> },
    Texts(&'a LargeStringArray),
    Times(&'a TimestampMillisecondArray),
    Pictures(&'a PictureSet),
    Nothing,
}

impl<'a> Cells<'a> {
    fn exact(column: &'a Column) -> Self {
        match &column.values {
            Values::Number(numbers) => Self::Numbers(numbers),
            Values::Text(texts) => Self::Texts(texts),
            Values::Time(times) => Self::Times(times),
            Values::Image(images) => Self::Pictures(&images.set),
            Values::Category(_) => Self::levels(column, |level| xxh3(level.as_bytes())),
        }
    }

    fn near(column: &'a Column, width: f64, shift: f64) -> Self {
        match &column.values {
            Values::Number(numbers) => {
                let mut present: Vec<f64> = numbers.iter().flatten().collect();
                let scale = Scale::fit(Scaling::Robust, &mut present);
                Self::Grid { numbers, center: scale.center, cells: scale.factor / width, shift }
            }
            Values::Category(_) => Self::levels(column, |level| xxh3(level.trim().to_lowercase().as_bytes())),
            _ => Self::exact(column),
        }
    }

    fn levels(column: &'a Column, digest: impl Fn(&str) -> u64) -> Self {
        column.categories().map_or(Self::Nothing, |codes| {
            let digests = (0..codes.len() as u32).map(|code| digest(codes.level(code))).collect();
            Self::Levels { codes, digests }
        })
    }

    /// Adds one cell: a byte that says whether it is there, then its value.
    #[inline]
    fn write(&self, row: usize, bytes: &mut Vec<u8>) {
        let eight = match self {
            // Adding zero turns `-0` into `0`.
            Self::Numbers(numbers) => {
                numbers.is_valid(row).then(|| (numbers.value(row) + 0.0).to_bits().to_le_bytes())
            }
            Self::Grid { numbers, center, cells, shift } => numbers.is_valid(row).then(|| {
                let cell = ((numbers.value(row) - center) * cells + shift).floor();
                (cell as i64).to_le_bytes()
            }),
            Self::Levels { codes, digests } => {
                codes.code(row).map(|code| digests[code as usize].to_le_bytes())
            }
            Self::Texts(texts) => {
                texts.is_valid(row).then(|| xxh3(texts.value(row).as_bytes()).to_le_bytes())
            }
            Self::Times(times) => times.is_valid(row).then(|| times.value(row).to_le_bytes()),
            Self::Pictures(set) => set.digest(row).map(u64::to_le_bytes),
            Self::Nothing => None,
        };
        bytes.push(u8::from(eight.is_some()));
        bytes.extend(eight.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn table(site: &str, kind: [&str; 3], more: bool) -> Table {
        let number = Column::number("x", Kind::Number, [Some(1.5), Some(-0.0), None]);
        let sites = Column::category("site", Kind::Category, [Some("a"), None, Some(site)]);
        let mut columns = vec![sites, Column::category("kind", Kind::Category, kind.map(Some)), number];
        columns
            .extend(more.then(|| Column::number("other", Kind::Number, [Some(1.0), Some(2.0), Some(3.0)])));
        Table::new(columns).unwrap()
    }

    #[test]
    fn what_a_model_is_shown_is_told_apart_and_nothing_else() {
        let of = |table: &Table| shown_digests(table, &["x", "site"]).unwrap();
        let known = of(&table("b", ["no", "yes", "no"], false));
        assert_eq!(
            known,
            of(&table("b", ["yes", "no", "no"], true)),
            "neither label nor other columns count"
        );
        let other = of(&table("c", ["no", "yes", "no"], false));
        assert_eq!((known[0], known[1]), (other[0], other[1]), "a category counts by its text, not its code");
        assert_ne!(known[2], other[2]);
        assert_eq!(known.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(shown_digests(&table("b", ["no", "yes", "no"], false), &["x", "gone"]), None);
    }
}
