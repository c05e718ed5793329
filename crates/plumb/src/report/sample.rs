//! Run folders made up for the tests, large and lifelike enough to look at.

use std::collections::BTreeMap;

use plumb_ledger::{Evidence, Ledger, Verdict, ledger::Entry};
use serde_json::{Value, json};

use super::{Predictions, RunFiles};

/// A finished binary run on a census table.
pub(super) fn binary() -> RunFiles {
    let mut files = files(&binary_files());
    files.provenance = provenance();
    files
}

/// A finished regression run on prices.
pub(super) fn regression() -> RunFiles {
    let mut parts = binary_files();
    parts.insert("metrics.json", regression_metrics());
    parts.remove("split.json");
    parts.remove("worst.json");
    let mut files = files(&parts);
    let mut noise = Noise(7);
    let actual: Vec<f64> = (0..4_000).map(|_| (5.8 + 1.05 * noise.normal()).exp() + 300.0).collect();
    let predicted = actual.iter().map(|price| price * (0.09 * noise.normal()).exp()).collect();
    files.predictions = Some(Predictions { actual, predicted });
    files
}

/// The files as they are read from a folder.
fn files(parts: &BTreeMap<&str, Value>) -> RunFiles {
    let mut bytes: BTreeMap<String, Vec<u8>> =
        parts.iter().map(|(name, value)| ((*name).to_owned(), value.to_string().into_bytes())).collect();
    bytes.insert("job.toml".to_owned(), JOB.as_bytes().to_vec());
    bytes.insert("history.jsonl".to_owned(), history(40, 220));
    bytes.insert("ledger.json".to_owned(), serde_json::to_vec(&ledger()).unwrap());
    RunFiles::from_bytes(&bytes).unwrap()
}

const JOB: &str = r#"# Written by `plumb run`: rerunning it repeats the run bit for bit.
[data]
files = ["/home/ann/data/adult.parquet"]
target = "income"

[split]
method = "stratified"
valid = 0.15
test = 0.15

[model]
preset = "realmlp"

[train]
seed = 0
epochs = 256
batch_size = 256
lr = 0.04
schedule = "coslog4"

[gates]
fail = ["data.target-leakage", "split.disjoint"]
"#;

