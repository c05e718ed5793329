//! What would a threshold for each group change, and what would it cost?

use std::collections::BTreeMap;

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::reweighing::reweighing;
use plumb_stats::tests::paired_bootstrap;
use plumb_stats::{Outcome, metric};
use serde_json::{Value, json};

use super::LEAST_ROWS;
use super::group_performance::NO_GROUPS;
use crate::EvaluateContext;
use crate::scored::{Scored, Truth};
use crate::slices::{Slice, by_column};

const DIFFERENCE: f64 = 0.1;
const COST: f64 = 0.02;

pub(super) const PAGE: Page = Page {
    id: "fairness.mitigation",
    question: "Where error rates differ between groups, has what would lessen it been weighed against what it costs?",
    why: "A threshold for each group can even out who is found, at a price in accuracy that is often small and sometimes is not. Whoever decides should see both.",
    evidence: "For each column of groups: thresholds on the probability, one a group, chosen on the valid part so that each group's true \
               positive rate comes nearest to that of all; on the test part the differences of both error rates and the ratio of \
               selection rates before and after, and the change in accuracy with its interval (paired bootstrap), after what `train.mitigation` \
               did while training. Beside it the weights \
               of rows by group and class (Kamiran, Calders 2012) with which training would see group and class independent.",
    thresholds: &[
        Threshold {
            name: "difference of true positive rates",
            value: DIFFERENCE,
            reason: "as in `fairness.equalized-odds`: below it there is little to lessen",
        },
        Threshold {
            name: "loss of accuracy up to which it is called cheap",
            value: COST,
            reason: "two points; dearer remedies need a reason that is not in these figures",
        },
    ],
    false_alarms: "Thresholds by group may not be permitted where a group is a protected one, and even out one rate at the cost of another.",
    remedy: "weigh the thresholds in the evidence, or train with `train.mitigation` (what that buys and costs: `plumb ablate`); say in the model card what was decided and why",
    sources: &[
        Source::BestPractices,
        Source::Paper("Hardt, Price, Srebro, Equality of Opportunity in Supervised Learning (2016)"),
        Source::Paper(
            "Kamiran, Calders, Data preprocessing techniques for classification without discrimination (2012)",
        ),
    ],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    if context.config.groups.is_empty() {
        return Judgement::skipped(NO_GROUPS);
    }
    let evaluation = context.evaluation;
    let (Some(valid), Some(test)) = (&evaluation.valid, &evaluation.test) else {
        return Judgement::skipped(
            "it needs a valid part to choose thresholds on and a test part to be judged on",
        );
    };
    if test.scored.width != 2 || test.scored.labels_only {
        return Judgement::skipped("thresholds have a meaning for the probabilities of two classes only");
    }
    let of_column = |name: &String| weighed(context, name, &valid.scored, &test.scored);
    let found: Vec<Weighed> = context.config.groups.iter().filter_map(of_column).collect();
    let Some(worst) = found.iter().max_by(|a, b| a.before.true_positives.total_cmp(&b.before.true_positives))
    else {
        return Judgement::skipped(format!("no two groups have {LEAST_ROWS} positive rows in both parts"));
    };
    let trained = context.config.mitigated.as_deref();
    let judged = verdict(worst, trained).with("columns", found.iter().map(Weighed::fact).collect::<Vec<_>>());
    match trained {
        Some(trained) => judged.with("training", trained),
        None => judged,
    }
}

fn verdict(worst: &Weighed, trained: Option<&str>) -> Judgement {
    let trained = trained.map_or_else(String::new, |trained| format!("{trained}; "));
    let text = format!(
        "{trained}with a threshold for each `{}` true positive rates differ by {:.3} instead of {:.3}, false positive rates by {:.3} instead of {:.3}; \
         accuracy changes by {:+.4} (between {:+.4} and {:+.4})",
        worst.column,
        worst.after.true_positives,
        worst.before.true_positives,
        worst.after.false_positives,
        worst.before.false_positives,
        worst.cost.0,
        worst.cost.1,
        worst.cost.2
    );
    let is_wide = worst.before.true_positives > DIFFERENCE;
    let helps = worst.after.true_positives < 0.5 * worst.before.true_positives && worst.cost.0 > -COST;
    if is_wide && helps { Judgement::warn(text) } else { Judgement::pass(text) }
}

