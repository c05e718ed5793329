//! The paired test: both runs on the rows that both were tested on.
//!
//! Classes are compared by McNemar's exact test on the rows that only one of the two got right; the primary metric by the paired
//! bootstrap. "Cannot tell" is an answer. Rows that are not the same, or whose targets differ, are told and never compared.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use plumb_ledger::Seed;
use plumb_stats::tests::{McNemarVariant, PairedDifference, delong, mcnemar, paired_bootstrap};
use plumb_stats::{Bootstrap, Direction, Metric, Outcome, Task, metric};

use super::predicted::{Outcomes, Predicted, Unreadable, part_rows, rows_of};

/// The customary level.
const CHANCE: f64 = 0.05;

/// Why two runs are not compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The first has no predictions.
    #[error("the first run cannot be compared: {0}")]
    First(Unreadable),
    /// The second has none.
    #[error("the second run cannot be compared: {0}")]
    Second(Unreadable),
    /// One predicts classes, the other numbers.
    #[error("one run predicts classes and the other numbers")]
    OtherTask,
    /// The classes are not the same.
    #[error("the two runs do not know the same classes")]
    OtherClasses,
    /// One was judged on test rows, the other on valid rows.
    #[error("one run was judged on its test part and the other on its valid part")]
    OtherPart,
    /// No row was judged in both.
    #[error("no row of the one run's {0} part is in the other's")]
    NoSharedRow(&'static str),
    /// The same row numbers have different targets: it is not the same data.
    #[error(
        "{differing} of {shared} rows with the same number have different targets: the two runs are of different data"
    )]
    OtherTargets {
        /// Rows whose targets differ.
        differing: usize,
        /// Rows that both have.
        shared: usize,
    },
}

/// Which run is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// The first.
    First,
    /// The second.
    Second,
    /// The rows do not tell.
    CannotTell,
}

/// The answer.
#[derive(Debug, Clone)]
pub(crate) struct Paired {
    /// `test` or `valid`.
    pub(crate) part: &'static str,
    /// Rows that both were judged on.
    pub(crate) rows: usize,
    /// Rows that only one of them was judged on, which were left out.
    pub(crate) only: [usize; 2],
    /// Of classes: rows that only the first, that only the second got right, and McNemar's p-value.
    pub(crate) right: Option<(u64, u64, f64)>,
    /// The primary metric.
    pub(crate) metric: Option<&'static Metric>,
    /// The metric of the first minus that of the second.
    pub(crate) difference: Option<PairedDifference>,
    /// Of two classes: the AUROC of the first minus that of the second, by DeLong's test.
    pub(crate) auroc: Option<PairedDifference>,
    /// Which is better: by McNemar's test for classes, by the bootstrap for numbers.
    pub(crate) better: Better,
}

/// Compares two runs, whose primary metrics are named, on the part that verdicts rest on.
pub(crate) fn paired(a: &Predicted, b: &Predicted, primary: (&str, &str)) -> Result<Paired, Refused> {
    let ((part, of_a), (part_b, of_b)) = (part_rows(a), part_rows(b));
    if part != part_b {
        return Err(Refused::OtherPart);
    }
    paired_at((a, &of_a), (b, &of_b), part, primary)
}

/// The same on the valid part, where choices are made.
pub(crate) fn paired_on_valid(a: &Predicted, b: &Predicted, primary: &str) -> Result<Paired, Refused> {
    let (of_a, of_b) = (rows_of(a, "valid"), rows_of(b, "valid"));
    paired_at((a, &of_a), (b, &of_b), "valid", (primary, primary))
}

