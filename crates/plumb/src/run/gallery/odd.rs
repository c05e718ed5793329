//! Pictures far from the others.

use super::{Group, View, rows};

/// The kinds as `data.outliers` lists them.
const KINDS: [&str; 5] = ["blank", "nearly_black", "nearly_white", "blurred", "of_an_odd_shape"];
/// Pictures of a kind shown.
const EACH: usize = 6;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let of_kind = |kind: &&str| {
        let rows = rows(view.ledger, "data.outliers", &format!("first_rows_{kind}"));
        let words = kind.replace('_', " ");
        rows.into_iter().take(EACH).filter_map(move |row| view.row(row, words.clone(), format!("row {row}")))
    };
    let pictures = KINDS.iter().flat_map(of_kind).collect();
    let caption = "Blank, dark, bright, blurred or oddly shaped beside the others: faults of a camera or a tool, or rare cases.";
    vec![Group::new("Odd pictures", caption, pictures)]
}
