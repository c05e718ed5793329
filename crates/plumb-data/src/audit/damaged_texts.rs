//! `data.damaged-texts`: are texts whole, and what they were when they were written?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use rayon::prelude::*;

use super::AuditContext;
use crate::Column;
use crate::texts::{Damage, damage};

/// 1 % of the texts: as many as one wrong setting of an export leaves.
const WARN_SHARE: f64 = 0.01;
/// A tenth of the texts.
const FAIL_SHARE: f64 = 0.1;
/// Times the median length, and characters, from which on a text is far too long.
const TIMES_AS_LONG: usize = 50;
const LONG: usize = 20_000;
/// Rows listed of each kind.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.damaged-texts",
        question: "are texts whole, readable, and of a length that a person would write?",
        why: "A text that was read with the wrong encoding, escaped for a web page or cut out of binary data has other \
              words than its writer meant, and the model learns the damage, most of all where one source is damaged \
              and another is not. An empty text says nothing; one of a megabyte is a file that went astray.",
        evidence: "For each column of texts: how many are empty, hold U+FFFD, hold UTF-8 that was read as Windows-1252, \
                   hold characters escaped for a web page, hold control characters, or are far longer than the median \
                   one; the first rows of each kind. A text counts once, by the first of these that it has.",
        thresholds: &[
            Threshold {
                name: "share of damaged texts that warns",
                value: WARN_SHARE,
                reason: "as many as one wrong setting of an export leaves; 0.5 % of 5,000 reviews of food are damaged by nature",
            },
            Threshold {
                name: "share of damaged texts that fails",
                value: FAIL_SHARE,
                reason: "the model then meets the damage in every batch",
            },
            Threshold {
                name: "times the median length of a text far too long",
                value: TIMES_AS_LONG as f64,
                reason: "24 of 18,821 posts of newsgroups and 16 of 6,046 mails are longer, whole files among them",
            },
        ],
        false_alarms: "Texts about encodings or web pages; languages in which the letters of such damage follow each other.",
        remedy: "Read the source again with its own encoding, unescape it once, leave out what is no text; \
                 `data.kinds.COLUMN = \"ignore\"` leaves the column out.",
        sources: &[Source::Recipe],
    },
    judge,
};

/// What is wrong with the texts of a column: a kind in words and its rows.
struct Found<'a> {
    column: &'a Column,
    kinds: Vec<(&'static str, Vec<u32>)>,
    texts: usize,
}

impl Found<'_> {
    fn count(&self) -> usize {
        self.kinds.iter().map(|(_, rows)| rows.len()).sum()
    }

    fn share(&self) -> f64 {
        self.count() as f64 / self.texts.max(1) as f64
    }
}

fn judge(context: &AuditContext) -> Judgement {
    let found: Vec<Found<'_>> = context.texts().map(look).collect();
    let Some(worst) = found.iter().max_by(|a, b| a.share().total_cmp(&b.share())) else {
        return Judgement::skipped("there is no column of texts");
    };
    let kinds: Vec<String> = (worst.kinds.iter().filter(|(_, rows)| !rows.is_empty()))
        .map(|(kind, rows)| format!("{} {kind}", rows.len()))
        .collect();
    let summary = if kinds.is_empty() {
        format!("none of {} texts is empty, damaged or far too long", worst.texts)
    } else {
        format!("of {} texts of `{}` {}", worst.texts, worst.column.name, kinds.join(", "))
    };
    let judged = match worst.share() {
        share if share >= FAIL_SHARE => Judgement::fail(summary),
        share if share >= WARN_SHARE => Judgement::warn(summary),
        _ => Judgement::pass(summary),
    };
    judged.with("columns", found.iter().map(evidence).collect::<Vec<_>>())
}

fn look(column: &Column) -> Found<'_> {
    const EMPTY: &str = "empty";
    const TOO_LONG: &str = "far too long";
    let present: Vec<u32> =
        (0..column.len() as u32).filter(|&row| !column.is_missing(row as usize)).collect();
    let text = |row: u32| column.text_at(row as usize).unwrap_or_default();
    let mut lengths: Vec<usize> = present.iter().map(|&row| text(row).len()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let longest = LONG.max(TIMES_AS_LONG * median);
    let kind = |&row: &u32| {
        let text = text(row);
        let kind = if text.trim().is_empty() {
            EMPTY
        } else if text.len() > longest {
            TOO_LONG
        } else {
            damage(text)?.as_str()
        };
        Some((kind, row))
    };
    let wrong: Vec<(&'static str, u32)> = present.par_iter().filter_map(kind).collect();
    let names = [EMPTY, TOO_LONG].into_iter().chain(Damage::ALL.map(Damage::as_str));
    let rows = |name: &'static str| {
        (name, wrong.iter().filter(|(kind, _)| *kind == name).map(|(_, row)| *row).collect())
    };
    Found { column, kinds: names.map(rows).collect(), texts: present.len() }
}

fn evidence(found: &Found<'_>) -> Evidence {
    let fields = Judgement::pass("").with("column", found.column.name.as_str()).with("texts", found.texts);
    let add = |fields: Judgement, (kind, rows): &(&str, Vec<u32>)| {
        let name = kind.replace(' ', "_");
        let first: Vec<u32> = rows.iter().take(LISTED).copied().collect();
        fields.with(&name, rows.len()).with(&format!("first_rows_{name}"), first)
    };
    found.kinds.iter().fold(fields, add).evidence
}
