//! `data.target-leakage`: does a single column predict the target almost perfectly?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use plumb_stats::Outcome;
use rayon::prelude::*;

use super::AuditContext;
use super::association::{self, Binned, Labelled};
use super::single_words::{TellingWord, most_telling};
use super::subsample;
use crate::probe::{ProbeKind, out_of_fold};
use crate::read::PICTURES;
use crate::{Column, Kind, Predictions, Table, Target};

/// The label itself, up to a few rows.
const FAIL_SCORE: f64 = 0.995;
/// Better than single honest columns of most tables.
const SUSPECT_SCORE: f64 = 0.95;
/// How many times as wrong all other columns together are.
const WARN_TIMES: f64 = 2.0;
const FAIL_TIMES: f64 = 4.0;
/// Suspects for which a probe is fitted without them; the strongest ones.
const PROBED: usize = 3;
/// Rows that the probe sees at most.
const PROBE_ROWS: usize = 10_000;
const FOLDS: usize = 3;
/// What the position in the file is called.
const ROW_ORDER: &str = "the order of the rows";
/// Columns listed.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.target-leakage",
        question: "does any single column, the row order or the pattern of missing values predict the target almost \
                   perfectly?",
        why: "A column written after the outcome (a discharge date, a settlement) makes every test look excellent and is \
              absent when the model is used.",
        evidence: "For each column the held-out score of its bins alone: AUROC (mean of one class against the rest) or, \
                   for a numeric target, the explained share of the variance of its ranks; fitted on one half of the \
                   labelled rows, judged on the other, both ways. For the strongest suspects below the failing score \
                   also the score of boosted trees on all other inputs (10,000 rows at most, fewer beyond ten classes). The same for the order \
                   of the rows and for the pattern of missing cells. Of texts (10,000 rows at most), the word whose presence alone best \
                   tells a class from the rest, beside the next one that does not stand in the same texts.",
        thresholds: &[
            Threshold {
                name: "score of one column that fails",
                value: FAIL_SCORE,
                reason: "the column is the label up to a few rows",
            },
            Threshold {
                name: "score of a suspect",
                value: SUSPECT_SCORE,
                reason: "above what single honest columns reach on most tables",
            },
            Threshold {
                name: "times as wrong without the suspect that warns",
                value: WARN_TIMES,
                reason: "an honest strong column has honest relatives: the rest then does about as well",
            },
            Threshold {
                name: "times as wrong without the suspect that fails",
                value: FAIL_TIMES,
                reason: "one column then knows what all others together do not",
            },
        ],
        false_alarms: "Easy problems with one decisive measurement and no relative of it among the columns.",
        remedy: "Ask whether the column is known at the moment of prediction; if not, set \
                 `data.kinds.COLUMN = \"ignore\"`. For row order keep the split random.",
        sources: &[
            Source::TestScore,
            Source::Paper("Kaufman, Rosset, Perlich, Leakage in Data Mining (2012)"),
        ],
    },
    judge,
};

/// A column, or what else a row gives away, with its score.
struct Suspect {
    name: String,
    score: f64,
    input: bool,
    /// The score of all other inputs, when it was asked for; of a word, that of the next one.
    rest: Option<f64>,
    /// Whether it is a word of a text.
    is_word: bool,
}

impl Suspect {
    fn column(name: &str, score: f64, input: bool) -> Self {
        Self { name: name.to_owned(), score, input, rest: None, is_word: false }
    }

    fn word(column: &Column, target: &Target, found: &TellingWord) -> Self {
        let class = target.classes.get(found.class as usize).map_or("", String::as_str);
        let name = format!("the word \"{}\" in {} for {class}", found.word, column.name);
        Self { name, score: found.score, input: true, rest: Some(found.next), is_word: true }
    }

    fn times_as_wrong(&self) -> Option<f64> {
        self.rest.map(|rest| (1.0 - rest) / (1.0 - self.score).max(1e-9))
    }
}

fn judge(context: &AuditContext) -> Judgement {
    let (target, rows) = match context.labelled() {
        Ok(labelled) => labelled,
        Err(skipped) => return *skipped,
    };
    let labelled = Labelled::new(target, rows.clone(), context.seed);
    let mut scored = scores(context, &labelled);
    let some = subsample(&rows, PROBE_ROWS, context.seed);
    for column in context.texts() {
        let found = most_telling(column, target, &some);
        scored.extend(found.map(|found| Suspect::word(column, target, &found)));
    }
    if scored.is_empty() {
        return Judgement::skipped("no column can be scored: too few labelled rows of two classes");
    }
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
    // Boosted trees fit one tree a class and round.
    let most = PROBE_ROWS.min(10 * PROBE_ROWS / labelled.classes());
    let probed = subsample(&rows, most, context.seed);
    let is_probed = |s: &&mut Suspect| s.input && !s.is_word && is_suspect(s) && s.score < FAIL_SCORE;
    for suspect in scored.iter_mut().filter(is_probed).take(PROBED) {
        suspect.rest = score_without(context, target, &probed, &suspect.name);
    }
    verdict(&scored, is_folder(context) || is_sorted(target, &rows))
}

