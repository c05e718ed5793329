//! Pictures whose label looks wrong.

use serde_json::Value;

use super::{Group, Shown, View};

/// Pictures shown.
const MOST: usize = 12;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let found = view.ledger.get("data.label-noise").and_then(|entry| entry.evidence.get("most_suspicious"));
    let suspects = found.and_then(Value::as_array).into_iter().flatten().take(MOST);
    let one = |suspect: &Value| -> Option<Shown> {
        let row = u32::try_from(suspect.get("row")?.as_u64()?).ok()?;
        let word = |key: &str| suspect.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        view.row(row, format!("is {}", word("label")), format!("looks {}", word("predicted")))
    };
    let caption =
        "A model that has not seen them is sure that they are something else: look at the labels first.";
    let pictures = suspects.filter_map(one).collect();
    vec![Group::new("Labels that look wrong", caption, pictures)]
}
