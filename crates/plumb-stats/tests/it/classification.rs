//! Classification metrics against scikit-learn, confident learning against cleanlab.

use plumb_stats::confusion::per_class;
use plumb_stats::multilabel::Labelled;
use plumb_stats::noise::{IssueMethod, confident_joint, label_issues};
use plumb_stats::{Bootstrap, Outcome, confusion, metrics};

use crate::{cases, codes, counts, near, numbers};

#[test]
fn metrics_are_those_of_scikit_learn() {
    for (number, case) in cases("classification").as_array().unwrap().iter().enumerate() {
        let (truth, probabilities) = (codes(&case["truth"]), numbers(&case["probabilities"]));
        let classes = case["classes"].as_u64().unwrap() as usize;
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes };
        for metric in metrics::of_task(outcome.task()) {
            let value = (metric.compute)(&outcome).unwrap();
            near(value, &case["metrics"][metric.name], 1e-12, &format!("{} of case {number}", metric.name));
        }
        let matrix = confusion(&truth, &outcome.predicted_classes(), classes);
        assert_eq!(matrix, counts(&case["confusion"]));
        for (class, report) in per_class(&matrix, classes).iter().enumerate() {
            let figures = [report.precision, report.recall, report.f1, report.support as f64];
            for (figure, expected) in figures.iter().zip(case["per_class"].as_array().unwrap()) {
                near(*figure, &expected[class], 1e-12, "per class");
            }
        }
    }
}

#[test]
fn metrics_of_several_labels_are_those_of_scikit_learn() {
    for case in cases("multilabel").as_array().unwrap() {
        let truth: Vec<bool> = codes(&case["truth"]).iter().map(|code| *code == 1).collect();
        let (scores, labels) = (numbers(&case["scores"]), case["labels"].as_u64().unwrap() as usize);
        let settings = Bootstrap { resamples: 50, ..Bootstrap::new(plumb_ledger::Seed(1)) };
        let found = Labelled { truth: &truth, scores: &scores, labels }.metrics(&settings);
        assert_eq!(found.len(), case["metrics"].as_object().unwrap().len());
        for metric in found {
            near(metric.value, &case["metrics"][metric.name], 1e-12, metric.name);
            assert!(metric.low <= metric.value && metric.value <= metric.high, "{metric:?}");
        }
    }
}

#[test]
fn confident_learning_is_that_of_cleanlab() {
    for case in cases("noise").as_array().unwrap() {
        let (truth, probabilities) = (codes(&case["labels"]), numbers(&case["probabilities"]));
        let classes = case["classes"].as_u64().unwrap() as usize;
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes };
        assert_eq!(confident_joint(&outcome).unwrap(), counts(&case["joint"]));
        let confident = label_issues(&outcome, IssueMethod::ConfidentLearning).unwrap();
        assert_eq!(confident, codes(&case["confident"]));
        let pruned = label_issues(&outcome, IssueMethod::PruneByNoiseRate).unwrap();
        let expected = codes(&case["pruned"]);
        // Rounding of the calibrated joint may differ by one row for each class.
        for class in 0..classes as u32 {
            let of_class = |rows: &[u32]| -> Vec<u32> {
                rows.iter().copied().filter(|&row| truth[row as usize] == class).collect()
            };
            let (found, wanted) = (of_class(&pruned), of_class(&expected));
            let apart = found.iter().filter(|row| !wanted.contains(row)).count()
                + wanted.iter().filter(|row| !found.contains(row)).count();
            assert!(apart <= 1, "class {class}: {found:?} instead of {wanted:?}");
        }
    }
}
