//! Rows with several labels at once: each label is a question of its own with two answers, and all together are one.

mod each_label;
mod groups;

use plumb_ledger::Practice;
use plumb_stats::multilabel::{LabelMetric, Labelled};
use plumb_stats::thresholds::{Objective, choose};
use serde::Serialize;

pub use groups::{LabelGroup, by_group};

use crate::scored::{Scored, Truth};
use crate::{EvaluateConfig, Evaluation, MetricValue};

/// One label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelReport {
    /// Its name.
    pub label: String,
    /// Rows that are judged.
    pub rows: usize,
    /// Those that have it.
    pub positive: usize,
    /// Its metrics as those of two classes.
    pub metrics: Vec<(&'static str, MetricValue)>,
    /// The score from which on it should be called, for the best F1 on the valid part; none without one.
    pub threshold: Option<f64>,
}

impl LabelReport {
    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&MetricValue> {
        self.metrics.iter().find(|(known, _)| *known == name).map(|(_, metric)| metric)
    }
}

/// All labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelsReport {
    /// One each.
    pub labels: Vec<LabelReport>,
    /// Rows that have a known answer for every label.
    pub rows: usize,
    /// Metrics over all labels on these rows.
    pub metrics: Vec<LabelMetric>,
    /// Each label in each group, the worst first; none where no group is named.
    pub groups: Option<Vec<LabelGroup>>,
}

/// A label, what was measured of it, and how it fares in groups.
#[derive(Debug)]
pub struct LabelEvaluation {
    /// Its name.
    pub label: String,
    /// As a target of two classes.
    pub evaluation: Evaluation,
    /// In each group: [`by_group`].
    pub groups: Vec<LabelGroup>,
}

/// The practices of several labels.
pub static PRACTICES: &[Practice<LabelsReport>] = &[
    Practice { page: each_label::PAGE, judge: each_label::judge },
    Practice { page: groups::PAGE, judge: groups::judge },
];

/// Puts the evaluations of single labels together, in their order. Over all labels only rows count that each of them judges.
pub fn together(evaluations: &[LabelEvaluation], config: &EvaluateConfig) -> LabelsReport {
    let labels: Vec<LabelReport> =
        evaluations.iter().filter_map(|of| report(&of.label, &of.evaluation)).collect();
    let judged: Vec<&Scored> =
        evaluations.iter().filter_map(|of| Some(&of.evaluation.judged()?.scored)).collect();
    let mut rows: Vec<u32> = judged.first().map(|scored| scored.rows.clone()).unwrap_or_default();
    for scored in judged.iter().skip(1) {
        let known: std::collections::HashSet<u32> = scored.rows.iter().copied().collect();
        rows.retain(|row| known.contains(row));
    }
    let (mut truth, mut scores) =
        (vec![false; rows.len() * judged.len()], vec![0.0; rows.len() * judged.len()]);
    for (label, scored) in judged.iter().enumerate() {
        let Truth::Classes(codes) = &scored.truth else { continue };
        let place_of: std::collections::HashMap<u32, usize> =
            scored.rows.iter().copied().enumerate().map(|(place, row)| (row, place)).collect();
        for (at, row) in rows.iter().enumerate() {
            let Some(&place) = place_of.get(row) else { continue };
            truth[at * judged.len() + label] = codes[place] == 1;
            scores[at * judged.len() + label] = scored.predicted[place * scored.width + 1];
        }
    }
    let all = Labelled { truth: &truth, scores: &scores, labels: judged.len() };
    let groups = evaluations.iter().flat_map(|of| of.groups.iter().cloned());
    let groups = groups::of_all_labels(groups, evaluations.len());
    LabelsReport {
        labels,
        rows: rows.len(),
        metrics: all.metrics(&config.bootstrap()),
        groups: (!config.groups.is_empty()).then_some(groups),
    }
}

fn report(name: &str, of: &Evaluation) -> Option<LabelReport> {
    let part = of.judged()?;
    let valid = of.test.as_ref().and(of.valid.as_ref());
    let threshold = valid.and_then(|valid| {
        let (truth, scores) = of_two(&valid.scored)?;
        choose(&truth, &scores, Objective::F1).map(|threshold| threshold.value)
    });
    Some(LabelReport {
        label: name.to_owned(),
        rows: part.scored.len(),
        positive: of_two(&part.scored)?.0.iter().filter(|there| **there).count(),
        metrics: part.metrics.iter().map(|metric| (metric.name, metric.clone())).collect(),
        threshold,
    })
}

/// Whether rows have a label, and its scores; none of what is not two classes.
fn of_two(scored: &Scored) -> Option<(Vec<bool>, Vec<f64>)> {
    let Truth::Classes(codes) = &scored.truth else { return None };
    let scores = scored.predicted.iter().skip(1).step_by(2).copied().collect();
    (scored.width == 2).then(|| (codes.iter().map(|&code| code == 1).collect(), scores))
}

#[cfg(test)]
mod tests {
    use plumb_ledger::{Seed, Verdict};

    use super::*;

    #[test]
    fn pages_have_no_faults_and_nothing_to_judge_is_skipped() {
        assert_eq!(plumb_ledger::practice::faults(PRACTICES.iter().map(|practice| &practice.page)), [""; 0]);
        let named = EvaluateConfig { groups: vec!["c".to_owned()], ..EvaluateConfig::new(Seed(1)) };
        for config in [EvaluateConfig::new(Seed(1)), named] {
            let report = together(&[], &config);
            for practice in PRACTICES {
                assert_eq!((practice.judge)(&report).verdict, Verdict::Skipped, "{}", practice.page.id);
            }
        }
    }
}
