//! Confident learning: which labels look wrong, given out-of-fold probabilities (Northcutt, Jiang, Chuang 2021).

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::outcome::most_probable;

/// Slack at a threshold, so that a probability equal to it up to rounding counts (cleanlab's value).
const SLACK: f64 = 1e-6;

/// How issues are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueMethod {
    /// The rows counted off the diagonal of the confident joint.
    ConfidentLearning,
    /// As many rows of each pair of classes as the calibrated joint says, those with the largest margin first.
    PruneByNoiseRate,
}

/// The confident joint: how many rows labelled `i` are confidently of class `j`, at `i * classes + j`; not calibrated,
/// the diagonal at least 1 (as cleanlab). `None` of an invalid outcome. Two passes over the probabilities.
pub fn confident_joint(outcome: &Outcome<'_>) -> Option<Vec<u64>> {
    let Outcome::Classes { truth, classes, .. } = *outcome else { return None };
    let guesses = guesses(outcome)?;
    let mut joint = vec![0; classes * classes];
    for (&label, guess) in truth.iter().zip(guesses) {
        if let Some(guess) = guess {
            joint[label as usize * classes + guess] += 1;
        }
    }
    for class in 0..classes {
        let diagonal = &mut joint[class * classes + class];
        *diagonal = 1.max(*diagonal);
    }
    Some(joint)
}

/// The rows whose label looks wrong, ascending. A row whose most probable class is its label is never one.
pub fn label_issues(outcome: &Outcome<'_>, method: IssueMethod) -> Option<Vec<u32>> {
    let Outcome::Classes { truth, .. } = *outcome else { return None };
    let chosen = match method {
        IssueMethod::ConfidentLearning => {
            let off =
                |(&label, guess): (&u32, Option<usize>)| guess.is_some_and(|guess| guess != label as usize);
            truth.iter().zip(guesses(outcome)?).map(off).collect()
        }
        IssueMethod::PruneByNoiseRate => pruned(outcome)?,
    };
    let predicted = outcome.predicted_classes();
    let rows = (0..truth.len()).filter(|&row| chosen[row] && predicted[row] != truth[row]);
    Some(rows.map(|row| row as u32).collect())
}

/// The class that each row confidently belongs to: the one whose threshold its probability reaches; the most probable
/// class when there are several, none when there is none.
fn guesses(outcome: &Outcome<'_>) -> Option<Vec<Option<usize>>> {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
    if !outcome.is_valid() {
        return None;
    }
    let thresholds = thresholds(truth, probabilities, classes);
    let guess = |row: &[f64]| {
        let mut reached = row.iter().zip(&thresholds).enumerate().filter(|(_, (p, t))| **p >= *t - SLACK);
        let (first, _) = reached.next()?;
        Some(if reached.next().is_some() { most_probable(row) } else { first })
    };
    Some(probabilities.chunks_exact(classes).map(guess).collect())
}

/// The mean probability of each class over the rows labelled with it; infinite for a class without rows.
fn thresholds(truth: &[u32], probabilities: &[f64], classes: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u64); classes];
    for (row, &label) in probabilities.chunks_exact(classes).zip(truth) {
        let sum = &mut sums[label as usize];
        *sum = (sum.0 + row[label as usize], sum.1 + 1);
    }
    sums.iter().map(|&(sum, rows)| if rows > 0 { sum / rows as f64 } else { f64::INFINITY }).collect()
}

fn pruned(outcome: &Outcome<'_>) -> Option<Vec<bool>> {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
    let joint = confident_joint(outcome)?;
    let mut members = vec![Vec::new(); classes];
    for (row, &label) in truth.iter().enumerate() {
        members[label as usize].push(row);
    }
    let mut chosen = vec![false; truth.len()];
    for (label, rows) in members.iter().enumerate() {
        let counts = calibrated(&joint[label * classes..][..classes], rows.len());
        for (class, &count) in
            counts.iter().enumerate().filter(|(class, _)| *class != label && rows.len() > 1)
        {
            let margin =
                |row: usize| probabilities[row * classes + class] - probabilities[row * classes + label];
            let mut ordered = rows.clone();
            ordered.sort_by(|&a, &b| margin(b).total_cmp(&margin(a)));
            ordered.iter().take(count).for_each(|&row| chosen[row] = true);
        }
    }
    Some(chosen)
}

/// A row of the joint scaled to the number of rows with that label, rounded so that the sum is kept: the largest
/// remainders are rounded up. At least one row is left on the diagonal by the joint itself.
fn calibrated(row: &[u64], rows: usize) -> Vec<usize> {
    let total: u64 = row.iter().sum();
    let exact: Vec<f64> = row.iter().map(|&n| n as f64 * rows as f64 / total.max(1) as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|x| x.floor() as usize).collect();
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())));
    let missing = rows.saturating_sub(counts.iter().sum());
    order.iter().take(missing).for_each(|&class| counts[class] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_wrong_label_is_found() {
        let truth = [0, 0, 0, 1, 1, 0];
        let positive = [0.1, 0.2, 0.1, 0.9, 0.8, 0.95];
        let probabilities: Vec<f64> = positive.iter().flat_map(|p| [1.0 - p, *p]).collect();
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes: 2 };
        assert_eq!(confident_joint(&outcome).unwrap(), [3, 1, 0, 1]);
        for method in [IssueMethod::ConfidentLearning, IssueMethod::PruneByNoiseRate] {
            assert_eq!(label_issues(&outcome, method).unwrap(), [5]);
        }
    }

    #[test]
    fn rounding_keeps_the_sum() {
        assert_eq!(calibrated(&[1, 1, 1], 10), [4, 3, 3]);
        assert_eq!(calibrated(&[0, 0], 0), [0, 0]);
    }
}
