//! The page as a whole: hostile strings, missing and broken parts, size, structure.

use super::charts::lines::Curve;
use super::charts::scale::Spread;
use super::charts::{
    bars, calibration, confusion, forest, layers, precision_recall, predicted_actual, rate_finder, residuals,
    roc, shares, spark,
};
use super::files::history::History;
use super::files::profile::{Column, Profile};
use super::{RunFiles, render, sample};

/// What an attacker would put into a column name, a label, a file name.
const PAYLOADS: &str = include_str!("templates/xss_payloads.txt");

#[test]
fn the_sections_stand_in_their_order() {
    let page = render(&sample::binary()).unwrap();
    let titles: Vec<&str> =
        page.split("<h2 id=\"").skip(1).filter_map(|rest| rest.split(['>', '<']).nth(1)).collect();
    let expected = [
        "Verdicts",
        "Data",
        "Split",
        "Before training",
        "Training",
        "Layers",
        "Evaluation",
        "Worst predictions",
        "Job",
        "Reproduce",
    ];
    assert_eq!(titles, expected);
    let charts: Vec<&str> = page.split("<h3>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    for title in [
        "1 practice failed",
        "Class shares by part",
        "Rate finder",
        "Loss",
        "AUROC on the valid part",
        "Learning rate",
        "Gradient norm by layer",
        "Dead units",
        "Confusion matrix",
        "ROC curve",
        "Precision and recall",
        "Calibration",
    ] {
        assert!(charts.contains(&title), "{title} is missing in {charts:?}");
    }
    assert!(page.find("1 practice failed").unwrap() < page.find("2 practices to look at").unwrap());
    assert!(page.contains("<h1>AUROC 0.9279</h1>") && !page.contains("/home/ann"));
}

