//! The classes that are taken for each other most often.

use std::collections::BTreeMap;

use plumb_evaluate::Truth;

use super::{Group, Shown, View};

/// Pairs of classes, and pictures of each.
const PAIRS: usize = 4;
const EACH: usize = 6;

pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let Some(part) = view.evaluation.judged() else { return Vec::new() };
    let Truth::Classes(truth) = &part.scored.truth else { return Vec::new() };
    let Some(target) = &view.setup.data.target else { return Vec::new() };
    let predicted = part.scored.outcome().predicted_classes();
    let mut confused: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for ((&truth, &told), &row) in truth.iter().zip(&predicted).zip(&part.scored.rows) {
        if truth != told {
            confused.entry((truth, told)).or_default().push(row);
        }
    }
    let mut pairs: Vec<((u32, u32), Vec<u32>)> = confused.into_iter().collect();
    pairs.sort_by_key(|(pair, rows)| (std::cmp::Reverse(rows.len()), *pair));
    let name = |class: u32| target.classes.get(class as usize).cloned().unwrap_or_default();
    let of_pair = |((truth, told), rows): &((u32, u32), Vec<u32>)| -> Vec<Shown> {
        let words = || (format!("is {}", name(*truth)), format!("seen as {}", name(*told)));
        let shown = |&row: &u32| {
            let (first, second) = words();
            view.row(row, first, second)
        };
        rows.iter().take(EACH).filter_map(shown).collect()
    };
    let pictures = pairs.iter().take(PAIRS).flat_map(of_pair).collect();
    let counts: Vec<String> = (pairs.iter().take(PAIRS))
        .map(|((truth, told), rows)| format!("{} as {} {} times", name(*truth), name(*told), rows.len()))
        .collect();
    let caption = format!("The most frequent confusions: {}.", counts.join("; "));
    vec![Group::new("Confusions", caption, pictures)]
}