fn paired_at(
    (a, of_a): (&Predicted, &[usize]),
    (b, of_b): (&Predicted, &[usize]),
    part: &'static str,
    primary: (&str, &str),
) -> Result<Paired, Refused> {
    let places: BTreeMap<u32, usize> = of_b.iter().map(|&at| (b.rows[at], at)).collect();
    let shared: Vec<(usize, usize)> =
        of_a.iter().filter_map(|&at| Some((at, *places.get(&a.rows[at])?))).collect();
    let rows = Rows { part, only: [of_a.len() - shared.len(), of_b.len() - shared.len()], shared };
    match (&a.outcomes, &b.outcomes) {
        (
            Outcomes::Numbers { truth, predicted },
            Outcomes::Numbers { truth: truth_b, predicted: predicted_b },
        ) => numbers(&rows, (truth, predicted), (truth_b, predicted_b), primary),
        (Outcomes::Classes { .. }, Outcomes::Classes { .. }) => {
            classes(&rows, &a.outcomes, &b.outcomes, primary)
        }
        _ => Err(Refused::OtherTask),
    }
}

/// The rows of both.
struct Rows {
    part: &'static str,
    only: [usize; 2],
    /// Their places in the one and the other file.
    shared: Vec<(usize, usize)>,
}

impl Rows {
    /// That there are rows, and that their targets are the same.
    fn check(&self, same: impl Fn(usize, usize) -> bool) -> Result<(), Refused> {
        let shared = self.shared.len();
        if shared == 0 {
            return Err(Refused::NoSharedRow(self.part));
        }
        match self.shared.iter().filter(|(a, b)| !same(*a, *b)).count() {
            0 => Ok(()),
            differing => Err(Refused::OtherTargets { differing, shared }),
        }
    }

    fn answer(&self, a: &Outcome<'_>, b: &Outcome<'_>, primary: (&str, &str), task: Task) -> Paired {
        let metric =
            metric(primary.0).filter(|metric| primary.0 == primary.1 && metric.tasks.contains(&task));
        let settings = Bootstrap::new(Seed(0));
        let difference = metric.and_then(|metric| paired_bootstrap(a, b, metric, &settings));
        let better = match (metric, difference) {
            (Some(metric), Some(found)) if found.p < CHANCE => {
                let gain =
                    if metric.direction == Direction::Up { found.difference } else { -found.difference };
                if gain > 0.0 { Better::First } else { Better::Second }
            }
            _ => Better::CannotTell,
        };
        let (part, rows, only) = (self.part, self.shared.len(), self.only);
        Paired { part, rows, only, right: None, metric, difference, auroc: None, better }
    }
}

fn numbers(
    rows: &Rows,
    (truth, predicted): (&[f64], &[f64]),
    (truth_b, predicted_b): (&[f64], &[f64]),
    primary: (&str, &str),
) -> Result<Paired, Refused> {
    rows.check(|a, b| truth[a].total_cmp(&truth_b[b]).is_eq())?;
    let pick = |values: &[f64], first: bool| -> Vec<f64> {
        rows.shared.iter().map(|&(a, b)| values[if first { a } else { b }]).collect()
    };
    let (truth, of_a, of_b) = (pick(truth, true), pick(predicted, true), pick(predicted_b, false));
    let outcome = |predicted| Outcome::Numbers { truth: &truth, predicted };
    Ok(rows.answer(&outcome(&of_a), &outcome(&of_b), primary, Task::Regression))
}

