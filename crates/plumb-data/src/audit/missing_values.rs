//! `data.missing-values`: how much is missing, and does it follow the target or a group?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use plumb_stats::{effect, multiplicity, tests};
use rayon::prelude::*;

use super::AuditContext;
use crate::{Column, Labels, Target};

/// Half of the rows.
const WARN_SHARE: f64 = 0.5;
/// Cramer's V from which a relation warns; a natural one of a clean census is 0.08.
const WARN_V: f64 = 0.2;
/// Cohen's "large".
const FAIL_V: f64 = 0.5;
/// Cliff's delta, "medium" and "large" (Romano 2006).
const WARN_DELTA: f64 = 0.33;
const FAIL_DELTA: f64 = 0.474;
/// Adjusted p-value.
const P: f64 = 0.01;
/// Fewer missing or present cells than this are not related to anything.
const LEAST: usize = 10;
/// Columns listed.
const LISTED: usize = 50;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.missing-values",
        question: "how much is missing, in which columns, and does it follow the target or a group?",
        why: "Values that are missing because of the outcome carry the outcome into training and will be missing \
              otherwise in use. Imputation then hides what was the signal.",
        evidence: "Missing cells of each column; for each column with ten missing and ten present cells the relation of \
                   `is missing` with the target (classes: chi-squared without correction and Cramer's V; numbers: \
                   Mann-Whitney and Cliff's delta) and with each group column, p adjusted by Holm over all of them.",
        thresholds: &[
            Threshold {
                name: "share of a column that warns",
                value: WARN_SHARE,
                reason: "most of the column is imputed",
            },
            Threshold {
                name: "Cramer's V that warns",
                value: WARN_V,
                reason: "between Cohen's small 0.1 and medium 0.3; natural relations in a clean census reach 0.08",
            },
            Threshold { name: "Cramer's V that fails", value: FAIL_V, reason: "Cohen's large effect" },
            Threshold {
                name: "Cliff's delta that warns",
                value: WARN_DELTA,
                reason: "a medium effect (Romano 2006)",
            },
            Threshold {
                name: "Cliff's delta that fails",
                value: FAIL_DELTA,
                reason: "a large effect (Romano 2006)",
            },
            Threshold {
                name: "adjusted p-value",
                value: P,
                reason: "excludes chance in small tables; never decides alone, since in large ones everything is significant",
            },
        ],
        false_alarms: "A field that is rightly empty for one class, known as such when the model is used.",
        remedy: "Find out why the values are missing. `prepare.missing` sets the imputation: by default the median, with \
                 a column that says that the value was missing.",
        sources: &[Source::BestPractices, Source::Paper("Rubin, Inference and Missing Data (1976)")],
    },
    judge,
};

/// `is missing` of one column beside the target or a group.
struct Relation<'a> {
    column: &'a str,
    with: &'a str,
    measure: &'static str,
    effect: f64,
    p: f64,
}

impl Relation<'_> {
    fn reaches(&self, v: f64, delta: f64) -> bool {
        let least = if self.measure == "cramers_v" { v } else { delta };
        self.p < P && self.effect >= least
    }
}

fn judge(context: &AuditContext) -> Judgement {
    let rows = context.table.rows();
    if rows == 0 || context.table.columns().is_empty() {
        return Judgement::skipped("the table has no cells");
    }
    let inputs: Vec<_> = context.columns().filter(|(column, _)| !context.is_target(column)).collect();
    let gaps: Vec<(&Column, f64)> =
        inputs.iter().filter(|(_, f)| f.missing > 0).map(|(c, f)| (*c, f.missing_share())).collect();
    let cells = (rows * inputs.len()).max(1) as f64;
    let share = inputs.iter().map(|(_, facts)| facts.missing).sum::<usize>() as f64 / cells;
    let relations = relations(context, &gaps);
    let strongest = relations
        .iter()
        .filter(|r| r.reaches(WARN_V, WARN_DELTA))
        .max_by(|a, b| a.effect.total_cmp(&b.effect));
    let emptiest = gaps.iter().filter(|(_, share)| *share >= WARN_SHARE).max_by(|a, b| a.1.total_cmp(&b.1));
    let judged = match (strongest, emptiest) {
        (Some(r), _) => {
            let words = format!(
                "what is missing in `{}` follows `{}` ({} {:.2})",
                r.column, r.with, r.measure, r.effect
            );
            if r.reaches(FAIL_V, FAIL_DELTA) { Judgement::fail(words) } else { Judgement::warn(words) }
        }
        (None, Some((column, share))) => {
            Judgement::warn(format!("{:.0} % of `{}` is missing", 100.0 * share, column.name))
        }
        (None, None) if gaps.is_empty() => Judgement::pass("no cell is missing"),
        (None, None) => Judgement::pass(format!(
            "{:.2} % of the cells, in {} columns, are missing, without relation to the target or a group",
            100.0 * share,
            gaps.len()
        )),
    };
    let by_column: Evidence =
        gaps.iter().take(LISTED).map(|(column, share)| (column.name.clone(), (*share).into())).collect();
    judged
        .with("share_of_cells", share)
        .with("columns_with_missing_cells", gaps.len())
        .with("share_by_column", by_column)
        .with("relations", relations.iter().take(LISTED).map(evidence).collect::<Vec<_>>())
}