/// The largest differences among groups.
#[derive(Clone, Copy)]
struct Spread {
    true_positives: f64,
    false_positives: f64,
    /// The lowest over the highest selection rate.
    selection: f64,
}

/// A column's thresholds with what they change and cost.
struct Weighed {
    column: String,
    thresholds: Vec<(String, f64)>,
    before: Spread,
    after: Spread,
    /// The change in accuracy and the ends of its interval.
    cost: (f64, f64, f64),
    weights: Vec<Value>,
}

impl Weighed {
    fn fact(&self) -> Value {
        let spread = |of: &Spread| {
            json!({"true_positive_rates_differ": of.true_positives, "false_positive_rates_differ": of.false_positives,
                   "selection_ratio": of.selection})
        };
        let thresholds: Vec<Value> =
            self.thresholds.iter().map(|(group, from)| json!({"group": group, "from": from})).collect();
        json!({"column": self.column, "thresholds": thresholds, "before": spread(&self.before), "after": spread(&self.after),
               "accuracy_change": self.cost.0, "low": self.cost.1, "high": self.cost.2, "weights": self.weights})
    }
}

/// Thresholds of a column, chosen on valid rows and judged on test rows.
fn weighed(context: &EvaluateContext<'_>, name: &str, valid: &Scored, test: &Scored) -> Option<Weighed> {
    let column = context.subject.table.column(name)?;
    let (of_valid, of_test) = (by_column(column, &valid.rows), by_column(column, &test.rows));
    let overall = rate(valid, (0..valid.len() as u32).collect::<Vec<_>>().as_slice(), 1, |_| 0.5)?;
    let groups: Vec<(&Slice, f64)> = of_test
        .iter()
        .filter(|slice| positives(test, &slice.places) >= LEAST_ROWS)
        .filter_map(|slice| {
            let own = of_valid.iter().find(|other| other.value == slice.value)?;
            Some((slice, nearest(valid, &own.places, overall)?))
        })
        .collect();
    if groups.len() < 2 {
        return None;
    }
    let spread = |threshold: &dyn Fn(usize) -> f64| {
        let of = |wanted: u32| -> Vec<f64> {
            groups
                .iter()
                .enumerate()
                .filter_map(|(at, (slice, _))| rate(test, &slice.places, wanted, |_| threshold(at)))
                .collect()
        };
        let wide = |rates: &[f64]| {
            let (low, high) =
                rates.iter().fold((1.0f64, 0.0f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
            (high - low).max(0.0)
        };
        let selected: Vec<f64> = groups
            .iter()
            .enumerate()
            .map(|(at, (slice, _))| selected(test, &slice.places, threshold(at)))
            .collect();
        let (low, high) =
            selected.iter().fold((1.0f64, 0.0f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
        let selection = if high > 0.0 { low / high } else { 1.0 };
        Spread { true_positives: wide(&of(1)), false_positives: wide(&of(0)), selection }
    };
    let (before, after) = (spread(&|_| 0.5), spread(&|at| groups[at].1));
    let cost = cost(context, test, &groups)?;
    let thresholds = groups.iter().map(|(slice, from)| (slice.value.clone(), *from)).collect();
    Some(Weighed {
        column: name.to_owned(),
        thresholds,
        before,
        after,
        cost,
        weights: weights(context, name),
    })
}

fn score(scored: &Scored, place: u32) -> f64 {
    scored.predicted[place as usize * 2 + 1]
}

fn truth(scored: &Scored, place: u32) -> u32 {
    match &scored.truth {
        Truth::Classes(truth) => truth[place as usize],
        Truth::Numbers(_) => 0,
    }
}

fn positives(scored: &Scored, places: &[u32]) -> usize {
    places.iter().filter(|&&place| truth(scored, place) == 1).count()
}

/// The share of the rows of one truth that are called positive.
fn rate(scored: &Scored, places: &[u32], wanted: u32, threshold: impl Fn(u32) -> f64) -> Option<f64> {
    let own: Vec<u32> = places.iter().copied().filter(|&place| truth(scored, place) == wanted).collect();
    let called = own.iter().filter(|&&place| score(scored, place) >= threshold(place)).count();
    (!own.is_empty()).then(|| called as f64 / own.len() as f64)
}

fn selected(scored: &Scored, places: &[u32], threshold: f64) -> f64 {
    let called = places.iter().filter(|&&place| score(scored, place) >= threshold).count();
    called as f64 / places.len().max(1) as f64
}

/// The threshold with which the true positive rate of some rows comes nearest to `wanted`: the score of the positive row of that rank.
/// None with too few positive rows.
fn nearest(scored: &Scored, places: &[u32], wanted: f64) -> Option<f64> {
    let mut scores: Vec<f64> = places
        .iter()
        .filter(|&&place| truth(scored, place) == 1)
        .map(|&place| score(scored, place))
        .collect();
    if scores.len() < LEAST_ROWS {
        return None;
    }
    scores.sort_by(|a, b| b.total_cmp(a));
    let called = (wanted * scores.len() as f64).round() as usize;
    Some(match (called.checked_sub(1).and_then(|last| scores.get(last)), scores.get(called)) {
        (Some(last), Some(next)) => f64::midpoint(*last, *next),
        (Some(last), None) => *last,
        (None, _) => 1.0,
    })
}

/// What the thresholds change in accuracy on all judged rows; rows of other groups keep one half.
fn cost(context: &EvaluateContext<'_>, test: &Scored, groups: &[(&Slice, f64)]) -> Option<(f64, f64, f64)> {
    let mut thresholds = vec![0.5; test.len()];
    for (slice, from) in groups {
        for &place in &slice.places {
            thresholds[place as usize] = *from;
        }
    }
    let called = |thresholds: &[f64]| -> Vec<f64> {
        let call = |(place, from): (usize, &f64)| {
            if score(test, place as u32) >= *from { [0.0, 1.0] } else { [1.0, 0.0] }
        };
        thresholds.iter().enumerate().flat_map(call).collect()
    };
    let Truth::Classes(truth) = &test.truth else { return None };
    let (after, before) = (called(&thresholds), called(&vec![0.5; test.len()]));
    let outcome = |probabilities| Outcome::Classes { truth, probabilities, classes: 2 };
    let found = paired_bootstrap(
        &outcome(&after),
        &outcome(&before),
        metric("accuracy")?,
        &context.config.bootstrap(),
    )?;
    Some((found.difference, found.low, found.high))
}

/// The weights of train rows by group and class: what is expected of independence over what is there.
fn weights(context: &EvaluateContext<'_>, name: &str) -> Vec<Value> {
    let (train, target) = (context.subject.train, context.subject.target);
    let Some(column) = context.subject.table.column(name) else { return Vec::new() };
    let plumb_data::Labels::Classes(codes) = &target.labels else { return Vec::new() };
    let code = |place: u32| codes[train[place as usize] as usize];
    let slices = by_column(column, train);
    // Group, class and the cell of both, of the rows that have them.
    let of_slice = |(group, slice): (usize, &Slice)| {
        let own = slice.places.iter().filter_map(|&place| code(place));
        own.map(|class| (group as u32, class)).collect::<Vec<_>>()
    };
    let cells: Vec<(u32, u32)> = slices.iter().enumerate().flat_map(of_slice).collect();
    let (groups, classes): (Vec<u32>, Vec<u32>) = cells.iter().copied().unzip();
    let weights: BTreeMap<(u32, u32), f64> = cells.into_iter().zip(reweighing(&groups, &classes)).collect();
    let fact = |((group, class), weight): ((u32, u32), f64)| json!({"group": slices[group as usize].value, "class": target.classes.get(class as usize), "weight": weight});
    weights.into_iter().map(fact).collect()
}
