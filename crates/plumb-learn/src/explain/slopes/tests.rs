//! Slopes against central differences, torch and captum (`oracles/gradients.py`), and whatever the threads.

use std::collections::BTreeMap;

use plumb_data::prepare::{PrepareConfig, Scaling};
use plumb_data::{Column, Kind, Labels, Predictor, Target};
use plumb_stats::Task;
use serde::Deserialize;

use super::*;
use crate::layers::Activation;
use crate::model::{Inputs, ModelConfig, NetworkConfig, training_device};
use crate::models::mlp::MlpConfig;
use crate::parameters::Array;
use crate::predict::TrainedModel;
use crate::presets::{self, Circumstances};

const ROWS: u32 = 60;

/// Numbers with gaps, a category of three levels and one of twelve, times.
fn table() -> Table {
    let stream = Seed(3).stream("table");
    let rows = || 0..u64::from(ROWS);
    let number = |at: u64| move |row: u64| (row % 7 != at).then(|| 3.0 * stream.at(at).normal(row));
    let level = |of: usize| move |row: u64| Some(format!("level {}", stream.at(9).below(row, of)));
    let time = |row: u64| Some(1_700_000_000_000 + (row as i64) * 5_000_000_007);
    Table::new(vec![
        Column::number("a", Kind::Number, rows().map(number(1))),
        Column::number("b", Kind::Number, rows().map(number(2))),
        Column::category("few", Kind::Category, rows().map(level(3))),
        Column::category("many", Kind::Category, rows().map(level(12))),
        Column::time("when", Kind::Time, rows().map(time)),
        Column::number("label", Kind::Number, rows().map(|row| Some(stream.at(5).normal(row)))),
    ])
    .unwrap()
}

fn target(classes: usize) -> Target {
    let stream = Seed(4).stream("labels");
    let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
    let class = |row: u64| Some(stream.below(row, classes) as u32);
    let (task, labels) = match classes {
        0 => {
            (Task::Regression, Labels::Numbers((0..60).map(|row| Some(100.0 * stream.normal(row))).collect()))
        }
        2 => (Task::Binary, Labels::Classes((0..60).map(class).collect())),
        _ => (Task::Multiclass, Labels::Classes((0..60).map(class).collect())),
    };
    Target { name: "label".to_owned(), task, classes: names, labels }
}