#[test]
fn a_regression_shows_its_residuals() {
    let page = render(&sample::regression()).unwrap();
    for title in ["Predicted against actual", "Residuals against predictions", "Spread of the residuals"] {
        assert!(page.contains(&format!("<h3>{title}</h3>")), "{title}");
    }
    assert!(!page.contains("Confusion matrix</h3>") || page.contains("<h1>RMSE"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    assert_eq!(render(&sample::binary()).unwrap(), render(&sample::binary()).unwrap());
}

#[test]
fn a_run_with_nothing_but_a_ledger_has_a_page() {
    let files =
        [("ledger.json".to_owned(), br#"{"schema":1,"run":"r","stage":"data","verdicts":[]}"#.to_vec())];
    let page = render(&RunFiles::from_bytes(&files.into()).unwrap()).unwrap();
    assert!(page.contains("<h1>Judged up to the data stage</h1>") && !page.contains("<h2"));
}

#[test]
fn a_broken_file_is_named() {
    let ledger = br#"{"schema":1,"run":"r","stage":"data","verdicts":[]}"#.to_vec();
    let files = [("ledger.json".to_owned(), ledger), ("metrics.json".to_owned(), b"{\"task".to_vec())];
    let error = RunFiles::from_bytes(&files.into()).unwrap_err().to_string();
    assert!(error.ends_with("metrics.json"), "{error}");
    assert_eq!(
        RunFiles::from_bytes(&[].into()).unwrap_err().to_string(),
        "the run folder has no `ledger.json`"
    );
}

#[test]
fn the_page_asks_for_nothing_and_runs_nothing() {
    let page = render(&sample::binary()).unwrap();
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    for hatch in
        ["<script", "<iframe", "<link", "<img", "src=", "url(", "@import", " style=", "javascript:", "http"]
    {
        let page = page.replace("http-equiv", "");
        assert!(!page.contains(hatch), "the page contains {hatch}");
    }
}

#[test]
fn hostile_strings_stay_text() {
    assert!(PAYLOADS.lines().count() >= 60);
    let allowed = tags(&render(&poisoned("harmless")).unwrap());
    for payload in PAYLOADS.lines() {
        let tags = tags(&render(&poisoned(payload)).unwrap());
        let different = tags.iter().zip(&allowed).find(|(tag, allowed)| tag != allowed);
        assert!(different.is_none() && tags.len() == allowed.len(), "{payload} makes markup: {different:?}");
    }
}

/// Every tag of the page without its quoted attribute values: what the page is, whatever it says. `code` is left
/// out: a pair of backticks makes one.
fn tags(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let unquoted = tags.map(|tag| tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\""));
    unquoted.filter(|tag| !matches!(tag.as_str(), "code" | "/code")).collect()
}

/// The sample with the payload in every field that data can reach.
fn poisoned(payload: &str) -> RunFiles {
    let mut files = sample::binary();
    let poison = |text: &mut String| payload.clone_into(text);
    poison(&mut files.ledger.run);
    poison(&mut files.ledger.stage);
    for entry in &mut files.ledger.verdicts {
        entry.summary = payload.to_owned();
        entry.remedy = payload.to_owned();
        entry.reason = Some(payload.to_owned());
        entry.evidence =
            serde_json::json!({payload: payload, "list": [payload], "nested": {payload: [payload]}})
                .as_object()
                .unwrap()
                .clone();
    }
    let profile = files.profile.as_mut().unwrap();
    profile.target = Some(payload.to_owned());
    for column in &mut profile.columns {
        poison(&mut column.name);
        poison(&mut column.kind);
        column.levels.iter_mut().for_each(|level| poison(&mut level.level));
    }
    let split = files.split.as_mut().unwrap();
    poison(&mut split.method);
    split.column = Some(payload.to_owned());
    split.test_reads = vec![payload.to_owned()];
    split.classes.iter_mut().for_each(poison);
    split.parts.iter_mut().for_each(|part| poison(&mut part.part));
    let metrics = files.metrics.as_mut().unwrap();
    poison(&mut metrics.task);
    poison(&mut metrics.primary);
    metrics.classes.iter_mut().for_each(poison);
    metrics.weights_sha256 = Some(payload.to_owned());
    poison(&mut metrics.primary_reason);
    for (name, score) in &mut metrics.test.0 {
        poison(&mut score.method);
        if name == "auroc" {
            poison(name);
        }
    }
    metrics.baselines.0.iter_mut().for_each(|(name, _)| poison(name));
    let details = metrics.details.as_mut().unwrap();
    details.per_class.iter_mut().for_each(|class| poison(&mut class.class));
    details.roc.iter_mut().for_each(|curve| poison(&mut curve.class));
    details.precision_recall.iter_mut().for_each(|curve| poison(&mut curve.class));
    for sample in &mut files.history.layers {
        sample
            .layers
            .0
            .iter_mut()
            .chain(&mut sample.activations.0)
            .take(1)
            .for_each(|(name, _)| poison(name));
    }
    let worst = files.worst.as_mut().unwrap();
    worst.columns.iter_mut().for_each(poison);
    for row in &mut worst.rows {
        poison(&mut row.target);
        poison(&mut row.prediction);
        row.cells.iter_mut().for_each(poison);
    }
    files.provenance = vec![(payload.to_owned(), payload.to_owned())];
    let comment: String = payload.chars().filter(|c| !c.is_control()).collect();
    files.job_toml = format!("# {comment}\n[data]\n{} = {}\n", toml_key(payload), toml_key(payload));
    files
}

fn toml_key(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[test]
fn a_wide_table_and_a_long_run_stay_small() {
    let mut files = sample::binary();
    let column =
        |at: usize| Column { name: format!("column {at}"), kind: "number".into(), ..Column::default() };
    files.profile =
        Some(Profile { rows: 1_000, columns: (0..16_000).map(column).collect(), ..Profile::default() });
    files.history = History::read(&sample::history(100_000, 20_000));
    let page = render(&files).unwrap();
    assert!(page.contains("the first 200 of 16,000"));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let usual = render(&sample::binary()).unwrap().len();
    assert!(usual < 300_000, "{usual} bytes");
}

/// Every chart over lists of numbers that no run should give.
#[test]
fn charts_take_any_numbers() {
    let hostile: [&[f64]; 8] = [
        &[],
        &[f64::NAN],
        &[1.0],
        &[0.0, 0.0],
        &[-1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
        &[f64::MAX, f64::MIN],
        &[f64::MIN_POSITIVE, 5e-324, 0.0],
        &[1.0, f64::NAN, 2.0],
    ];
    for x in hostile {
        for y in hostile {
            let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
            for drawing in drawings(x, y, &points) {
                assert!(!drawing.contains("NaN\"") && !drawing.contains("inf\""), "{x:?} {y:?}: {drawing}");
            }
        }
    }
}

fn drawings(x: &[f64], y: &[f64], points: &[(f64, f64)]) -> Vec<String> {
    let counts: Vec<u64> = y.iter().map(|value| *value as u64).collect();
    let bins: Vec<calibration::Bin> = points
        .iter()
        .map(|&(predicted, observed)| calibration::Bin { predicted, observed, count: 1 })
        .collect();
    let row = |&(value, high): &(f64, f64)| forest::Row {
        name: "m".into(),
        value,
        interval: Some((value, high)),
        own: true,
    };
    let rows: Vec<forest::Row> = points.iter().map(row).collect();
    let class =
        precision_recall::ClassCurve { name: "a".into(), share: x.first().copied(), points: points.to_vec() };
    let names: Vec<String> = x.iter().map(f64::to_string).collect();
    let curve = |at: usize| Curve::new(format!("layer {at}"), points.to_vec());
    let few: Vec<Curve> = (0..2).map(curve).collect();
    let many: Vec<Curve> = (0..60).map(curve).collect();
    let figures = [
        rate_finder::draw(x, y, x.first().copied(), y.first().copied()),
        roc::draw(&[("a".into(), points.to_vec())]),
        precision_recall::draw(&[class]),
        calibration::draw(&bins, None),
        predicted_actual::draw(x, y),
        residuals::over_predictions(x, y),
        residuals::histogram(x, &counts),
        confusion::draw(&names, &counts),
        shares::draw(&names, &[("train", &counts)]),
        layers::draw("t", "c", Spread::Log, &few),
        layers::draw("t", "c", Spread::Linear, &few),
        layers::draw("t", "c", Spread::Log, &many),
        layers::draw("t", "c", Spread::Linear, &many),
    ];
    let markups =
        [forest::draw("m", "models", &rows), bars::draw("l", "x", x, &counts), spark::draw("l", &counts)];
    let figures = figures.into_iter().flatten().map(|figure| figure.drawing);
    figures.chain(markups.into_iter().flatten()).map(|drawing| drawing.as_str().to_owned()).collect()
}

/// Every sample renders whole. `PLUMB_SAMPLE_PAGES=FOLDER cargo test ...` also keeps the pages to look at.
#[test]
fn samples_render_whole() {
    let hostile = poisoned("\"><img src=x onerror=alert(1)><script>alert(1)</script>");
    for (name, files) in
        [("binary", sample::binary()), ("regression", sample::regression()), ("hostile", hostile)]
    {
        let page = render(&files).unwrap();
        assert!(page.trim_end().ends_with("</html>"), "{name}");
        if let Some(folder) = std::env::var_os("PLUMB_SAMPLE_PAGES") {
            let path = std::path::PathBuf::from(folder).join(format!("plumb-report-{name}.html"));
            plumb_ledger::atomic::write_file(&path, page.as_bytes()).unwrap();
        }
    }
}