fn evidence(relation: &Relation<'_>) -> Evidence {
    Judgement::pass("")
        .with("column", relation.column)
        .with("with", relation.with)
        .with("measure", relation.measure)
        .with("effect", relation.effect)
        .with("p_holm", relation.p)
        .evidence
}

fn relations<'a>(context: &'a AuditContext, gaps: &[(&'a Column, f64)]) -> Vec<Relation<'a>> {
    let target = context.target.as_ref().filter(|target| target.len() == context.table.rows());
    let groups = || context.groups.iter().filter_map(|name| context.table.column(name));
    let of_column = |(column, _): &(&'a Column, f64)| {
        let with_target = target.and_then(|target| with_target(column, target));
        let with_groups = groups().filter(|group| group.name != column.name);
        with_target
            .into_iter()
            .chain(with_groups.filter_map(|group| with_group(column, group)))
            .collect::<Vec<_>>()
    };
    let mut relations: Vec<Relation<'a>> = gaps.par_iter().flat_map_iter(of_column).collect();
    let adjusted = multiplicity::holm(&relations.iter().map(|relation| relation.p).collect::<Vec<_>>());
    relations.iter_mut().zip(adjusted).for_each(|(relation, p)| relation.p = p);
    relations
}

fn with_target<'a>(column: &'a Column, target: &'a Target) -> Option<Relation<'a>> {
    match &target.labels {
        Labels::Classes(codes) => {
            let (effect, p) = with_codes(column, target.classes.len(), |row| codes[row])?;
            Some(Relation { column: &column.name, with: &target.name, measure: "cramers_v", effect, p })
        }
        Labels::Numbers(numbers) => {
            let (mut gone, mut there) = (Vec::new(), Vec::new());
            for (row, number) in numbers.iter().enumerate() {
                let side = if column.is_missing(row) { &mut gone } else { &mut there };
                side.extend(*number);
            }
            let test = (gone.len() >= LEAST && there.len() >= LEAST)
                .then(|| tests::mann_whitney(&gone, &there))??;
            let effect = (2.0 * test.superiority - 1.0).abs();
            Some(Relation {
                column: &column.name,
                with: &target.name,
                measure: "cliffs_delta",
                effect,
                p: test.p,
            })
        }
    }
}

fn with_group<'a>(column: &'a Column, group: &'a Column) -> Option<Relation<'a>> {
    let coded = group.to_category();
    let categories = coded.categories()?;
    let (effect, p) = with_codes(column, categories.len(), |row| categories.code(row))?;
    Some(Relation { column: &column.name, with: &group.name, measure: "cramers_v", effect, p })
}

fn with_codes(column: &Column, levels: usize, code: impl Fn(usize) -> Option<u32>) -> Option<(f64, f64)> {
    let mut counts = [vec![0.0; levels], vec![0.0; levels]];
    for row in 0..column.len() {
        if let Some(count) =
            code(row).and_then(|code| counts[usize::from(column.is_missing(row))].get_mut(code as usize))
        {
            *count += 1.0;
        }
    }
    let enough = counts.iter().all(|side| side.iter().sum::<f64>() >= LEAST as f64);
    // Levels that no row has would make an expected count of 0.
    let used: Vec<usize> = (0..levels).filter(|&level| counts[0][level] + counts[1][level] > 0.0).collect();
    let table: Vec<Vec<f64>> =
        counts.iter().map(|side| used.iter().map(|&level| side[level]).collect()).collect();
    let test = enough.then(|| tests::chi_squared(&table))??;
    Some((effect::cramers_v_of(&test), test.p))
}
