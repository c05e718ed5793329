//! `data.duplicates`: do rows stand more than once, exactly or nearly?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::near_duplicates;
use super::row_hashes;

/// 1 % of the rows, exact copies.
const WARN_EXACT: f64 = 0.01;
/// 2 % of the rows, near copies: a clean census has 0.8 %.
const WARN_NEAR: f64 = 0.02;
/// A fifth of the rows, exact and near copies.
const FAIL_SHARE: f64 = 0.2;
/// Pairs listed.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.duplicates",
        question: "does every row stand once, exactly and nearly?",
        why: "Copies that fall into train and test make the test easier than the world; copies within train count \
              double in the loss. Most come from joins and repeated exports.",
        evidence: "Rows equal to an earlier row in all columns but `id` and `ignore` columns. Rows nearly equal to an \
                   earlier row, where agreement by chance is excluded: equal in all columns but one, or equal in all \
                   but numbers that differ by less than 0.01 robust deviations each; of pictures, those whose brightness at \
                   32 x 32 fields has a correlation of 0.99 or more, blank ones left out; of texts, those that have seven \
                   tenths of their runs of five letters in common (Jaccard, found by MinHash). Chance is excluded when the \
                   columns that must agree carry log2(rows) + 12 bits, taken as independent. The first pairs.",
        thresholds: &[
            Threshold {
                name: "share of exact copies that warns",
                value: WARN_EXACT,
                reason: "a clean census of 48,842 rows has 0.1 %; 1 % moves a metric by as much as its interval",
            },
            Threshold {
                name: "share of near copies that warns",
                value: WARN_NEAR,
                reason: "a clean census has 0.8 % by chance and by household",
            },
            Threshold {
                name: "share of copies that fails",
                value: FAIL_SHARE,
                reason: "the test part then mostly repeats train rows of that share",
            },
            Threshold {
                name: "deviations between near numbers",
                value: super::column_facts::NEAR,
                reason: "rounding, unit conversion and added noise stay below a hundredth of the spread",
            },
            Threshold {
                name: "correlation of near pictures",
                value: crate::pictures::NEAR_COPY,
                reason: "0.1 % of 5,000 pictures of Fashion-MNIST and none of MNIST have such a neighbour by nature; copies \
                         saved as JPEG, a fifth brighter or a little noisier have it",
            },
            Threshold {
                name: "common runs of letters of near texts",
                value: crate::texts::NEAR_TEXT,
                reason: "a text of which one word in ten was changed keeps seven tenths of them; 0.6 % of 5,000 reviews of \
                         food have such a neighbour by nature",
            },
            Threshold {
                name: "bits beyond log2(rows) of the columns that agree",
                value: near_duplicates::BITS_BEYOND_CHANCE,
                reason: "a row then has a chance of 2^-12 to meet such a partner among independent columns",
            },
        ],
        false_alarms: "Tables of few coarse columns, in which different cases look the same; repeated measurements that \
                       are meant to be there (name their unit as a `group`).",
        remedy: "Remove the copies, or set `split.method = \"group\"` so that copies stay in one part.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let rows = context.table.rows();
    if rows < 2 || context.compared().columns.is_empty() {
        return Judgement::skipped("fewer than two rows, or no column to compare");
    }
    let exact: Vec<(u32, u32)> = copies(&row_hashes::repeated(context.row_hashes()));
    let near = near_duplicates::find(context);
    let near_pairs = together([near.pairs.as_slice(), context.near_pictures(), context.near_texts()]);
    let share = |count: usize| count as f64 / rows as f64;
    let (exact_share, near_share) = (share(exact.len()), share(near_pairs.len()));
    let summary = format!(
        "{} of {rows} rows ({:.2} %) repeat an earlier row exactly, {} ({:.2} %) nearly",
        exact.len(),
        100.0 * exact_share,
        near_pairs.len(),
        100.0 * near_share
    );
    let judged = if exact_share + near_share >= FAIL_SHARE {
        Judgement::fail(summary)
    } else if exact_share >= WARN_EXACT || near_share >= WARN_NEAR {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    judged
        .with("exact", exact.len())
        .with("exact_share", exact_share)
        .with("first_exact_pairs", first_pairs(&exact))
        .with("near", near_pairs.len())
        .with("near_share", near_share)
        .with("first_near_pairs", first_pairs(&near_pairs))
        .with("near_pictures", context.near_pictures().len())
        .with("near_texts", context.near_texts().len())
        .with("columns_left_out_one_at_a_time", near.left_out)
        .with("numbers_compared_within_tolerance", near.jitter)
}

/// Each later row once, with the earliest row that it nearly repeats in any way.
fn together(ways: [&[(u32, u32)]; 3]) -> Vec<(u32, u32)> {
    let mut pairs = ways.concat();
    pairs.sort_unstable();
    pairs.dedup_by_key(|pair| pair.0);
    pairs
}

/// Each later row of a group with the first one, ordered by row.
fn copies(repeated: &[(u64, u32)]) -> Vec<(u32, u32)> {
    let pairs = |group: &[(u64, u32)]| {
        let first = group[0].1;
        group[1..].iter().map(move |&(_, row)| (row, first)).collect::<Vec<_>>()
    };
    let mut copies: Vec<(u32, u32)> = row_hashes::groups(repeated).flat_map(pairs).collect();
    copies.sort_unstable();
    copies
}

fn first_pairs(pairs: &[(u32, u32)]) -> Vec<Vec<u32>> {
    pairs.iter().take(LISTED).map(|&(later, earlier)| vec![earlier, later]).collect()
}
