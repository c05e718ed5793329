//! `data.inconsistent-categories`: is one category spelled in several ways?

use std::collections::BTreeMap;

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};
use rayon::prelude::*;

use super::AuditContext;
use super::column_facts::ColumnFacts;
use super::spelling;
use crate::Column;

/// A level counts as a typing error of another when it is at most a hundredth as frequent.
const RARE_RATIO: u32 = 100;
/// Columns with more levels are names or texts; comparing them would find chance neighbours.
const MOST_LEVELS: usize = 20_000;
/// A tenth of a column's rows: the category then has really been parted.
const FAIL_SHARE: f64 = 0.1;
/// Groups of spellings listed.
const LISTED: usize = 20;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.inconsistent-categories",
        question: "is every category spelled in one way?",
        why: "Each spelling becomes a category of its own with fewer rows, and the model must learn the same thing \
              several times, or not at all for the rare ones.",
        evidence: "Levels that are equal after folding case, blanks, separators, outer punctuation, accents and \
                   full-width letters; levels one typing error away from one that is 100 times as frequent (five \
                   letters or more, no digits). The rows of each spelling.",
        thresholds: &[
            Threshold {
                name: "how many times as frequent the right spelling of a typing error is",
                value: RARE_RATIO as f64,
                reason: "typing errors are rare; two real names with one different letter are seldom so unequal",
            },
            Threshold {
                name: "letters of the shortest word with typing errors",
                value: spelling::LEAST_LETTERS as f64,
                reason: "in codes one letter makes another word",
            },
            Threshold {
                name: "most levels of a column",
                value: MOST_LEVELS as f64,
                reason: "columns with more hold names or texts",
            },
            Threshold {
                name: "share of a column's rows in the rarer spellings that fails",
                value: FAIL_SHARE,
                reason: "the category has then been parted, not mistyped",
            },
        ],
        false_alarms: "Codes in which case carries meaning (`a` and `A` as grades of two schemes); rare real names that \
                       resemble a common one.",
        remedy: "Write each category in one way before training; the listed spellings show which belong together.",
        sources: &[Source::BestPractices],
    },
    judge,
};

/// Spellings of one category in one column, the most frequent first, with their rows.
struct Spellings<'a> {
    column: &'a str,
    of: Vec<(&'a str, u32)>,
}

impl Spellings<'_> {
    fn rarer_rows(&self) -> u32 {
        self.of.iter().skip(1).map(|(_, rows)| rows).sum()
    }
}

fn judge(context: &AuditContext) -> Judgement {
    let categories: Vec<(&Column, &ColumnFacts)> = context
        .columns()
        .filter(|(column, facts)| {
            column.kind == crate::Kind::Category && (2..=MOST_LEVELS).contains(&facts.levels.len())
        })
        .collect();
    if categories.is_empty() {
        return Judgement::skipped("there is no category column with two levels or more");
    }
    let found: Vec<Vec<Spellings<'_>>> =
        categories.par_iter().map(|(column, facts)| spellings(column, facts)).collect();
    let share = |(group, (_, facts)): (&Vec<Spellings<'_>>, &(&Column, &ColumnFacts))| {
        f64::from(group.iter().map(Spellings::rarer_rows).sum::<u32>()) / facts.present.max(1) as f64
    };
    let worst_share = found.iter().zip(&categories).map(share).fold(0.0, f64::max);
    let groups: Vec<&Spellings<'_>> = found.iter().flatten().collect();
    let judged = match groups.first() {
        None => Judgement::pass(format!(
            "every level of {} category columns is spelled in one way",
            categories.len()
        )),
        Some(first) => {
            let shown: Vec<String> =
                first.of.iter().take(4).map(|(level, _)| format!("`{}`", short(level))).collect();
            let summary = format!(
                "{} categories have several spellings: {} in `{}`",
                groups.len(),
                shown.join(", "),
                first.column
            );
            if worst_share >= FAIL_SHARE { Judgement::fail(summary) } else { Judgement::warn(summary) }
        }
    };
    let listed = groups.iter().take(LISTED).map(|group| {
        let (levels, rows): (Vec<String>, Vec<u32>) =
            group.of.iter().take(LISTED).map(|&(level, rows)| (short(level), rows)).unzip();
        Judgement::pass("").with("column", group.column).with("spellings", levels).with("rows", rows).evidence
    });
    judged
        .with("categories_with_several_spellings", groups.len())
        .with("largest_share_in_rarer_spellings", worst_share)
        .with("spellings", listed.collect::<Vec<_>>())
}

/// A level fit for a line: at most 60 characters, control and direction characters shown by their code.
fn short(level: &str) -> String {
    let shown = level.chars().take(60).map(|c| match c {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            c.escape_unicode().to_string()
        }
        c if c.is_control() => c.escape_unicode().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

fn spellings<'a>(column: &'a Column, facts: &ColumnFacts) -> Vec<Spellings<'a>> {
    let Some(categories) = column.categories() else { return Vec::new() };
    let levels: Vec<(&str, u32)> = (0u32..)
        .map_while(|code| facts.levels.get(code as usize).map(|&rows| (code, rows)))
        .filter(|&(_, rows)| rows > 0)
        .map(|(code, rows)| (categories.level(code), rows))
        .collect();
    let mut by_fold: BTreeMap<String, Vec<(&str, u32)>> = BTreeMap::new();
    for &(level, rows) in &levels {
        by_fold.entry(spelling::fold(level)).or_default().push((level, rows));
    }
    let words: Vec<(&str, u32)> = by_fold
        .iter()
        .map(|(folded, group)| (folded.as_str(), group.iter().map(|(_, rows)| rows).sum()))
        .collect();
    let is_rare = |rare: u32, common: u32| u64::from(rare) * u64::from(RARE_RATIO) <= u64::from(common);
    let mut joined: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (rare, common) in spelling::typing_errors(&words, is_rare) {
        joined.entry(common).or_default().push(rare);
    }
    let spelled: Vec<&Vec<(&str, u32)>> = by_fold.values().collect();
    let group_of = |at: usize| {
        let more = joined.get(&at).into_iter().flatten().flat_map(|&rare| spelled[rare].iter());
        let mut of: Vec<(&str, u32)> = spelled[at].iter().chain(more).copied().collect();
        of.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        Spellings { column: &column.name, of }
    };
    (0..spelled.len()).map(group_of).filter(|group| group.of.len() > 1).collect()
}
