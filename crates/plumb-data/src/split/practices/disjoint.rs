//! split.disjoint: is no row, exact or near twin, in two parts?

use std::cmp::Ordering;
use std::collections::HashMap;

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::{LISTED, SplitContext};
use crate::pictures::near_copies;
use crate::split::Part;
use crate::split::digests::{exact_digests, near_digests};
use crate::texts::near_texts;
use crate::{Column, Kind};

/// Twins that warn: share of the held-out rows.
const WARN: f64 = 0.005;
/// Twins that fail.
const FAIL: f64 = 0.02;
/// Fewer twins are one coincidence or two.
const FEWEST: usize = 5;
/// The cell of the grid that near twins share, in interquartile ranges; finer when there are few numbers.
const WIDTH: f64 = 0.01;
/// Where the two grids stand, half a cell apart. Recorded numbers lie on multiples of simple fractions of the
/// quartiles' distance: the golden ratio keeps the edges of the cells away from them.
const SHIFTS: [f64; 2] = [0.618_034, 0.118_034];
/// Twins by coincidence that the grid may give per row, were the numbers independent.
const COINCIDENCE: f64 = 1e-3;

const PAGE: Page = Page {
    id: "split.disjoint",
    question: "Is no row, exact or near twin, in two parts?",
    why: "A held-out row whose twin was trained on is remembered, not predicted: the score is too good.",
    evidence: "Rows of valid and test whose inputs (all columns but the target, ids and ignored ones) equal those of \
               a row in an earlier part: exactly, or with numbers in the same cell of a grid, and texts without \
               case and outer blanks; pictures and texts that are near copies (see data.duplicates) whatever stands beside them. Pairs of rows are \
               listed. Three hashes of the table, a few bytes a row.",
    thresholds: &[
        Threshold {
            name: "share that warns",
            value: WARN,
            reason: "moves an accuracy by less than half a point",
        },
        Threshold { name: "share that fails", value: FAIL, reason: "moves a score by more than usual gains" },
        Threshold {
            name: "twins at least",
            value: FEWEST as f64,
            reason: "small tables have a few by coincidence",
        },
        Threshold {
            name: "grid cell in interquartile ranges",
            value: WIDTH,
            reason: "below what a measurement usually resolves; finer with few numbers; twins that straddle both grids are missed",
        },
    ],
    false_alarms: "Tables of few coarse columns have equal rows by coincidence. Look at the pairs: copies share \
                   even the values that should differ.",
    remedy: "remove the duplicates (see data.duplicates), or set `split.method = \"group\"` with a column that names \
             what the twins share",
    sources: &[Source::Recipe, Source::Paper("Barz, Denzler, Do We Train on Test Data? (2020)")],
};

pub(super) const PRACTICE: Practice<SplitContext> = Practice { page: PAGE, judge };

fn judge(context: &SplitContext) -> Judgement {
    let identifies = |column: &Column| matches!(column.kind, Kind::Id | Kind::Group | Kind::Ignore);
    let is_input = |column: &&Column| {
        !identifies(column)
            && column.name != context.target.name
            && Some(&column.name) != context.config.column.as_ref()
    };
    let columns: Vec<&Column> = context.table.columns().iter().filter(is_input).collect();
    let held_out = context.used().filter(|&(_, part)| part != Part::Train).count();
    if columns.is_empty() || held_out == 0 {
        return Judgement::skipped("no input column, or no held-out row, to compare");
    }
    let rows = context.table.rows();
    let exact = twins(context, &[exact_digests(&columns, rows)]);
    let width = width(&columns, rows);
    let grids = SHIFTS.map(|shift| near_digests(&columns, rows, width, shift));
    let mut near = twins(context, &grids);
    let pictures = columns.iter().find_map(|column| column.images()).map(|images| near_copies(&images.set));
    let texts =
        columns.iter().filter(|column| column.kind == Kind::Text).flat_map(|column| near_texts(column));
    near.extend(across(context, pictures.into_iter().flatten().chain(texts)));
    near.retain(|[row, _]| exact.binary_search_by_key(row, |[same, _]| *same).is_err());
    near.sort_unstable();
    near.dedup_by_key(|[row, _]| *row);
    let count = exact.len() + near.len();
    let share = count as f64 / held_out as f64;
    let summary = format!(
        "{count} of {held_out} held-out rows ({:.1} %) have a twin in an earlier part: {} exact, {} near",
        100.0 * share,
        exact.len(),
        near.len()
    );
    let judged = match share {
        _ if count == 0 => Judgement::pass("no held-out row has a twin in an earlier part"),
        _ if count < FEWEST || share <= WARN => Judgement::pass(format!("{summary}; that is coincidence")),
        share if share <= FAIL => Judgement::warn(summary),
        _ => Judgement::fail(summary),
    };
    judged
        .with("held_out_rows", held_out)
        .with("exact_twins", exact.len())
        .with("near_twins", near.len())
        .with("share", share)
        .with("grid_cell", width)
        .with("exact_pairs", pairs(&exact))
        .with("near_pairs", pairs(&near))
}

