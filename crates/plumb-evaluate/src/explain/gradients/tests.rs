//! Gradients of formulas whose slopes are known.

use plumb_data::{Column, Kind, PredictError, Predictions, Predictor, Table};
use plumb_ledger::Verdict;
use plumb_stats::Task;

use super::*;
use crate::explain::practices::{ExplainContext, PRACTICES};
use crate::explain::{ShapConfig, ShapMethod, shap};

/// `bend(x w + c x0 x1)` of four numbers; without `bend` and `c` it is linear. `wrong` takes a column's slopes away.
struct Formula {
    weights: [f64; 4],
    product: f64,
    bends: bool,
    wrong: bool,
}

const LINEAR: Formula = Formula { weights: [2.0, -1.0, 0.5, 0.0], product: 0.0, bends: false, wrong: false };
const CURVED: Formula = Formula { weights: [1.0, -0.6, 0.3, 0.0], product: 0.7, bends: true, wrong: false };

fn numbers(table: &Table, row: u32) -> [f64; 4] {
    std::array::from_fn(|at| table.columns()[at].numbers().unwrap().value(row as usize))
}

impl Formula {
    fn at(&self, x: [f64; 4], weights: [f64; 4]) -> (f64, [f64; 4]) {
        let sum: f64 = x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + self.product * x[0] * x[1];
        let (value, slope) = if self.bends { (sum.tanh(), 1.0 - sum.tanh().powi(2)) } else { (sum, 1.0) };
        let crossed = [x[1], x[0], 0.0, 0.0].map(|other| self.product * other);
        (value, std::array::from_fn(|at| slope * (weights[at] + crossed[at])))
    }
}

