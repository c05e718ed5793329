//! `metrics.json`: the evaluation as a run folder keeps it.

use plumb_data::Target;
use serde_json::{Map, Value, json};

use crate::{Evaluation, MetricValue, PartEvaluation};

/// The version of the format.
const SCHEMA: u32 = 1;

/// The whole file. Tables and curves under `details` are those of the judged part. A metric that is undefined is
/// absent; an interval that is undefined has `null` ends.
pub fn metrics_file(evaluation: &Evaluation, target: &Target, weights_sha256: Option<&str>) -> Value {
    let part = |part: Option<&PartEvaluation>| part.map_or_else(|| json!({}), |part| metrics(&part.metrics));
    let baselines: Map<String, Value> = evaluation
        .baselines
        .iter()
        .map(|baseline| (baseline.name.to_owned(), metrics(&baseline.metrics)))
        .collect();
    let mut file = json!({
        "schema": SCHEMA,
        "task": target.task,
        "primary": evaluation.primary.metric.name,
        "primary_reason": evaluation.primary.reason,
        "classes": evaluation.classes,
        "judged": evaluation.judged_name(),
        "level": evaluation.level,
        "valid": part(evaluation.valid.as_ref()),
        "test": part(evaluation.test.as_ref()),
        "baselines": baselines,
        "details": evaluation.judged().map_or(Value::Null, details),
    });
    if let (Some(digest), Some(fields)) = (weights_sha256, file.as_object_mut()) {
        fields.insert("weights_sha256".to_owned(), json!(digest));
    }
    file
}

fn metrics(metrics: &[MetricValue]) -> Value {
    metrics.iter().map(|metric| (metric.name.to_owned(), json!(metric))).collect::<Map<_, _>>().into()
}

fn details(part: &PartEvaluation) -> Value {
    let roc = |curves: &crate::ClassCurves| {
        let column =
            |of: fn(&plumb_stats::curves::RocPoint) -> f64| curves.roc.iter().map(of).collect::<Vec<_>>();
        json!({
            "class": curves.class,
            "false_positive_rate": column(|point| point.false_positive_rate),
            "true_positive_rate": column(|point| point.true_positive_rate),
        })
    };
    let precision_recall = |curves: &crate::ClassCurves| {
        let column = |of: fn(&plumb_stats::curves::PrecisionRecallPoint) -> f64| {
            curves.precision_recall.iter().map(of).collect::<Vec<_>>()
        };
        json!({
            "class": curves.class,
            "recall": column(|point| point.recall),
            "precision": column(|point| point.precision),
        })
    };
    let bin = |bin: &plumb_stats::calibration::ReliabilityBin| {
        json!({
            "low": bin.low,
            "high": bin.high,
            "mean_probability": bin.confidence,
            "observed": bin.accuracy,
            "count": bin.rows,
        })
    };
    let filled = part.reliability.iter().filter(|bin| bin.rows > 0);
    json!({
        "confusion": part.confusion,
        "per_class": part.per_class,
        "roc": part.curves.iter().map(roc).collect::<Vec<_>>(),
        "precision_recall": part.curves.iter().map(precision_recall).collect::<Vec<_>>(),
        "calibration": filled.map(bin).collect::<Vec<_>>(),
        "residuals": part.residuals,
    })
}