fn provenance() -> Vec<(String, String)> {
    let facts = [
        ("data SHA-256", "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
        ("seed", "0"),
        ("plumb", "0.1.0"),
        ("device", "cpu (flex)"),
    ];
    facts.iter().map(|(name, fact)| ((*name).to_owned(), (*fact).to_owned())).collect()
}

/// A linear congruential generator: enough for a lifelike picture.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn entry(id: &str, verdict: Verdict, summary: &str, evidence: &Value, remedy: &str) -> Entry {
    let evidence: Evidence = evidence.as_object().cloned().unwrap_or_default();
    let reason = (verdict == Verdict::Skipped).then(|| summary.to_owned());
    Entry { id: id.into(), verdict, summary: summary.into(), evidence, remedy: remedy.into(), reason }
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::new("adult-realmlp-0");
    ledger.stage = "evaluate".to_owned();
    let pass = |id: &str, summary: &str| entry(id, Verdict::Pass, summary, &json!({"rows": 48_842}), "");
    ledger.verdicts = vec![
        pass("data.readable", "all 48,842 rows of 1 file were read"),
        entry(
            "data.missing-values",
            Verdict::Warn,
            "occupation is missing in 5.75 % of rows, more often where income is low (Cramér’s V 0.11)",
            &json!({"columns": ["workclass", "occupation", "native-country"], "share": [0.0573, 0.0575, 0.0175], "cramers_v": 0.1102, "p_holm": 3.1e-120}),
            "set `prepare.missing` to `indicator`, so that the model sees which values were missing",
        ),
        entry(
            "data.duplicates",
            Verdict::Pass,
            "52 of 48,842 rows repeat another (0.1 %)",
            &json!({"exact": 52, "near": 118, "rows": (0..200).collect::<Vec<_>>()}),
            "",
        ),
        entry(
            "data.class-imbalance",
            Verdict::Pass,
            "the smallest class has 23.9 % of the rows",
            &json!({"counts": {"<=50K": 37_155, ">50K": 11_687}}),
            "",
        ),
        entry(
            "data.target-leakage",
            Verdict::Pass,
            "no column alone predicts the target better than AUROC 0.79 (relationship)",
            &json!({"column": "relationship", "auroc": 0.787}),
            "",
        ),
        entry(
            "data.representative",
            Verdict::Skipped,
            "no reference data: name it with `data.reference`",
            &json!({}),
            "",
        ),
        pass("split.stratified", "every class is within 1 row of its share in every part"),
        entry(
            "split.disjoint",
            Verdict::Fail,
            "14 rows of the test part stand in the train part too",
            &json!({"exact": 14, "near": 31, "test_rows": [112, 908, 4_113, 20_004]}),
            "remove duplicates before the split, or keep them together with `split.method = \"group\"`",
        ),
        pass("preflight.initial-loss", "the loss at the start is 0.694, ln 2 is 0.693"),
        pass("preflight.overfit-subset", "32 rows are learnt by heart in 41 steps"),
        pass("preflight.gradient-flow", "gradients reach all 14 parameters"),
        pass("train.finite", "every loss and gradient was finite"),
        entry(
            "train.overfitting",
            Verdict::Warn,
            "the valid loss rose from 0.283 at epoch 21 to 0.301 at the end while the train loss fell",
            &json!({"began": 21, "gap": 0.041}),
            "raise `train.dropout` or `train.weight_decay`; the best epoch’s weights are kept in any case",
        ),
        pass("train.best-weights-kept", "the weights of epoch 21 are evaluated"),
        entry(
            "evaluate.beats-baseline",
            Verdict::Pass,
            "better than boosted trees by 0.0021 AUROC (0.0004 to 0.0039, paired bootstrap)",
            &json!({"difference": 0.0021, "low": 0.0004, "high": 0.0039}),
            "",
        ),
        entry(
            "fairness.disparate-impact",
            Verdict::Skipped,
            "no groups are named: name them with `evaluate.groups`",
            &json!({}),
            "",
        ),
    ];
    ledger
}

fn binary_files() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("data.json", profile()),
        (
            "split.json",
            json!({
                "method": "stratified", "folds": 0, "classes": ["<=50K", ">50K"], "test_reads": ["evaluate"],
                "parts": [
                    {"part": "train", "rows": 34_190, "classes": [26_009, 8_181]},
                    {"part": "valid", "rows": 7_326, "classes": [5_573, 1_753]},
                    {"part": "test", "rows": 7_326, "classes": [5_573, 1_753]},
                ],
            }),
        ),
        ("preflight.json", preflight()),
        ("metrics.json", binary_metrics()),
        ("worst.json", worst()),
    ])
}

fn profile() -> Value {
    let bell = |centre: f64, width: f64| -> Vec<u64> {
        (0..40)
            .map(|bin| (4_000.0 * (-((f64::from(bin) - centre) / width).powi(2)).exp()) as u64 + 3)
            .collect()
    };
    let number = |name: &str, counts: Vec<u64>, low: f64, median: f64, high: f64, tie: f64| {
        json!({"name": name, "kind": "number", "missing": 0, "distinct": 74, "relation": tie,
               "numbers": {"quantiles": [[0.0, low], [0.5, median], [1.0, high]], "histogram": counts}})
    };
    let category = |name: &str, missing: usize, levels: &[(&str, u64)], tie: f64| {
        let levels: Vec<Value> =
            levels.iter().map(|(value, count)| json!({"level": value, "rows": count})).collect();
        json!({"name": name, "kind": "category", "missing": missing, "distinct": levels.len() + 3, "levels": levels, "relation": tie})
    };
    json!({"rows": 48_842, "target": "income", "relation_measure": "auroc", "columns": [
        number("age", bell(12.0, 11.0), 17.0, 37.0, 90.0, 0.68),
        category("workclass", 2_799, &[("Private", 33_906), ("Self-emp-not-inc", 3_862), ("Local-gov", 3_136), ("State-gov", 1_981)], 0.57),
        number("fnlwgt", bell(5.0, 7.0), 12_285.0, 178_144.5, 1_490_400.0, 0.51),
        category("education", 0, &[("HS-grad", 15_784), ("Some-college", 10_878), ("Bachelors", 8_025), ("Masters", 2_657)], 0.72),
        number("education-num", bell(22.0, 8.0), 1.0, 10.0, 16.0, 0.71),
        category("marital-status", 0, &[("Married-civ-spouse", 22_379), ("Never-married", 16_117), ("Divorced", 6_633)], 0.76),
        category("occupation", 2_809, &[("Prof-specialty", 6_172), ("Craft-repair", 6_112), ("Exec-managerial", 6_086)], 0.73),
        number("capital-gain", bell(0.0, 0.6), 0.0, 0.0, 99_999.0, 0.61),
        number("hours-per-week", bell(16.0, 3.0), 1.0, 40.0, 99.0, 0.68),
        category("income", 0, &[("<=50K", 37_155), (">50K", 11_687)], f64::NAN),
    ]})
}