/// A network whose start values were shaken, so that no part of it says nothing.
fn model(preset: &str, classes: usize) -> TrainedModel {
    let (table, target) = (table(), target(classes));
    let rows: Vec<u32> = (0..ROWS).collect();
    let preparation = Preparation::fit(&table, &target, &rows, &PrepareConfig::DEFAULT).unwrap();
    let train = preparation.apply(&table, &rows, Some(&target)).unwrap();
    let of = Circumstances {
        task: target.task,
        rows: 60,
        columns: 5,
        picture_side: None,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let config = ModelConfig {
        schema: 1,
        inputs: Inputs::of(&preparation),
        outputs: classes.max(1),
        network: (presets::named(preset).unwrap().network)(&of),
        views: Vec::new(),
    };
    let mut weights = Arrays::of(&config.start(Seed(1), &train, &training_device()));
    for ((name, array), at) in weights.0.iter_mut().zip(0..) {
        let stream = Seed(2).stream("shaken").at(at);
        let is_bins = name.ends_with("lower") || name.ends_with("slope");
        let size = if is_bins { 0.0 } else { 0.05 };
        array.values.iter_mut().zip(0..).for_each(|(value, at)| *value += size * stream.normal(at) as f32);
    }
    TrainedModel::new(config, preparation, &weights).unwrap()
}

fn slopes(model: &TrainedModel, rows: &[u32], starts: &[Vec<u32>], points: &[Point]) -> Slopes {
    let lines = Lines { rows, starts, points, shuffled: None };
    model.slopes(&table(), &lines).unwrap().unwrap()
}

fn at(row: u32, share: f64) -> Point {
    Point { row, start: 0, share }
}

const CASES: [(&str, usize); 6] =
    [("mlp", 2), ("realmlp", 2), ("tabm", 2), ("mlp", 0), ("realmlp", 4), ("tabm", 0)];
const COLUMNS: usize = 6;

#[test]
fn the_ends_of_lines_are_what_the_model_says_of_rows() {
    for (preset, classes) in CASES {
        let model = model(preset, classes);
        let found = slopes(&model, &[7, 8], &[vec![9]], &[at(0, 1.0), at(1, 1.0), at(0, 0.0)]);
        let said = match model.predict(&table(), &[7, 8, 9]).unwrap() {
            plumb_data::Predictions::Probabilities { values, .. } => values,
            plumb_data::Predictions::Numbers(numbers) => numbers,
        };
        let gap = found.answers.iter().zip(&said).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(gap < 1e-5 * said[0].abs().max(1.0), "{preset} {classes}: {gap}");
    }
}

#[test]
fn slopes_are_those_of_central_differences() {
    const STEP: f64 = 1e-3;
    for (preset, classes) in CASES {
        let model = model(preset, classes);
        let (mut off, mut all) = (0.0, 0.0);
        for row in 0..12 {
            let here = [at(row, 0.37), at(row, 0.37 - STEP), at(row, 0.37 + STEP)];
            let found = slopes(&model, &(20..32).collect::<Vec<u32>>(), &[(0..9).collect()], &here);
            let outputs = classes.max(1);
            for output in 0..outputs {
                let sum: f64 = found.slopes[output * COLUMNS..][..COLUMNS].iter().sum();
                let difference =
                    (found.answers[2 * outputs + output] - found.answers[outputs + output]) / (2.0 * STEP);
                off += (sum - difference).powi(2);
                all += difference.powi(2);
            }
        }
        // Kinks of the rectifiers lie between a few of the points.
        assert!(all > 1e-5 && off.sqrt() < 0.03 * all.sqrt(), "{preset} {classes}: {off} of {all}");
    }
}

#[test]
fn steps_from_start_to_row_sum_to_what_the_answers_differ_by() {
    const STEPS: u32 = 400;
    for (preset, classes) in CASES {
        let model = model(preset, classes);
        let middle = |step: u32| at(0, (f64::from(step) + 0.5) / f64::from(STEPS));
        let points: Vec<Point> = [at(0, 0.0), at(0, 1.0)].into_iter().chain((0..STEPS).map(middle)).collect();
        let found = slopes(&model, &[20], &[(0..15).collect()], &points);
        let outputs = classes.max(1);
        for output in 0..outputs {
            let wanted = found.answers[outputs + output] - found.answers[output];
            let of_point = |at: usize| -> f64 {
                found.slopes[(at * outputs + output) * COLUMNS..][..COLUMNS].iter().sum()
            };
            let sum = (2..points.len()).map(of_point).sum::<f64>() / f64::from(STEPS);
            let size = if classes == 0 { 100.0 } else { 1.0 };
            assert!((sum - wanted).abs() < 1e-3 * size, "{preset} {classes}: {sum} for {wanted}");
        }
    }
}

#[test]
fn a_column_that_is_the_same_at_both_ends_has_no_slope_and_the_label_none_at_all() {
    let model = model("realmlp", 2);
    let found =
        slopes(&model, &[20], &[vec![20], vec![21]], &[at(0, 0.5), Point { row: 0, start: 1, share: 0.5 }]);
    let (same, other) = found.slopes.split_at(2 * COLUMNS);
    assert!(same.iter().all(|slope| slope.abs() <= 0.0), "{same:?}");
    assert!(other[0].abs() > 0.0 && other[5].abs() <= 0.0, "{other:?}");
    let sums: Vec<f64> = (0..COLUMNS).map(|column| other[column] + other[COLUMNS + column]).collect();
    assert!(sums.iter().all(|sum| sum.abs() < 1e-12), "two probabilities sum to 1: {sums:?}");
}

#[test]
fn one_and_four_threads_give_the_same_bits_and_exchanged_weights_others() {
    let points: Vec<Point> = (0..1200).map(|step| at(step % 20, f64::from(step) / 1200.0)).collect();
    let rows: Vec<u32> = (20..40).collect();
    for (preset, classes) in [("mlp", 2), ("realmlp", 4), ("tabm", 2)] {
        let model = model(preset, classes);
        let lines = |shuffled| {
            let lines = Lines { rows: &rows, starts: &[(0..9).collect()], points: &points, shuffled };
            model.slopes(&table(), &lines).unwrap().unwrap()
        };
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| lines(None))
        };
        let one = with(1);
        assert_eq!(one, with(4), "{preset}");
        assert_ne!(one, lines(Some(Seed(1))), "{preset}");
        assert_eq!(lines(Some(Seed(1))), lines(Some(Seed(1))), "{preset}");
    }
}

#[test]
fn lines_that_do_not_exist_are_refused() {
    let model = model("mlp", 2);
    for (row, start) in [(1, 0), (0, 1)] {
        let points = [Point { row, start, share: 0.5 }];
        let lines = Lines { rows: &[3], starts: &[vec![4]], points: &points, shuffled: None };
        let error = model.slopes(&table(), &lines).unwrap().unwrap_err();
        assert!(error.message.contains("does not exist"), "{error}");
    }
    let lines = Lines { rows: &[60], starts: &[], points: &[], shuffled: None };
    assert!(model.slopes(&table(), &lines).unwrap().is_err(), "a row past the end");
}