fn classes(rows: &Rows, a: &Outcomes, b: &Outcomes, primary: (&str, &str)) -> Result<Paired, Refused> {
    let (Some(a), Some(b)) = (Classes::of(a), Classes::of(b)) else { return Err(Refused::OtherTask) };
    let mut known = (a.names.to_vec(), b.names.to_vec());
    known.0.sort();
    known.1.sort();
    if known.0 != known.1 {
        return Err(Refused::OtherClasses);
    }
    // The order of the classes may differ: the second's codes are those of the first from here on.
    let order: Vec<usize> =
        a.names.iter().filter_map(|name| b.names.iter().position(|other| other == name)).collect();
    let code = |of_b: Option<u32>| of_b.and_then(|code| order.iter().position(|&at| at == code as usize));
    let same = |x: usize, y: usize| a.truth[x].map(|code| code as usize) == code(b.truth[y]);
    rows.check(same)?;
    let told: Vec<(usize, usize, u32)> =
        rows.shared.iter().filter_map(|&(x, y)| Some((x, y, a.truth[x]?))).collect();
    let truth: Vec<u32> = told.iter().map(|&(_, _, class)| class).collect();
    let width = a.names.len();
    let of_a: Vec<f64> =
        told.iter().flat_map(|&(x, _, _)| &a.probabilities[x * width..][..width]).copied().collect();
    let of_b: Vec<f64> = told
        .iter()
        .flat_map(|&(_, y, _)| order.iter().map(move |&at| b.probabilities[y * width + at]))
        .collect();
    let outcome = |probabilities| Outcome::Classes { truth: &truth, probabilities, classes: width };
    let task = if width <= 2 { Task::Binary } else { Task::Multiclass };
    let mut answer = rows.answer(&outcome(&of_a), &outcome(&of_b), primary, task);
    let right = |predicted: Option<usize>, class: u32| predicted == Some(class as usize);
    let (mut only_a, mut only_b) = (0, 0);
    for &(x, y, class) in &told {
        let first = right(a.predicted[x].map(|code| code as usize), class);
        let second = right(code(b.predicted[y]), class);
        only_a += u64::from(first && !second);
        only_b += u64::from(second && !first);
    }
    let p = mcnemar(only_a, only_b, McNemarVariant::Exact).p;
    answer.right = Some((only_a, only_b, p));
    answer.auroc = (width == 2).then(|| by_delong(&truth, &of_a, &of_b)).flatten();
    answer.better = match only_a.cmp(&only_b) {
        Ordering::Greater if p < CHANCE => Better::First,
        Ordering::Less if p < CHANCE => Better::Second,
        _ => Better::CannotTell,
    };
    Ok(answer)
}

/// The AUROCs of two sets of probabilities of two classes.
fn by_delong(truth: &[u32], a: &[f64], b: &[f64]) -> Option<PairedDifference> {
    let positive: Vec<bool> = truth.iter().map(|&class| class == 1).collect();
    let scores = |probabilities: &[f64]| probabilities.iter().skip(1).step_by(2).copied().collect::<Vec<_>>();
    delong(&positive, &scores(a), &scores(b), 0.95)
}

/// Classes, borrowed.
struct Classes<'a> {
    names: &'a [String],
    truth: &'a [Option<u32>],
    predicted: &'a [Option<u32>],
    probabilities: &'a [f64],
}

