//! Pairs of pictures that are nearly the same.

use serde_json::Value;

use super::{Group, Shown, View};

/// Pairs shown.
const PAIRS: usize = 9;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let found = view.ledger.get("data.duplicates").and_then(|entry| entry.evidence.get("first_near_pairs"));
    let pairs = found.and_then(Value::as_array).into_iter().flatten().take(PAIRS);
    let rows = |pair: &Value| -> Option<[u32; 2]> {
        let row = |at: usize| u32::try_from(pair.get(at)?.as_u64()?).ok();
        Some([row(0)?, row(1)?])
    };
    let both = |pair: &Value| -> Option<[Shown; 2]> {
        let [a, b] = rows(pair)?;
        let shown = |row: u32| view.row(row, format!("row {row}"), view.class(row));
        Some([shown(a)?, shown(b)?])
    };
    let pictures = pairs.filter_map(both).flatten().collect();
    let caption = "Neighbours in this list are nearly the same picture: copies that fall into two parts make the test too easy.";
    vec![Group::new("Near copies", caption, pictures)]
}
