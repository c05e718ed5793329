//! Do the inputs of a source or a period look like those of the others?

use plumb_data::probe::{ProbeKind, out_of_fold};
use plumb_data::shift::{ColumnShift, column_shifts};
use plumb_data::{Column, Kind, Labels, Predictions, Table, Target};
use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::Task;
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::{PairedDifference, delong};
use serde_json::{Value, json};

use super::SIGNIFICANCE;
use super::values_beside_others::{Compared, strata, verdict};
use crate::EvaluateContext;
use crate::slices::{Slice, by_column};

/// An AUROC that counts.
const AUROC: f64 = 0.52;
/// Rows of a value, and of the others beside it.
const LEAST: usize = 200;
/// Rows of a side at most: the standard error of an AUROC of one half is then 0.004.
const MOST: usize = 10_000;
/// Values of a column that are looked at, those with the most rows.
const VALUES: usize = 12;
const FOLDS: usize = 4;
/// Columns that are named as what has moved.
const MOVED: usize = 5;

pub(super) const PAGE: Page = Page {
    id: "evaluate.input-shift",
    question: "Do the inputs of each named source and period look like those of the others?",
    why: "Where rows can be told by their inputs, the world has changed between them: a model has not seen what is to come, even where \
          its error does not show it yet.",
    evidence: "For each value of the columns named in `evaluate.by` the AUROC by which boosted trees (of texts: logistic regression on \
               terms) tell its rows from the others, out of fold, with its interval (DeLong) and p-value corrected for their number; and \
               how far each column has moved. Both sides have equally many rows and the same mix of classes, so that a source with more of \
               a class is not taken for another world. Times, ids and the columns of `evaluate.by` are no inputs here.",
    thresholds: &[
        Threshold {
            name: "AUROC",
            value: AUROC,
            reason: "of a hundred pairs of rows two more give away where they come from: less is found in any large table",
        },
        Threshold {
            name: "corrected p-value",
            value: SIGNIFICANCE,
            reason: "one false alarm in a hundred tables",
        },
        Threshold {
            name: "rows of a value",
            value: LEAST as f64,
            reason: "with as many others the standard error of an AUROC of one half is 0.03",
        },
    ],
    false_alarms: "A column that counts rows or holds a version differs between any two periods: set its kind to `id` or `ignore`. A source that \
                   serves other people looks different by right.",
    remedy: "look at the columns that moved most; test on the newest period (`split.method` time), weight or collect rows like those to come, and \
             watch these columns when the model serves",
    sources: &[
        Source::BestPractices,
        Source::Paper("Lopez-Paz, Oquab, Revisiting Classifier Two-Sample Tests (2017)"),
        Source::Paper("Rabanser, Guennemann, Lipton, Failing Loudly (2019)"),
    ],
};

/// A value beside the others.
struct Found {
    column: String,
    value: String,
    rows: usize,
    /// The AUROC less one half.
    beyond: PairedDifference,
    moved: Vec<ColumnShift>,
}

impl Found {
    fn auroc(&self) -> f64 {
        0.5 + self.beyond.difference
    }

    fn fact(&self) -> Value {
        let moved = self.moved.iter().take(MOVED).map(
            |of| json!({"column": of.column, "measure": of.measure, "distance": of.distance, "p_adjusted": of.p}),
        );
        json!({"column": self.column, "value": self.value, "rows": self.rows, "auroc": self.auroc(), "low": 0.5 + self.beyond.low,
               "high": 0.5 + self.beyond.high, "p_adjusted": self.beyond.p, "moved": moved.collect::<Vec<_>>()})
    }
}

impl Compared for Found {
    const COUNTED: &'static str = "shifted";
    const STAND_OUT: &'static str = "can be told by their inputs";

    fn stands_out(&self) -> bool {
        self.beyond.p < SIGNIFICANCE && self.auroc() >= AUROC
    }

    fn named(&self) -> String {
        let PairedDifference { low, high, .. } = self.beyond;
        let most = self.moved.first().map(|moved| format!(", most of all by `{}`", moved.column));
        format!(
            "`{}` = `{}` (AUROC {:.3}, between {:.3} and {:.3}{})",
            self.column,
            self.value,
            self.auroc(),
            0.5 + low,
            0.5 + high,
            most.unwrap_or_default()
        )
    }