/// The width of a grid cell: halved from [`WIDTH`] until coincidence gives few twins, or a finer grid would not
/// part more. Two values share a cell because they are equal, or by the chance of a normal number's cell, about 0.4
/// times its width, whichever is more.
fn width(columns: &[&Column], rows: usize) -> f64 {
    let share_of_value = |column: &&Column| {
        let mut bits: Vec<u64> = column.numbers()?.iter().flatten().map(f64::to_bits).collect();
        bits.sort_unstable();
        let n = bits.len().max(1) as f64;
        Some(bits.chunk_by(|a, b| a == b).map(|run| (run.len() as f64 / n).powi(2)).sum::<f64>())
    };
    let shares: Vec<f64> = columns.par_iter().filter_map(share_of_value).collect();
    let mut width = WIDTH;
    loop {
        let twins: f64 = shares.iter().map(|share| share.max(0.4 * width)).product::<f64>() * rows as f64;
        if twins <= COINCIDENCE || shares.iter().all(|&share| share >= 0.4 * width) {
            return width;
        }
        width /= 2.0;
    }
}

/// Held-out rows with the first row of an earlier part that shares a digest in one of the lists; ascending.
fn twins(context: &SplitContext, lists: &[Vec<u64>]) -> Vec<[usize; 2]> {
    let firsts: Vec<HashMap<u64, (Part, usize)>> =
        lists.iter().map(|digests| first_rows(context, digests)).collect();
    let twin = |(row, part): (usize, Part)| {
        let in_list = |(digests, firsts): (&Vec<u64>, &HashMap<u64, (Part, usize)>)| {
            let &(earlier, first) = firsts.get(digests.get(row)?)?;
            (earlier != part).then_some([row, first])
        };
        lists.iter().zip(&firsts).find_map(in_list)
    };
    context.used().filter_map(twin).collect()
}

/// Of pairs of near copies those that lie in two parts, the row of the later part first.
fn across(context: &SplitContext, pairs: impl Iterator<Item = (u32, u32)>) -> Vec<[usize; 2]> {
    let parts: HashMap<usize, Part> = context.used().collect();
    let order = |row: u32| {
        let part = parts.get(&(row as usize))?;
        Part::USED.iter().position(|of| of == part)
    };
    let across = |(a, b): (u32, u32)| match order(a)?.cmp(&order(b)?) {
        Ordering::Equal => None,
        Ordering::Greater => Some([a as usize, b as usize]),
        Ordering::Less => Some([b as usize, a as usize]),
    };
    pairs.filter_map(across).collect()
}

/// The first row of the earliest part that has each digest.
fn first_rows(context: &SplitContext, digests: &[u64]) -> HashMap<u64, (Part, usize)> {
    let mut firsts = HashMap::new();
    for wanted in Part::USED {
        for (row, _) in context.used().filter(|&(_, part)| part == wanted) {
            if let Some(&digest) = digests.get(row) {
                firsts.entry(digest).or_insert((wanted, row));
            }
        }
    }
    firsts
}

fn pairs(twins: &[[usize; 2]]) -> Value {
    let pair = |[row, twin]: &[usize; 2]| json!({ "row": row, "twin": twin });
    twins.iter().take(LISTED).map(pair).collect()
}
