//! Does the same row get the same explanation twice?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::describe::{quantile, spearman};

use super::ExplainContext;
use crate::explain::ShapValues;

const AGREEMENT: f64 = 0.8;
const FIRST: f64 = 0.8;
const NEARLY: f64 = 0.75;

pub(super) const PAGE: Page = Page {
    id: "explain.stable",
    question: "Do other background rows and other draws give the same row the same explanation?",
    why: "An explanation that changes with the seed is a story about the seed.",
    evidence: "Each row is explained twice, with two disjoint halves of the background and two seeds: the rank correlation (Spearman) of \
               the sizes of all values, its median and lower quartile over rows, and how often the strongest column of each is nearly the \
               strongest of the other. Pictures are explained twice by two draws of the segments that are covered.",
    thresholds: &[
        Threshold {
            name: "median rank correlation",
            value: AGREEMENT,
            reason: "below, the order of the columns is half chance",
        },
        Threshold {
            name: "share of rows whose strongest column stays strong",
            value: FIRST,
            reason: "what a person is told first should hold in four of five rows",
        },
        Threshold {
            name: "its size beside the strongest of the other draw",
            value: NEARLY,
            reason: "two columns that say about as much may change places: a quarter less is no other story",
        },
    ],
    false_alarms: "Columns that hardly matter change places by chance: the median takes that in with a few columns, not with hundreds; of fifty segments of a picture most hardly matter, and the strongest may stay where the order of the rest does not.",
    remedy: "explain with a larger `--background` and `--budget`; say how far the values of two draws were apart",
    sources: &[
        Source::BestPractices,
        Source::Paper("Alvarez-Melis, Jaakkola, On the Robustness of Interpretability Methods (2018)"),
    ],
};

pub(super) fn judge(context: &ExplainContext) -> Judgement {
    let (pairs, of) = match (&context.values, &context.again) {
        (None, _) => (context.pictures.clone(), "the segments of a picture"),
        (Some(_), Err(reason)) => return Judgement::skipped(reason.clone()),
        (Some((values, _)), _) if values.inputs < 3 => {
            return Judgement::skipped(format!("{} columns have no order to speak of", values.inputs));
        }
        (Some((values, _)), Ok(again)) => {
            let rows = 0..values.rows.len().min(again.rows.len());
            (rows.map(|row| (told(values, row), told(again, row))).collect(), "the columns of a row")
        }
    };
    if pairs.is_empty() {
        return Judgement::skipped("nothing was explained twice");
    }
    judge_pairs(&pairs, of)
}

/// Judges the sizes that two draws give to the parts of the same rows.
fn judge_pairs(pairs: &[(Vec<f64>, Vec<f64>)], of: &str) -> Judgement {
    let agreement: Vec<f64> =
        pairs.iter().filter_map(|(a, b)| spearman(a, b)).map(|found| found.coefficient).collect();
    let (Some(median), Some(quartile)) = (quantile(&agreement, 0.5), quantile(&agreement, 0.25)) else {
        return Judgement::skipped("nothing has parts that differ");
    };
    let strongest = |of: &[f64]| (0..of.len()).fold(0, |best, at| if of[at] > of[best] { at } else { best });
    let stays = |a: &[f64], b: &[f64]| b[strongest(a)] >= NEARLY * b[strongest(b)];
    let same = pairs.iter().filter(|(a, b)| stays(a, b) && stays(b, a)).count();
    let same = same as f64 / pairs.len().max(1) as f64;
    let text = format!(
        "explained twice, {of} keep their order (median rank correlation {median:.2}), in {:.0} % of them the strongest stays strong",
        100.0 * same
    );
    let judgement =
        if median < AGREEMENT || same < FIRST { Judgement::warn(text) } else { Judgement::pass(text) };
    judgement
        .with("median_rank_correlation", median)
        .with("lower_quartile", quartile)
        .with("strongest_stays", same)
        .with("rows", pairs.len())
}

/// How much each column says of a row, over all outputs.
fn told(values: &ShapValues, row: usize) -> Vec<f64> {
    let size = |input: usize| (0..values.width).map(|output| values.of(row, output)[input].abs()).sum();
    (0..values.inputs).map(size).collect()
}