    fn none(most: &Self) -> String {
        format!("can be told by its inputs, the most {}", most.named())
    }
}

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    if context.config.by.is_empty() {
        return Judgement::skipped("no column is named in `evaluate.by`");
    }
    let subject = &context.subject;
    let mut rows = [subject.train, subject.valid, subject.test].concat();
    rows.sort_unstable();
    let inputs = inputs(context);
    let Some(kind) = kind(&inputs) else {
        return Judgement::skipped("there are no numbers, categories or texts to tell rows by");
    };
    let columns = context.config.by.iter().filter_map(|name| subject.table.column(name));
    let slices = columns.flat_map(|column| contrasts(column, &rows));
    let mut found: Vec<Found> =
        slices.filter_map(|slice| compare(context, kind, &inputs, &rows, &slice)).collect();
    if found.is_empty() {
        return Judgement::skipped(format!(
            "no value has {LEAST} rows with as many others of the same classes"
        ));
    }
    let adjusted = holm(&found.iter().map(|of| of.beyond.p).collect::<Vec<_>>());
    found.iter_mut().zip(adjusted).for_each(|(of, p)| of.beyond.p = p);
    found.sort_by(|a, b| b.beyond.difference.total_cmp(&a.beyond.difference));
    verdict(&found).with("values", found.iter().map(Found::fact).collect::<Vec<_>>())
}

/// The columns that a model may see, but for times and what is named in `evaluate.by`.
fn inputs(context: &EvaluateContext<'_>) -> Vec<Column> {
    let target = context.subject.target.name.as_str();
    let is_input = |column: &&Column| {
        let is_named = context.config.by.contains(&column.name) || column.name == target;
        (column.kind.is_table_input() || column.kind == Kind::Text) && column.times().is_none() && !is_named
    };
    context.subject.table.columns().iter().filter(is_input).cloned().collect()
}

/// Texts are looked at where there is nothing else.
fn kind(inputs: &[Column]) -> Option<ProbeKind> {
    let is_table = inputs.iter().any(|column| column.kind.is_table_input());
    match (is_table, inputs.is_empty()) {
        (true, _) => Some(ProbeKind::BoostedTrees),
        (false, false) => Some(ProbeKind::TfIdf),
        (false, true) => None,
    }
}

/// The values of a column; of two one alone, because the other says the same.
fn contrasts(column: &Column, rows: &[u32]) -> Vec<Slice> {
    let mut slices = by_column(column, rows);
    slices.truncate(if slices.len() == 2 { 1 } else { VALUES });
    slices
}

fn compare(
    context: &EvaluateContext<'_>,
    kind: ProbeKind,
    inputs: &[Column],
    rows: &[u32],
    slice: &Slice,
) -> Option<Found> {
    let (own, others) = matched(context, rows, slice);
    if own.len() < LEAST {
        return None;
    }
    let both: Vec<u32> = own.iter().chain(&others).copied().collect();
    let labels = (0..both.len()).map(|at| Some(u32::from(at < own.len()))).collect();
    let target = Target {
        name: String::new(),
        task: Task::Binary,
        classes: vec!["other".to_owned(), "own".to_owned()],
        labels: Labels::Classes(labels),
    };
    let all = Table::new(inputs.to_vec()).ok()?;
    let table = all.gather(|_| &both)?;
    let places: Vec<u32> = (0..both.len() as u32).collect();
    let told = out_of_fold(kind, &table, &target, &places, FOLDS, context.config.seed).ok()?;
    let Predictions::Probabilities { values, .. } = told else { return None };
    let scores: Vec<f64> = values.chunks_exact(2).map(|p| p[1]).collect();
    let is_own: Vec<bool> = (0..both.len()).map(|at| at < own.len()).collect();
    // Beside scores that say nothing: the AUROC less one half.
    let beyond = delong(&is_own, &scores, &vec![0.0; scores.len()], context.config.level)?;
    let mut moved = column_shifts(&all.gather(|_| &own)?, &all.gather(|_| &others)?);
    moved.retain(|of| of.p < SIGNIFICANCE);
    moved.sort_by(|a, b| b.distance.total_cmp(&a.distance).then_with(|| a.column.cmp(&b.column)));
    Some(Found { column: slice.column.clone(), value: slice.value.clone(), rows: own.len(), beyond, moved })
}

/// Rows of a value and as many others with the same mix of classes, drawn where there are more.
fn matched(context: &EvaluateContext<'_>, rows: &[u32], slice: &Slice) -> (Vec<u32>, Vec<u32>) {
    let strata = strata(context.subject.target, rows);
    let mut is_own = vec![false; rows.len()];
    slice.places.iter().for_each(|&place| is_own[place as usize] = true);
    let kinds = strata.iter().copied().max().unwrap_or(0) as usize + 1;
    let mut sides = vec![[Vec::new(), Vec::new()]; kinds];
    for at in context.config.seed.stream("input shift").permutation(rows.len()) {
        let at = at as usize;
        sides[strata[at] as usize][usize::from(!is_own[at])].push(rows[at]);
    }
    let total: usize = sides.iter().map(|[own, others]| own.len().min(others.len())).sum();
    let share = (MOST as f64 / total.max(1) as f64).min(1.0);
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for [from_own, from_others] in sides {
        let count = from_own.len().min(from_others.len());
        let count = (count as f64 * share).floor() as usize;
        own.extend(from_own.into_iter().take(count));
        others.extend(from_others.into_iter().take(count));
    }
    (own, others)
}