fn preflight() -> Value {
    let rates: Vec<f64> = (0..90).map(|step| 1e-7 * 10f64.powf(f64::from(step) / 100.0 * 8.0)).collect();
    let loss = |rate: &f64| 0.33 + 0.36 / (1.0 + (rate / 1.2e-3).powf(1.4)) + (rate / 0.73).powi(3);
    json!({"rate_finder": {"rates": rates, "losses": rates.iter().map(loss).collect::<Vec<_>>(), "suggestion": 0.0013}})
}

/// A history of so many epochs and sampled steps.
pub(super) fn history(epochs: usize, steps: usize) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut noise = Noise(3);
    for step in 0..steps {
        let progress = step as f64 / steps as f64;
        let lr = 0.02 * (1.0 - (std::f64::consts::TAU * (1.0 + 15.0 * progress).log2()).cos());
        let loss = 0.3 + 0.4 * (-8.0 * progress).exp() + 0.02 * noise.normal();
        lines.push(json!({"event": "step", "step": step * 10, "epoch": 0, "loss": loss, "lr": lr, "grad_norm": (0.2 + 0.5 * loss) * (0.3 * noise.normal()).exp()}));
        if step % 5 == 0 {
            lines.push(layers(step, progress, &mut noise));
        }
    }
    let best = epochs / 2 + 1;
    for epoch in 0..epochs {
        let progress = epoch as f64 / 40.0;
        let rise = 0.03 * (progress - best as f64 / 40.0).max(0.0);
        lines.push(json!({
            "event": "epoch", "epoch": epoch, "step": epoch * 55, "train_loss": 0.26 + 0.3 * (-5.0 * progress).exp(),
            "valid": {"loss": 0.285 + 0.22 * (-7.0 * progress).exp() + rise + 0.002 * noise.normal(),
                      "auroc": 0.925 - 0.05 * (-6.0 * progress).exp() - rise * 0.1 + 0.0004 * noise.normal()},
            "best": epoch <= best, "seconds": 1.4 * (epoch + 1) as f64,
        }));
    }
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

fn layers(step: usize, progress: f64, noise: &mut Noise) -> Value {
    let names = [
        "scaling",
        "embedding.w1",
        "hidden.0.weight",
        "hidden.0.bias",
        "hidden.1.weight",
        "hidden.1.bias",
        "hidden.2.weight",
        "hidden.2.bias",
        "head.weight",
        "head.bias",
    ];
    let figures = |depth: usize, noise: &mut Noise| {
        let norm = 0.02 * 1.5f64.powi(depth as i32) * (1.0 - 0.7 * progress) * (0.3 * noise.normal()).exp();
        json!({"grad_norm": norm, "weight_norm": 12.0 + depth as f64, "update_ratio": norm * 0.03})
    };
    let layers: serde_json::Map<String, Value> =
        names.iter().enumerate().map(|(depth, name)| ((*name).to_owned(), figures(depth, noise))).collect();
    let activation = |depth: f64, noise: &mut Noise| json!({"mean": 0.1, "sd": 0.9 + 0.2 * depth * progress + 0.03 * noise.normal(), "dead": 0.01 + 0.05 * depth * progress, "saturated": 0.0});
    let activations = json!({"hidden.0": activation(0.0, noise), "hidden.1": activation(1.0, noise), "hidden.2": activation(2.0, noise)});
    json!({"event": "layers", "step": step * 10, "layers": layers, "activations": activations})
}

