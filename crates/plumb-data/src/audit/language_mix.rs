//! `data.language-mix`: are the texts in one language, in every part and source?

use std::collections::BTreeMap;

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use rayon::prelude::*;

use super::{AuditContext, subsample};
use crate::texts::{Language, language};
use crate::{Categories, Column};

/// 5 % of the texts.
const WARN_SHARE: f64 = 0.05;
/// Texts looked at.
const LOOKED_AT: usize = 5_000;
/// Texts of a known language at least, in all and of a part.
const LEAST: usize = 20;
/// Cramer's association of languages and classes from which on telling languages is the task.
const TASK: f64 = 0.8;
/// Languages listed.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.language-mix",
        question: "are the texts in one language, in every part and every source?",
        why: "A few texts of another language have few others to learn from and are predicted badly, and nobody is told. A \
              test part in another language measures another task.",
        evidence: "The language of each text of 40 letters or more that can be told reliably, of 5,000 at most, by the \
                   frequencies of its runs of letters: shares, the first rows of the others, and the main language of \
                   each value of `split.column` and of the columns that `evaluate.by` names.",
        thresholds: &[
            Threshold {
                name: "share of other languages that warns",
                value: WARN_SHARE,
                reason: "0.1 % of 5,000 reviews of food are told to be in another language than English; a twentieth is a population of its own",
            },
            Threshold {
                name: "association with the classes that makes it the task",
                value: TASK,
                reason: "the language then nearly is the label",
            },
        ],
        false_alarms: "Short texts full of names, and code.",
        remedy: "Name the language as a column in `evaluate.by`, so that results are told apart; leave the other languages out, or \
                 use an encoder that was trained on all of them (`model.pretrained`).",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let all: Vec<u32> = (0..context.table.rows() as u32).collect();
    let rows = subsample(&all, LOOKED_AT, context.seed);
    let told = |column: &Column| -> Vec<(u32, Language)> {
        let told = |&row: &u32| Some((row, language(column.text_at(row as usize)?)?));
        rows.par_iter().filter_map(told).collect()
    };
    let longest = context.texts().map(|column| (column, told(column))).max_by_key(|(_, told)| told.len());
    let Some((column, told)) = longest else {
        return Judgement::skipped("there is no column of texts");
    };
    if told.len() < LEAST {
        return Judgement::skipped("too few texts are long enough to tell their language");
    }
    let counts = counted(told.iter().map(|(_, language)| *language));
    let (main, count) = counts[0];
    let others = 1.0 - count as f64 / told.len() as f64;
    let shares: Vec<Evidence> =
        counts.iter().take(LISTED).map(|(of, count)| share(*of, *count, told.len())).collect();
    let parts = parts(context, &told);
    let apart: Vec<&Part> = parts.iter().filter(|part| part.main != main).collect();
    let judged = if is_the_task(context, &told) {
        Judgement::pass(format!(
            "{} languages, which go along with the classes: they are the task",
            counts.len()
        ))
    } else if let Some(part) = apart.first().filter(|part| part.is_split) {
        Judgement::fail(format!(
            "where `{}` is `{}` the texts are {}, elsewhere {}",
            part.column, part.value, part.main.name, main.name
        ))
    } else if let Some(part) = apart.first() {
        Judgement::warn(format!(
            "where `{}` is `{}` the texts are {}, elsewhere {}",
            part.column, part.value, part.main.name, main.name
        ))
    } else if others >= WARN_SHARE {
        Judgement::warn(format!(
            "{:.1} % of the texts of `{}` are not {}",
            100.0 * others,
            column.name,
            main.name
        ))
    } else {
        Judgement::pass(format!(
            "{:.1} % of the texts of `{}` are {}",
            100.0 * (1.0 - others),
            column.name,
            main.name
        ))
    };
    let first: Vec<u32> =
        told.iter().filter(|(_, language)| *language != main).map(|(row, _)| *row).take(LISTED).collect();
    judged
        .with("texts_told", told.len())
        .with("share_of_others", others)
        .with("languages", shares)
        .with("first_rows_of_others", first)
        .with("parts", parts.iter().map(Part::evidence).collect::<Vec<_>>())
}

/// Languages with their counts, the most frequent first.
fn counted(languages: impl Iterator<Item = Language>) -> Vec<(Language, usize)> {
    let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
    languages.for_each(|language| *counts.entry(language).or_default() += 1);
    let mut counts: Vec<(Language, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(language, count)| (std::cmp::Reverse(count), language));
    counts
}

fn share(language: Language, count: usize, of: usize) -> Evidence {
    let fields = Judgement::pass("").with("language", language.name).with("texts", count);
    fields.with("share", count as f64 / of.max(1) as f64).evidence
}

/// The rows of one value of a column that results are told apart by.
struct Part {
    column: String,
    value: String,
    main: Language,
    texts: usize,
    /// Whether the column says which rows are train, valid and test.
    is_split: bool,
}

impl Part {
    fn evidence(&self) -> Evidence {
        let fields =
            Judgement::pass("").with("column", self.column.as_str()).with("value", self.value.as_str());
        fields.with("main_language", self.main.name).with("texts", self.texts).evidence
    }
}

fn parts(context: &AuditContext, told: &[(u32, Language)]) -> Vec<Part> {
    let columns =
        context.parts.iter().map(|name| (name, true)).chain(context.sources.iter().map(|name| (name, false)));
    let of_column = |(name, is_split): (&String, bool)| {
        let levels = context.table.column(name).and_then(Column::categories);
        let values: BTreeMap<&str, Vec<Language>> =
            levels.iter().fold(BTreeMap::new(), |values, levels| by_value(values, levels, told));
        let part = |(value, languages): (&str, Vec<Language>)| {
            let texts = languages.len();
            let (main, _) = *counted(languages.into_iter()).first().filter(|_| texts >= LEAST)?;
            Some(Part { column: name.clone(), value: value.to_owned(), main, texts, is_split })
        };
        values.into_iter().filter_map(part).collect::<Vec<Part>>()
    };
    columns.flat_map(of_column).collect()
}

fn by_value<'a>(
    mut values: BTreeMap<&'a str, Vec<Language>>,
    levels: &Categories<'a>,
    told: &[(u32, Language)],
) -> BTreeMap<&'a str, Vec<Language>> {
    for (row, language) in told {
        if let Some(value) = levels.text(*row as usize) {
            values.entry(value).or_default().push(*language);
        }
    }
    values
}

/// Whether the language nearly is the label.
fn is_the_task(context: &AuditContext, told: &[(u32, Language)]) -> bool {
    let Ok((target, labelled)) = context.labelled() else { return false };
    if !target.task.is_classification() {
        return false;
    }
    let labelled: std::collections::HashSet<u32> = labelled.into_iter().collect();
    let known: Vec<&(u32, Language)> = told.iter().filter(|(row, _)| labelled.contains(row)).collect();
    let codes = target.codes_of(&known.iter().map(|(row, _)| *row).collect::<Vec<u32>>());
    let languages: Vec<Language> =
        counted(known.iter().map(|(_, language)| *language)).into_iter().map(|of| of.0).collect();
    let mut table = vec![vec![0.0; target.classes.len()]; languages.len()];
    for ((_, language), code) in known.iter().zip(&codes) {
        if let Some(place) = languages.iter().position(|of| of == language) {
            table[place][*code as usize] += 1.0;
        }
    }
    plumb_stats::effect::cramers_v(&table).is_some_and(|v| v >= TASK)
}