impl Predictor for Formula {
    fn task(&self) -> Task {
        Task::Regression
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn slopes(&self, table: &Table, lines: &Lines<'_>) -> Option<Result<Slopes, PredictError>> {
        let mut found = Slopes { answers: Vec::new(), slopes: Vec::new() };
        let mut weights = self.weights;
        lines.shuffled.iter().for_each(|seed| seed.stream("shuffled").shuffle(&mut weights));
        for point in lines.points {
            let to = numbers(table, lines.rows[point.row as usize]);
            let of_start = &lines.starts[point.start as usize];
            let from: [f64; 4] = std::array::from_fn(|at| {
                of_start.iter().map(|&row| numbers(table, row)[at]).sum::<f64>() / of_start.len() as f64
            });
            let x = std::array::from_fn(|at| from[at] + point.share * (to[at] - from[at]));
            let (answer, slope) = self.at(x, weights);
            found.answers.push(answer);
            let of_column = |at: usize| slope[at] * (to[at] - from[at]);
            found.slopes.extend((0..4).map(|at| if self.wrong && at == 0 { 0.0 } else { of_column(at) }));
        }
        Some(Ok(found))
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        Ok(Predictions::Numbers(
            rows.iter().map(|&row| self.at(numbers(table, row), self.weights).0).collect(),
        ))
    }
}

fn table() -> Table {
    let column = |at: u64| {
        let stream = Seed(9).stream("table").at(at);
        let numbers = (0..60).map(move |row| Some(stream.normal(row)));
        Column::number(&format!("x{at}"), Kind::Number, numbers)
    };
    Table::new((0..4).map(column).collect()).unwrap()
}

const INPUTS: [usize; 4] = [0, 1, 2, 3];
const ROWS: [u32; 12] = [40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51];

fn background() -> Vec<u32> {
    (0..20).collect()
}

fn drawn(draws: usize, seed: u64) -> Gradients {
    Gradients::Expected { draws, seed: Seed(seed) }
}

fn found(formula: &Formula, rows: &[u32], how: Gradients) -> ShapValues {
    let table = table();
    let asked = Asked { predictor: formula, table: &table, inputs: &INPUTS };
    gradients(&asked, rows, &background(), how, None, &mut |_| {}).unwrap().unwrap()
}

fn by_rows(formula: &Formula, method: ShapMethod, budget: usize) -> ShapValues {
    let table = table();
    let asked = Asked { predictor: formula, table: &table, inputs: &INPUTS };
    let config = ShapConfig { budget, ..ShapConfig::new(method, 4, Seed(1)) };
    shap(&asked, &ROWS, &background(), &config, &mut |_| {}).unwrap()
}

fn gap(a: &ShapValues, b: &ShapValues) -> f64 {
    a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn of_a_linear_model_all_ways_give_the_shapley_values() {
    let exact = by_rows(&LINEAR, ShapMethod::Kernel, 100);
    assert!(exact.is_exact);
    let drawn = found(&LINEAR, &ROWS, drawn(100, 1));
    assert!(gap(&drawn, &exact) < 1e-12, "{}", gap(&drawn, &exact));
    assert!(drawn.errors.iter().all(|error| *error < 1e-7), "whole rounds leave nothing to chance");
    let integrated = found(&LINEAR, &ROWS, Gradients::Integrated { steps: 1 });
    assert!(gap(&integrated, &exact) < 1e-12);
    assert!(gap(&by_rows(&LINEAR, ShapMethod::Sampling, 1), &exact) < 1e-12);
}

#[test]
fn stated_errors_are_the_real_ones() {
    let (reference, seeds) = (found(&CURVED, &ROWS[..3], drawn(40_000, 77)), 60);
    let drawn: Vec<ShapValues> =
        (0..seeds).map(|seed| found(&CURVED, &ROWS[..3], drawn(160, seed))).collect();
    for at in 0..reference.values.len() {
        let mean =
            |of: &dyn Fn(&ShapValues) -> f64| drawn.iter().map(of).sum::<f64>() / f64::from(seeds as u32);
        let real = mean(&|of| (of.values[at] - reference.values[at]).powi(2)).sqrt();
        let stated = mean(&|of| of.errors[at].powi(2)).sqrt();
        let off = mean(&|of| of.values[at]) - reference.values[at];
        assert!((real / stated - 1.0).abs() < 0.4 || real < 1e-12, "{at}: {real} stated as {stated}");
        assert!(off.abs() <= 4.0 * stated / f64::from(seeds as u32).sqrt(), "{at}: {off} of {stated}");
    }
}

#[test]
fn sampling_comes_near_the_shapley_values_by_its_errors_and_is_additive() {
    let exact = by_rows(&CURVED, ShapMethod::Kernel, 100);
    let sampled = by_rows(&CURVED, ShapMethod::Sampling, 4000);
    assert_eq!(sampled.errors.len(), sampled.values.len());
    let mut scores: Vec<f64> = Vec::new();
    for ((found, wanted), error) in sampled.values.iter().zip(&exact.values).zip(&sampled.errors) {
        assert!((found - wanted).abs() <= 5.0 * error + 1e-12, "{found} for {wanted}, {error}");
        scores.extend((*error > 0.0).then(|| ((found - wanted) / error).powi(2)));
    }
    let spread = (scores.iter().sum::<f64>() / scores.len() as f64).sqrt();
    assert!(spread > 0.3 && spread < 1.3, "errors are of the right size: {spread}");
    let told = Told { base: exact.base.clone(), answers: exact.answers.clone() };
    assert!(sampled.additivity_gaps(&told).iter().all(|gap| *gap < 1e-12));
}

#[test]
fn a_row_is_explained_alike_alone_and_among_others() {
    for how in [drawn(100, 5), Gradients::Integrated { steps: 40 }] {
        let (all, alone) = (found(&CURVED, &ROWS, how), found(&CURVED, &ROWS[4..5], how));
        assert_eq!(all.of(4, 0), alone.of(0, 0));
        assert_eq!(all.errors_of(4, 0), alone.errors_of(0, 0));
    }
}

#[test]
fn a_model_without_gradients_has_none() {
    struct Plain;
    impl Predictor for Plain {
        fn task(&self) -> Task {
            Task::Regression
        }
        fn classes(&self) -> &[String] {
            &[]
        }
        fn predict(&self, _: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            Ok(Predictions::Numbers(vec![0.0; rows.len()]))
        }
    }
    let table = table();
    let asked = Asked { predictor: &Plain, table: &table, inputs: &INPUTS };
    assert!(!has_gradients(&asked));
    assert_eq!(gradients(&asked, &ROWS, &background(), drawn(10, 0), None, &mut |_| {}), Ok(None));
    assert!(has_gradients(&Asked { predictor: &LINEAR, ..asked }));
}

/// The context of an explanation by gradients, `of_nothing` made with the same weights or with exchanged ones.
fn verdicts(formula: &Formula, how: Gradients, exchanged: bool) -> Vec<Verdict> {
    let table = table();
    let asked = Asked { predictor: formula, table: &table, inputs: &INPUTS };
    let with = |background: &[u32], how, shuffled| {
        gradients(&asked, &ROWS, background, how, shuffled, &mut |_| {}).unwrap().unwrap()
    };
    let context = ExplainContext {
        inputs: INPUTS.iter().map(|at| format!("x{at}")).collect(),
        names_rows: vec![None; 4],
        values: Some((
            with(&background(), how, None),
            told_by_gradients(&asked, &ROWS, &background(), how).unwrap().unwrap(),
        )),
        pictures: Vec::new(),
        again: Ok(with(&(20..40).collect::<Vec<u32>>(), how, None)),
        nothing: "the network with exchanged weights",
        of_nothing: Ok((0..9)
            .map(|seed| with(&background(), how, exchanged.then_some(Seed(seed))))
            .collect()),
    };
    PRACTICES.iter().take(3).map(|practice| (practice.judge)(&context).verdict).collect()
}

#[test]
fn sound_gradients_pass_and_each_fault_is_found() {
    let steps = |steps| Gradients::Integrated { steps };
    for how in [drawn(2000, 1), steps(256)] {
        let [additive, _, sane] = verdicts(&CURVED, how, true)[..] else { panic!("three verdicts") };
        assert_eq!([additive, sane], [Verdict::Pass; 2], "{how:?}");
        assert_eq!(verdicts(&CURVED, how, false)[2], Verdict::Warn, "the same of any weights: {how:?}");
        let wrong = Formula { wrong: true, ..CURVED };
        assert_eq!(verdicts(&wrong, how, true)[0], Verdict::Fail, "a slope is missing: {how:?}");
    }
    assert_eq!(verdicts(&CURVED, steps(1), true)[0], Verdict::Fail, "one step is too few");
    assert_eq!(
        verdicts(&CURVED, drawn(1, 1), true)[0],
        Verdict::Pass,
        "twenty rows are enough in eight rounds"
    );
}