fn score(value: f64, half: f64) -> Value {
    json!({"value": value, "low": value - half, "high": value + half, "n": 7_326, "method": "percentile_bootstrap"})
}

fn binary_metrics() -> Value {
    let scores = |auroc: f64, accuracy: f64, log_loss: f64| {
        json!({
            "auroc": score(auroc, 0.006), "accuracy": score(accuracy, 0.008), "balanced_accuracy": score(accuracy - 0.08, 0.011),
            "f1": score(accuracy - 0.15, 0.016), "log_loss": score(log_loss, 0.011), "ece": score(0.011, 0.005),
        })
    };
    let steps: Vec<f64> = (0..=100).map(|at| f64::from(at) / 100.0).collect();
    let bins: Vec<Value> = (0..10)
        .map(|bin| {
            let p = (f64::from(bin) + 0.5) / 10.0;
            json!({"mean_probability": p, "observed": p - 0.03 * (p * 6.0).sin(), "count": 3_000 / (bin + 1)})
        })
        .collect();
    json!({
        "schema": 1, "task": "binary", "primary": "auroc", "primary_reason": "because the smaller class has 24 % of the rows", "classes": ["<=50K", ">50K"],
        "weights_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "valid": scores(0.928, 0.872, 0.281), "test": scores(0.9279, 0.8731, 0.2796),
        "baselines": {
            "majority": {"auroc": {"value": 0.5}, "accuracy": score(0.7607, 0.0098), "log_loss": score(0.55, 0.009)},
            "linear": scores(0.9061, 0.852, 0.317),
            "boosted-trees": scores(0.9258, 0.8724, 0.2813),
        },
        "details": {
            "confusion": [[5_270, 303], [627, 1_126]],
            "per_class": [
                {"class": "<=50K", "precision": 0.8937, "recall": 0.9456, "f1": 0.9189, "support": 5_573},
                {"class": ">50K", "precision": 0.788, "recall": 0.6423, "f1": 0.7077, "support": 1_753},
            ],
            "roc": [{"class": ">50K", "false_positive_rate": steps, "true_positive_rate": steps.iter().map(|x| x.powf(0.12)).collect::<Vec<_>>()}],
            "precision_recall": [{"class": ">50K", "recall": steps, "precision": steps.iter().map(|x| 1.0 - 0.76 * x.powi(4)).collect::<Vec<_>>()}],
            "calibration": bins,
        },
    })
}

fn regression_metrics() -> Value {
    let bin = |at: i32| json!({"low": 100 * at, "high": 100 * at + 100, "count": (900.0 * (-f64::from(at * at) / 18.0).exp()) as u64});
    let bins: Vec<Value> = (-15..15).map(bin).collect();
    let scores = |rmse: f64| json!({"rmse": score(rmse, rmse * 0.03), "mae": score(rmse * 0.5, rmse * 0.01), "r2": score(1.0 - rmse / 4_000.0, 0.003)});
    json!({
        "schema": 1, "task": "regression", "primary": "rmse", "valid": scores(540.0), "test": scores(528.4),
        "details": {"confusion": [], "per_class": [], "residuals": {"mean": 1.9, "deviation": 528.0, "skewness": 0.4, "kurtosis": 6.2, "histogram": bins}},
        "baselines": {"majority": scores(3_989.0), "linear": scores(1_130.0), "boosted-trees": scores(541.2)},
    })
}

fn worst() -> Value {
    let row = |row: u64, target: &str, prediction: &str, probability: f64, cells: [&str; 6]| json!({"row": row, "target": target, "prediction": prediction, "probability": probability, "loss": -probability.ln(), "cells": cells});
    json!({"columns": ["age", "workclass", "education", "occupation", "capital-gain", "hours-per-week"], "rows": [
        row(20_117, ">50K", "<=50K", 0.0021, ["19", "Private", "11th", "Sales", "0", "15"]),
        row(8_410, "<=50K", ">50K", 0.0034, ["52", "Self-emp-inc", "Doctorate", "Prof-specialty", "0", "60"]),
        row(31_002, ">50K", "<=50K", 0.0047, ["22", "", "HS-grad", "", "0", "40"]),
    ]})
}
