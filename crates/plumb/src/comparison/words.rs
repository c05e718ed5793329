//! The answer of a comparison in sentences.

use plumb_stats::Direction;
use serde::Serialize;

use super::{Better, Comparison, Paired, Refused};
use crate::report::format::{count, counted, number};
use crate::report::sections::metric_names::headed;

/// The answer in words.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    /// Which is better.
    pub(crate) heading: String,
    /// By what.
    pub(crate) sentences: Vec<String>,
}

/// The answer, with the names of the two.
pub(crate) fn in_words(comparison: &Comparison, a: &str, b: &str) -> Answer {
    match &comparison.paired {
        Ok(paired) => Answer { heading: heading(paired, a, b), sentences: sentences(paired, a, b) },
        Err(reason) => Answer { heading: "Not compared".to_owned(), sentences: vec![refused(reason)] },
    }
}

fn refused(reason: &Refused) -> String {
    let reason = reason.to_string();
    let mut letters = reason.chars();
    let head = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{head}{}.", letters.as_str())
}

fn heading(paired: &Paired, a: &str, b: &str) -> String {
    match paired.better {
        Better::First => format!("{a} is better"),
        Better::Second => format!("{b} is better"),
        Better::CannotTell => "Cannot tell which is better".to_owned(),
    }
}

fn sentences(paired: &Paired, a: &str, b: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let rows = format!("the same {} of the {} part", counted(paired.rows, "row"), paired.part);
    if let Some((only_a, only_b, p)) = paired.right {
        sentences.push(format!(
            "On {rows} {} alone got {} right and {} alone {} (McNemar's exact test, p {}).",
            a,
            count(only_a as usize),
            b,
            count(only_b as usize),
            chance(p)
        ));
    }
    sentences.push(match (paired.metric, paired.difference) {
        (Some(metric), Some(found)) => format!(
            "{} of {} minus that of {} on {rows}: {} (95\u{a0}% interval {} to {}, paired bootstrap, p {}); {} is better.",
            headed(metric.name),
            a,
            b,
            number(found.difference),
            number(found.low),
            number(found.high),
            chance(found.p),
            if metric.direction == Direction::Up { "more" } else { "less" }
        ),
        (Some(metric), None) => format!("{} is undefined on these rows.", headed(metric.name)),
        (None, _) => "The two runs have no primary metric in common, so the bootstrap has nothing to compare.".to_owned(),
    });
    if let Some(found) = paired.auroc {
        sentences.push(format!(
            "By DeLong's test the AUROC differs by {} (95\u{a0}% interval {} to {}, p {}).",
            number(found.difference),
            number(found.low),
            number(found.high),
            chance(found.p)
        ));
    }
    if paired.only != [0, 0] {
        sentences.push(format!(
            "Left out: {} that only {} and {} that only {} was judged on.",
            counted(paired.only[0], "row"),
            a,
            counted(paired.only[1], "row"),
            b
        ));
    }
    if paired.better == Better::CannotTell {
        sentences.push("The difference is within what chance alone does on so many rows.".to_owned());
    }
    sentences.push(
        "Whoever picks the best of many runs by their test part has used it up: choose by the valid part."
            .to_owned(),
    );
    sentences
}

fn chance(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { number(p) }
}