/// Whether the rows are the files of a folder of class folders, which stand in the order of their names.
fn is_folder(context: &AuditContext) -> bool {
    let files = &context.report.files;
    !files.is_empty() && files.iter().all(|file| file.format == PICTURES)
}

/// Whether the labelled rows stand class after class. That is how many files are laid out, and a split that shuffles
/// undoes it; an order that only goes along with the target is what a leak looks like.
fn is_sorted(target: &Target, rows: &[u32]) -> bool {
    let codes = target.codes_of(rows);
    let turns = codes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    target.task.is_classification() && turns + 1 == target.classes.len()
}

fn scores(context: &AuditContext, labelled: &Labelled) -> Vec<Suspect> {
    let looked_at = |column: &Column| column.kind != Kind::Ignore && !context.is_target(column);
    let columns: Vec<_> = context.columns().filter(|(column, _)| looked_at(column)).collect();
    let score = |(column, facts): &(&Column, &super::column_facts::ColumnFacts)| {
        let score = labelled.score(&Binned::of(column, facts, labelled.classes()))?;
        Some(Suspect::column(&column.name, score, column.kind.is_table_input()))
    };
    let mut scored: Vec<Suspect> = columns.par_iter().filter_map(score).collect();
    let names: Vec<&Column> = columns.iter().map(|(column, _)| *column).collect();
    let pattern = association::missing_pattern(&names, context.table.rows());
    let order = association::row_order(context.table.rows());
    let whole_row = [("the pattern of missing cells", pattern), (ROW_ORDER, Some(order))];
    for (name, binned) in whole_row {
        let score = binned.and_then(|binned| labelled.score(&binned));
        scored.extend(score.map(|score| Suspect::column(name, score, false)));
    }
    scored
}

fn is_suspect(suspect: &Suspect) -> bool {
    suspect.score >= SUSPECT_SCORE
}

/// The out-of-fold score of boosted trees on all other inputs, in the unit of [`Labelled::score`].
fn score_without(context: &AuditContext, target: &Target, rows: &[u32], without: &str) -> Option<f64> {
    let kept = context.table.columns().iter().filter(|column| column.name != without).cloned().collect();
    let table = Table::new(kept).ok()?;
    match out_of_fold(ProbeKind::BoostedTrees, &table, target, rows, FOLDS, context.seed).ok()? {
        Predictions::Probabilities { values, classes } => {
            let truth = target.codes_of(rows);
            let outcome = Outcome::Classes { truth: &truth, probabilities: &values, classes };
            (plumb_stats::metric("auroc")?.compute)(&outcome)
        }
        Predictions::Numbers(predicted) => {
            let (truth, predicted) =
                (association::ranks(&target.numbers_of(rows)), association::ranks(&predicted));
            plumb_stats::describe::pearson(&truth, &predicted).map(|r| r.coefficient.powi(2))
        }
    }
}

fn verdict(scored: &[Suspect], sorted: bool) -> Judgement {
    let fails = |s: &&Suspect| {
        let is_label = s.score >= FAIL_SCORE && !s.is_word;
        s.input && is_suspect(s) && (is_label || s.times_as_wrong().is_some_and(|times| times >= FAIL_TIMES))
    };
    let warns = |s: &&Suspect| {
        let laid_out = sorted && s.name == ROW_ORDER;
        is_suspect(s)
            && !laid_out
            && (!s.input || s.times_as_wrong().is_some_and(|times| times >= WARN_TIMES))
    };
    let judged = if let Some(leak) = scored.iter().find(fails) {
        Judgement::fail(sentence(leak))
    } else if let Some(leak) = scored.iter().find(warns) {
        Judgement::warn(sentence(leak))
    } else {
        let best = scored.iter().find(|s| !(sorted && s.name == ROW_ORDER)).unwrap_or(&scored[0]);
        let order = if sorted {
            "; the file is sorted by the target, which a split that shuffles undoes"
        } else {
            ""
        };
        Judgement::pass(format!(
            "no column gives the target away; the best alone, `{}`, scores {:.3}{order}",
            best.name, best.score
        ))
    };
    let entry = |s: &Suspect| -> Evidence {
        let fields =
            Judgement::pass("").with("column", s.name.as_str()).with("score", s.score).with("input", s.input);
        match s.rest {
            Some(rest) => fields.with("score_of_all_others", rest).evidence,
            None => fields.evidence,
        }
    };
    judged
        .with("sorted_by_target", sorted)
        .with("best_single_columns", scored.iter().take(LISTED).map(entry).collect::<Vec<_>>())
}

fn sentence(leak: &Suspect) -> String {
    let alone =
        format!("`{}` alone predicts the target with a held-out score of {:.4}", leak.name, leak.score);
    match leak.rest {
        Some(next) if leak.is_word => format!("{alone}, the next word with {next:.4}"),
        Some(rest) => format!("{alone}, all other inputs together with {rest:.4}"),
        None => alone,
    }
}
