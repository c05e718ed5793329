//! Everything that is reported about one part: valid or test.

use plumb_stats::calibration::{ReliabilityBin, reliability};
use plumb_stats::confusion::per_class;
use plumb_stats::curves::{self, PrecisionRecallPoint, RocPoint};
use plumb_stats::tests::wilson;
use plumb_stats::{Bootstrap, ClassReport, Interval, Metric, bootstrap_all, confusion, metrics};
use serde::Serialize;

use crate::residuals::Residuals;
use crate::scored::{Scored, Truth};

/// A metric with its interval; without ends where resamples left it undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricValue {
    /// The name of the metric.
    #[serde(skip)]
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Over how many rows.
    pub n: usize,
    /// How the interval was made.
    pub method: String,
}

/// The figures of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRow {
    /// The class.
    pub class: String,
    /// Its figures.
    #[serde(flatten)]
    pub report: ClassReport,
    /// Wilson's interval of the recall.
    pub recall_interval: (f64, f64),
}

/// The curves of one class against the rest, thinned to at most 200 points.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassCurves {
    /// The class.
    pub class: String,
    /// The ROC curve.
    pub roc: Vec<RocPoint>,
    /// The precision-recall curve.
    pub precision_recall: Vec<PrecisionRecallPoint>,
}

/// The evaluation of one part.
#[derive(Debug, Clone, PartialEq)]
pub struct PartEvaluation {
    /// The rows, their truth and their predictions.
    pub scored: Scored,
    /// Every metric of the task that is defined here, in the order of the table of metrics.
    pub metrics: Vec<MetricValue>,
    /// Counts by true class (rows) and predicted class (columns); empty for regression.
    pub confusion: Vec<Vec<u64>>,
    /// The figures of each class; empty for regression.
    pub per_class: Vec<ClassRow>,
    /// Curves: of class 1 for two classes, else of the first twenty.
    pub curves: Vec<ClassCurves>,
    /// The reliability diagram in ten bins; empty for regression.
    pub reliability: Vec<ReliabilityBin>,
    /// The residuals; none for classification.
    pub residuals: Option<Residuals>,
}

/// Points of a curve that is kept: more than a chart of 600 pixels can show apart.
const CURVE_POINTS: usize = 200;
/// Classes whose curves are kept: more do not fit one chart.
const CURVES: usize = 20;
/// Bins of the reliability diagram.
const RELIABILITY_BINS: usize = 10;

impl PartEvaluation {
    /// Evaluates scored rows. Sorts once for each class and resamples once for all metrics.
    pub fn new(scored: Scored, classes: &[String], bootstrap: &Bootstrap) -> Self {
        let metrics = metric_values(&scored, bootstrap);
        let outcome = scored.outcome();
        let (mut confusion_rows, mut rows) = (Vec::new(), Vec::new());
        if let Truth::Classes(truth) = &scored.truth {
            let counts = confusion(truth, &outcome.predicted_classes(), scored.width);
            confusion_rows = counts.chunks_exact(scored.width.max(1)).map(<[u64]>::to_vec).collect();
            rows = class_rows(&counts, classes, bootstrap.level);
        }
        let sure = Some(&outcome).filter(|_| !scored.labels_only);
        let reliability = sure.and_then(|of| reliability(of, RELIABILITY_BINS)).unwrap_or_default();
        let residuals = Residuals::new(&scored);
        let curves = class_curves(&scored, classes);
        Self { confusion: confusion_rows, per_class: rows, curves, reliability, residuals, metrics, scored }
    }

    /// The metric of that name, when it is defined here.
    pub fn metric(&self, name: &str) -> Option<&MetricValue> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

/// Every metric of the task with its interval.
pub(crate) fn metric_values(scored: &Scored, bootstrap: &Bootstrap) -> Vec<MetricValue> {
    let outcome = scored.outcome();
    let is_defined = |metric: &&Metric| !scored.labels_only || metric.reads_classes_only(&outcome);
    let known: Vec<&Metric> = metrics::of_task(outcome.task()).filter(is_defined).collect();
    let intervals = bootstrap_all(&outcome, &known, bootstrap);
    let value = |(metric, interval): (&&Metric, Option<Interval>)| {
        let value = interval.map_or_else(|| (metric.compute)(&outcome), |interval| Some(interval.value))?;
        let mut low = interval.map(|interval| interval.low);
        let mut method = interval.map_or_else(String::new, |interval| interval.made_by());
        if metric.name == "accuracy" && value >= 1.0 {
            (low, method) = (Some(all_right(scored.len(), bootstrap.level)), "Clopper-Pearson".to_owned());
        }
        let high = interval.map(|interval| interval.high);
        Some(MetricValue { name: metric.name, value, low, high, n: scored.len(), method })
    };
    known.iter().zip(intervals).filter_map(value).collect()
}

/// The lower end of the exact interval of a share where all of so many rows are right (Clopper, Pearson 1934): resamples
/// of rows that are all right are all right, whatever their number.
pub(crate) fn all_right(rows: usize, level: f64) -> f64 {
    (0.5 * (1.0 - level)).powf(1.0 / rows.max(1) as f64)
}

fn class_rows(counts: &[u64], classes: &[String], level: f64) -> Vec<ClassRow> {
    let row = |(class, (name, report)): (usize, (&String, ClassReport))| ClassRow {
        class: name.clone(),
        report,
        recall_interval: wilson(counts[class * classes.len() + class], report.support, level),
    };
    classes.iter().zip(per_class(counts, classes.len())).enumerate().map(row).collect()
}

fn class_curves(scored: &Scored, classes: &[String]) -> Vec<ClassCurves> {
    let Truth::Classes(truth) = &scored.truth else { return Vec::new() };
    if scored.labels_only {
        return Vec::new();
    }
    let first = usize::from(scored.width == 2);
    let curve = |class: usize| {
        let positive: Vec<bool> = truth.iter().map(|&code| code as usize == class).collect();
        let scores: Vec<f64> = scored.predicted.iter().skip(class).step_by(scored.width).copied().collect();
        Some(ClassCurves {
            class: classes.get(class)?.clone(),
            roc: curves::thin(&curves::roc(&positive, &scores)?, CURVE_POINTS),
            precision_recall: curves::thin(&curves::precision_recall(&positive, &scores)?, CURVE_POINTS),
        })
    };
    (first..scored.width).take(CURVES).filter_map(curve).collect()
}