impl<'a> Classes<'a> {
    fn of(outcomes: &'a Outcomes) -> Option<Self> {
        match outcomes {
            Outcomes::Classes { names, truth, predicted, probabilities } => {
                Some(Self { names, truth, predicted, probabilities })
            }
            Outcomes::Numbers { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run on `rows` that is right where `right` says so; classes in the order given.
    fn run(rows: &[u32], names: [&str; 2], right: impl Fn(u32) -> bool) -> Predicted {
        let class = |row: u32| {
            names.iter().position(|name| *name == ["no", "yes"][(row % 2) as usize]).unwrap() as u32
        };
        let chosen = |row: u32| if right(row) { class(row) } else { 1 - class(row) };
        Predicted {
            rows: rows.to_vec(),
            parts: vec!["test"; rows.len()],
            folds: vec![0; rows.len()],
            outcomes: Outcomes::Classes {
                names: names.map(str::to_owned).to_vec(),
                truth: rows.iter().map(|&row| Some(class(row))).collect(),
                predicted: rows.iter().map(|&row| Some(chosen(row))).collect(),
                probabilities: rows
                    .iter()
                    .flat_map(|&row| if chosen(row) == 0 { [0.8, 0.2] } else { [0.2, 0.8] })
                    .collect(),
            },
        }
    }

    const PRIMARY: (&str, &str) = ("accuracy", "accuracy");

    #[test]
    fn the_better_run_is_found_whatever_the_order_of_rows_and_classes() {
        let rows: Vec<u32> = (0..400).collect();
        let backwards: Vec<u32> = rows.iter().rev().copied().collect();
        let good = run(&rows, ["no", "yes"], |row| row % 10 != 0);
        let bad = run(&backwards, ["yes", "no"], |row| row % 3 != 0);
        let found = paired(&good, &bad, PRIMARY).unwrap();
        assert_eq!((found.better, found.rows, found.only), (Better::First, 400, [0, 0]));
        let (only_a, only_b, p) = found.right.unwrap();
        assert_eq!(
            (only_a, only_b),
            (120, 26),
            "multiples of 3 that are none of 10, and the other way round"
        );
        assert!(p < 1e-9);
        assert!((found.difference.unwrap().difference - (120.0 - 26.0) / 400.0).abs() < 1e-9);
        assert_eq!(paired(&bad, &good, PRIMARY).unwrap().better, Better::Second);
        assert_eq!(paired(&good, &good, PRIMARY).unwrap().better, Better::CannotTell);
    }

    #[test]
    fn few_rows_cannot_tell() {
        let rows: Vec<u32> = (0..20).collect();
        let found =
            paired(&run(&rows, ["no", "yes"], |_| true), &run(&rows, ["no", "yes"], |row| row > 2), PRIMARY);
        assert_eq!(found.unwrap().better, Better::CannotTell);
    }

    #[test]
    fn rows_and_targets_that_do_not_match_are_told() {
        let first: Vec<u32> = (0..60).collect();
        let second: Vec<u32> = (40..100).collect();
        let far: Vec<u32> = (1_000..1_010).collect();
        let a = run(&first, ["no", "yes"], |_| true);
        let b = run(&second, ["no", "yes"], |_| true);
        assert_eq!(paired(&a, &b, PRIMARY).unwrap().only, [40, 40]);
        let none = paired(&a, &run(&far, ["no", "yes"], |_| true), PRIMARY).unwrap_err();
        assert_eq!(none, Refused::NoSharedRow("test"));
        let mut other = run(&first, ["no", "yes"], |_| true);
        if let Outcomes::Classes { names, .. } = &mut other.outcomes {
            names[1] = "maybe".to_owned();
        }
        assert_eq!(paired(&a, &other, PRIMARY).unwrap_err(), Refused::OtherClasses);
        let mut moved = run(&first, ["no", "yes"], |_| true);
        moved.rows.iter_mut().for_each(|row| *row ^= 1);
        assert_eq!(
            paired(&a, &moved, PRIMARY).unwrap_err(),
            Refused::OtherTargets { differing: 60, shared: 60 }
        );
        let numbers = Predicted {
            outcomes: Outcomes::Numbers { truth: vec![1.0; 60], predicted: vec![1.0; 60] },
            rows: first,
            parts: vec!["test"; 60],
            folds: vec![0; 60],
        };
        assert_eq!(paired(&a, &numbers, PRIMARY).unwrap_err(), Refused::OtherTask);
    }

    #[test]
    fn numbers_are_compared_by_the_bootstrap() {
        let side = |error: f64| Predicted {
            rows: (0..200).collect(),
            parts: vec!["valid"; 200],
            folds: vec![0; 200],
            outcomes: Outcomes::Numbers {
                truth: (0..200).map(f64::from).collect(),
                predicted: (0..200).map(|row| f64::from(row) + error * f64::from(row % 7 - 3)).collect(),
            },
        };
        let found = paired(&side(0.1), &side(2.0), ("rmse", "rmse")).unwrap();
        assert_eq!((found.part, found.better), ("valid", Better::First));
        assert_eq!(paired(&side(0.1), &side(2.0), ("rmse", "mae")).unwrap().better, Better::CannotTell);
    }
}
