//! Which metric decides.

use plumb_data::{Labels, Target};
use plumb_stats::{Metric, Task, metric};

use crate::EvaluateError;

/// The metric that decides, and why it does.
#[derive(Debug, Clone)]
pub struct Primary {
    /// The metric.
    pub metric: &'static Metric,
    /// Why this one, for a person.
    pub reason: String,
}

/// Below this share of the rarer class, accuracy is not chosen: a model that never names the class would still score
/// above 80 %.
pub(crate) const RARE_SHARE: f64 = 0.2;

/// With more than two classes a class is rare below this part of an even share.
pub(crate) const RARE_PART_OF_EVEN: f64 = 0.5;

impl Primary {
    /// The metric named in the job, or for `auto`:
    ///
    /// - regression: `rmse`, what training minimises;
    /// - two classes: `accuracy`, or `auroc` when the rarer has under 20 % of the train rows;
    /// - more classes: `accuracy`, or `balanced_accuracy` when one has under half of an even share.
    ///
    /// Decided on the train rows, before anything else is looked at.
    ///
    /// A predictor that gives classes and no probabilities is judged by `balanced_accuracy` in place of `auroc`.
    pub fn choose(
        name: &str,
        target: &Target,
        train: &[u32],
        knows_how_sure: bool,
    ) -> Result<Self, EvaluateError> {
        let (name, reason) = if name == "auto" {
            automatic(target, train, knows_how_sure)
        } else {
            (name, "named in `evaluate.primary`".to_owned())
        };
        let unknown = || EvaluateError::UnknownMetric { name: name.to_owned() };
        let metric = metric(name).ok_or_else(unknown)?;
        if !metric.tasks.contains(&target.task) {
            return Err(EvaluateError::MetricTask { name: name.to_owned(), task: target.task });
        }
        Ok(Self { metric, reason })
    }
}

fn automatic(target: &Target, train: &[u32], knows_how_sure: bool) -> (&'static str, String) {
    let Some(share) = smallest_share(target, train) else {
        return ("rmse", "the target is a number, and training minimises its square".to_owned());
    };
    let rare = share < rare_below(target.classes.len());
    let percent = 100.0 * share;
    match (target.task, rare) {
        (Task::Binary, true) if knows_how_sure => {
            ("auroc", format!("the rarer class has {percent:.1} % of the train rows"))
        }
        (_, true) => ("balanced_accuracy", format!("the rarest class has {percent:.1} % of the train rows")),
        (_, false) => ("accuracy", "no class is rare among the train rows".to_owned()),
    }
}

/// The share below which the rarest of some classes counts as rare.
pub(crate) fn rare_below(classes: usize) -> f64 {
    if classes <= 2 { RARE_SHARE } else { RARE_PART_OF_EVEN / classes as f64 }
}

/// The share of the rarest class among the labelled rows; none for regression. No row at all counts as even.
pub(crate) fn smallest_share(target: &Target, rows: &[u32]) -> Option<f64> {
    let Labels::Classes(codes) = &target.labels else { return None };
    let mut counts = vec![0usize; target.classes.len()];
    for code in rows.iter().filter_map(|&row| codes.get(row as usize).copied().flatten()) {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let total: usize = counts.iter().sum();
    let smallest = counts.iter().min().copied().unwrap_or(0);
    Some(if total == 0 { 1.0 } else { smallest as f64 / total as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(codes: &[u32], classes: usize) -> Target {
        Target {
            name: "y".to_owned(),
            task: if classes == 2 { Task::Binary } else { Task::Multiclass },
            classes: (0..classes).map(|class| class.to_string()).collect(),
            labels: Labels::Classes(codes.iter().map(|&code| Some(code)).collect()),
        }
    }

    fn chosen(codes: &[u32], classes: usize) -> &'static str {
        let rows: Vec<u32> = (0..codes.len() as u32).collect();
        Primary::choose("auto", &target(codes, classes), &rows, true).unwrap().metric.name
    }

    #[test]
    fn rare_classes_change_the_metric() {
        assert_eq!(chosen(&[0, 1, 0, 1], 2), "accuracy");
        assert_eq!(chosen(&[0, 0, 0, 0, 0, 1], 2), "auroc");
        assert_eq!(chosen(&[0, 1, 2], 3), "accuracy");
        assert_eq!(chosen(&[0, 0, 0, 0, 1, 1, 1, 1, 1, 2], 3), "balanced_accuracy");
    }

    #[test]
    fn a_wrong_name_is_explained() {
        use plumb_ledger::Explain;
        let error = Primary::choose("accurcy", &target(&[0, 1], 2), &[0, 1], true).unwrap_err();
        assert_eq!(error.hint().unwrap(), "`evaluate.primary`: did you mean `accuracy`?");
        let error = Primary::choose("rmse", &target(&[0, 1], 2), &[0, 1], true).unwrap_err();
        assert!(error.to_string().contains("not defined"), "{error}");
    }
}