#[derive(Deserialize)]
struct Golden {
    columns: Columns,
    explained: u32,
    steps: u32,
    points: Vec<(u32, f64)>,
    weights: BTreeMap<String, Weight>,
    answers: Vec<Vec<f64>>,
    base: Vec<f64>,
    integrated: Vec<Vec<Vec<f64>>>,
    expected: Vec<Vec<Vec<f64>>>,
}

#[derive(Deserialize)]
struct Columns {
    a: Vec<f64>,
    b: Vec<f64>,
    kind: Vec<String>,
    town: Vec<String>,
}

#[derive(Deserialize)]
struct Weight {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Golden {
    fn table(&self) -> Table {
        let Columns { a, b, kind, town } = &self.columns;
        let numbers =
            |name: &str, of: &[f64]| Column::number(name, Kind::Number, of.iter().map(|x| Some(*x)));
        let words = |name: &str, of: &[String]| Column::category(name, Kind::Category, of.iter().map(Some));
        let columns = vec![numbers("a", a), numbers("b", b), words("kind", kind), words("town", town)];
        Table::new(columns).unwrap()
    }

    fn model(&self, table: &Table) -> TrainedModel {
        let labels = Labels::Classes((0..table.rows() as u32).map(|row| Some(row % 3)).collect());
        let classes = ["k", "l", "m"].map(str::to_owned).to_vec();
        let target = Target { name: "label".to_owned(), task: Task::Multiclass, classes, labels };
        let plain = PrepareConfig { scaling: Scaling::None, one_hot_max: 3, ..PrepareConfig::DEFAULT };
        let rows: Vec<u32> = (0..table.rows() as u32).collect();
        let preparation = Preparation::fit(table, &target, &rows, &plain).unwrap();
        let mlp = MlpConfig {
            hidden: vec![6, 5],
            norm: None,
            activation: Activation::Gelu,
            dropout: 0.0,
            embedding: 2,
        };
        let (inputs, network) = (Inputs::of(&preparation), NetworkConfig::Mlp(mlp));
        let config = ModelConfig { schema: 1, inputs, outputs: 3, network, views: Vec::new() };
        let array = |of: &Weight| Array { shape: of.shape.clone(), values: of.values.clone() };
        let weights = Arrays(self.weights.iter().map(|(name, of)| (name.clone(), array(of))).collect());
        TrainedModel::new(config, preparation, &weights).unwrap()
    }
}

/// The mean slope over points, by output and column.
fn mean(model: &TrainedModel, table: &Table, row: u32, starts: &[Vec<u32>], points: &[Point]) -> Vec<f64> {
    let lines = Lines { rows: &[row], starts, points, shuffled: None };
    let found = model.slopes(table, &lines).unwrap().unwrap();
    let width = found.slopes.len() / points.len();
    let of = |at: usize| found.slopes.iter().skip(at).step_by(width).sum::<f64>() / points.len() as f64;
    (0..width).map(of).collect()
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 2e-6, "{what}: {found}, the reference {wanted}");
    }
}

#[test]
fn gradients_are_those_of_captum_and_torch() {
    let golden: Golden = serde_json::from_str(include_str!("../../../tests/golden/gradients.json")).unwrap();
    let table = golden.table();
    let model = golden.model(&table);
    let background: Vec<u32> = (golden.explained..table.rows() as u32).collect();
    let singly: Vec<Vec<u32>> = background.iter().map(|&row| vec![row]).collect();
    let middle = |step: u32| at(0, (f64::from(step) + 0.5) / f64::from(golden.steps));
    let steps: Vec<Point> = (0..golden.steps).map(middle).collect();
    let drawn: Vec<Point> =
        golden.points.iter().map(|&(start, share)| Point { row: 0, start, share }).collect();
    for row in 0..golden.explained {
        let of = row as usize;
        let whole = std::slice::from_ref(&background);
        assert_close(
            &mean(&model, &table, row, whole, &steps),
            &golden.integrated[of].concat(),
            "integrated",
        );
        assert_close(&mean(&model, &table, row, &singly, &drawn), &golden.expected[of].concat(), "expected");
        let lines = Lines { rows: &[row], starts: whole, points: &[at(0, 1.0), at(0, 0.0)], shuffled: None };
        let found = model.slopes(&table, &lines).unwrap().unwrap();
        assert_close(&found.answers, &[golden.answers[of].clone(), golden.base.clone()].concat(), "answers");
    }
}
