//! Categories: the levels seen in train, as flags or as codes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::Column;

/// The levels of a category that train has, sorted by code point: their codes do not depend on the row order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// The level of code 1, 2, ...; code 0 is a missing, unknown or rare one.
    pub known: Vec<String>,
}

/// Levels as flags: two are one flag of +1 and -1, others one flag each. Missing or unknown: zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// The levels.
    pub levels: Levels,
}

impl Levels {
    /// The levels that at least `rare_below` of `rows` have; one pass over the rows.
    pub(super) fn fit(column: &Column, rows: &[u32], rare_below: usize) -> Self {
        let counted = counted(column, rows).into_iter().filter(|&(count, _)| count >= rare_below.max(1));
        Self::sorted(counted.map(|(_, level)| level))
    }

    /// The `limit` most frequent levels among `rows`, ties by code point; one pass over the rows.
    pub(crate) fn most_frequent(column: &Column, rows: &[u32], limit: usize) -> Self {
        let mut counted = counted(column, rows);
        counted.retain(|&(count, _)| count > 0);
        counted.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        Self::sorted(counted.into_iter().take(limit).map(|(_, level)| level))
    }

    fn sorted<'a>(levels: impl Iterator<Item = &'a str>) -> Self {
        let mut known: Vec<String> = levels.map(str::to_owned).collect();
        known.sort_unstable();
        Self { known }
    }

    /// The code of each of `rows`, levels matched by their text; one look-up a level, not a row.
    pub(crate) fn codes(&self, column: &Column, rows: &[u32]) -> Vec<u32> {
        let Some(categories) = column.categories() else { return vec![0; rows.len()] };
        let code_of: HashMap<&str, u32> = self.known.iter().map(String::as_str).zip(1..).collect();
        let translated: Vec<u32> = (0..categories.len() as u32)
            .map(|code| code_of.get(categories.level(code)).copied().unwrap_or(0))
            .collect();
        let code = |&row: &u32| categories.code(row as usize).map_or(0, |code| translated[code as usize]);
        rows.iter().map(code).collect()
    }
}

/// Every level with how many of `rows` have it.
fn counted<'a>(column: &'a Column, rows: &[u32]) -> Vec<(usize, &'a str)> {
    let Some(categories) = column.categories() else { return Vec::new() };
    let mut counts: Vec<(usize, &str)> =
        (0..categories.len() as u32).map(|code| (0, categories.level(code))).collect();
    for code in rows.iter().filter_map(|&row| categories.code(row as usize)) {
        counts[code as usize].0 += 1;
    }
    counts
}

impl OneHot {
    /// How many flags a row gets.
    pub fn width(&self) -> usize {
        if self.levels.known.len() == 2 { 1 } else { self.levels.known.len() }
    }

    /// The flags of each row, one column of them after the other.
    pub(super) fn flags(&self, column: &Column, rows: &[u32]) -> Vec<Vec<f32>> {
        let codes = self.levels.codes(column, rows);
        if self.levels.known.len() == 2 {
            return vec![codes.iter().map(|&code| [0.0, -1.0, 1.0][code as usize]).collect()];
        }
        let flag = |level: u32| codes.iter().map(|&code| f32::from(code == level)).collect();
        (1..=self.levels.known.len() as u32).map(flag).collect()
    }
}
