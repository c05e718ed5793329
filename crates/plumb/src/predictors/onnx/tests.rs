//! What is added up from terms against rows that are asked about, and against `shap`'s explainer of trees.

use std::path::PathBuf;

use plumb_data::{Column, Kind};
use plumb_evaluate::explain::{Asked, ShapConfig, ShapMethod, ShapValues, shap};
use plumb_ledger::Seed;
use plumb_stats::attribution::CoalitionSet;
use serde_json::Value;

use super::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Forty rows of four columns, of which some share values and some have none; texts of three; and what is told.
fn table(columns: &[&str], classes: &[&str], has_holes: bool) -> Table {
    let value = |at: usize, row: u64| {
        let drawn = Seed(17).stream("values").at(at as u64).normal(row);
        (!has_holes || row % 7 != at as u64).then_some((drawn * 4.0).round() / 4.0)
    };
    let column = |(at, name): (usize, &&str)| match *name {
        "c" => Column::text("c", Kind::Text, (0..40).map(|row| Some(["x", "y", "z"][row * row % 3]))),
        name => Column::number(name, Kind::Number, (0..40).map(|row| value(at, row))),
    };
    let mut all: Vec<Column> = columns.iter().enumerate().map(column).collect();
    all.push(if classes.is_empty() {
        Column::number("told", Kind::Number, (0..40).map(|row| Some(f64::from(row) / 3.0)))
    } else {
        Column::category("told", Kind::Category, (0..40).map(|row| Some(classes[row % classes.len()])))
    });
    Table::new(all).unwrap()
}

fn opened(model: &str, table: &Table) -> Box<dyn Predictor> {
    let target = Target::of(table, "told", None).unwrap();
    open(&file(model), table, &target, &WiringOptions::default()).unwrap().predictor
}

/// A predictor of which only rows can be asked.
struct ByRows<'a>(&'a dyn Predictor);

impl Predictor for ByRows<'_> {
    fn task(&self) -> Task {
        self.0.task()
    }

    fn classes(&self) -> &[String] {
        self.0.classes()
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        self.0.predict(table, rows)
    }
}

const BACKGROUND: [u32; 6] = [0, 3, 7, 8, 21, 30];
const ROWS: [u32; 5] = [1, 3, 14, 15, 39];

fn explained(predictor: &dyn Predictor, table: &Table, method: ShapMethod, budget: usize) -> ShapValues {
    let inputs: Vec<usize> = (0..table.columns().len() - 1).collect();
    let asked = Asked { predictor, table, inputs: &inputs };
    let config = ShapConfig { method, budget, of_margins: false, seed: Seed(5) };
    shap(&asked, &ROWS, &BACKGROUND, &config, &mut |_| {}).unwrap()
}

fn gap(one: &[f64], other: &[f64]) -> f64 {
    assert_eq!(one.len(), other.len());
    let size = other.iter().fold(1.0f64, |size, value| size.max(value.abs()));
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / size
}

const TWO: &[&str] = &["0", "1"];
const THREE: &[&str] = &["0", "1", "2"];
const NAMES: &[&str] = &["high", "low", "middle"];
/// Model, classes, whether values are missing, whether answers are sums.
const MODELS: [(&str, &[&str], bool, bool); 15] = [
    ("logistic_two", TWO, false, false),
    ("logistic_three", NAMES, false, false),
    ("calibrated_two", TWO, false, false),
    ("perceptron_three", NAMES, false, false),
    ("ridge", &[], false, true),
    ("forest_number", &[], false, true),
    ("extra_number", &[], false, true),
    ("lightgbm_number", &[], false, true),
    ("forest_three", NAMES, false, true),
    ("tree_two", TWO, false, true),
    ("boosting_two", TWO, false, false),
    ("boosting_three", THREE, false, false),
    ("lightgbm_two", TWO, true, false),
    ("xgboost_three", THREE, true, false),
    ("columns", NAMES, false, false),
];

/// The table of a model and the model.
fn golden(name: &str, classes: &[&str], has_holes: bool) -> (Table, Box<dyn Predictor>) {
    let columns: &[&str] = if name == "columns" { &["a", "b", "c"] } else { &["x0", "x1", "x2", "x3"] };
    let table = table(columns, classes, has_holes || name == "columns");
    let predictor = opened(&format!("plumb-onnx/tests/golden/{name}.onnx"), &table);
    (table, predictor)
}

#[test]
fn sums_of_terms_say_what_rows_say() {
    for (name, classes, has_holes, is_sum) in MODELS {
        let (table, predictor) = golden(name, classes, has_holes);
        let inputs: Vec<usize> = (0..table.columns().len() - 1).collect();
        let players = inputs.len();
        let sum = predictor
            .as_sum(&table, &inputs, &ROWS, &BACKGROUND)
            .unwrap_or_else(|| panic!("{name}: no sum"))
            .unwrap();
        assert_eq!(sum.is_additive(), is_sum, "{name}");
        // Every subset of the columns, put together from every pair.
        let members: Vec<bool> =
            (0..1usize << players).flat_map(|code| (0..players).map(move |at| code >> at & 1 == 1)).collect();
        let set = CoalitionSet::new(players, &members);
        for (row, other) in
            (0..ROWS.len()).flat_map(|row| (0..BACKGROUND.len()).map(move |other| (row, other)))
        {
            let (mut terms, mut scores, mut places) = (Terms::default(), Vec::new(), Vec::new());
            sum.terms(row, other, &mut terms);
            set.worth(&terms, sum.scores(), &mut scores, &mut places);
            let from: Vec<Vec<u32>> = (0..=players)
                .map(|at| {
                    (0..set.len())
                        .map(|code| if code >> at & 1 == 1 { ROWS[row] } else { BACKGROUND[other] })
                        .collect()
                })
                .collect();
            let together = table.gather(|place| &from[place]).unwrap();
            let all: Vec<u32> = (0..set.len() as u32).collect();
            let numbers = |told: Predictions| match told {
                Predictions::Probabilities { values, .. } | Predictions::Numbers(values) => values,
            };
            let told = numbers(predictor.predict(&together, &all).unwrap());
            let known = numbers(sum.predictions(&scores).unwrap());
            let width = told.len() / set.len();
            let known: Vec<f64> =
                places.iter().flat_map(|&place| &known[place as usize * width..][..width]).copied().collect();
            assert!(gap(&known, &told) < 1e-6, "{name}: {}", gap(&known, &told));
        }
    }
}

#[test]
fn values_by_terms_are_values_by_rows() {
    for (name, classes, has_holes, is_sum) in MODELS {
        let (table, predictor) = golden(name, classes, has_holes);
        for (method, budget) in
            [(ShapMethod::Kernel, 14), (ShapMethod::Kernel, 8), (ShapMethod::Permutation, 60)]
        {
            let by_terms = explained(predictor.as_ref(), &table, method, budget);
            let by_rows = explained(&ByRows(predictor.as_ref()), &table, method, budget);
            assert!(!by_terms.is_closed_form && !by_rows.is_closed_form);
            assert!(gap(&by_terms.values, &by_rows.values) < 1e-6, "{name}");
        }
        let (best, all) = (
            explained(predictor.as_ref(), &table, ShapMethod::Any, 14),
            explained(&ByRows(predictor.as_ref()), &table, ShapMethod::Any, 14),
        );
        assert_eq!((best.is_closed_form, all.is_closed_form), (is_sum, false), "{name}");
        assert!(
            best.is_exact && gap(&best.values, &all.values) < 1e-6,
            "{name}: {}",
            gap(&best.values, &all.values)
        );
    }
}

#[test]
fn what_is_no_sum_over_columns_is_asked_by_rows() {
    for (name, classes) in [("vectors_number", &[][..]), ("vectors_three", THREE), ("network", NAMES)] {
        let (table, predictor) = golden(name, classes, false);
        assert!(predictor.as_sum(&table, &[0, 1, 2, 3], &ROWS, &BACKGROUND).is_none(), "{name}");
    }
    let (table, predictor) = golden("ridge", &[], false);
    assert!(predictor.as_sum(&table, &[0, 1, 3], &ROWS, &BACKGROUND).is_none(), "a column that is no player");
    let asked = Asked { predictor: &ByRows(predictor.as_ref()), table: &table, inputs: &[0, 1, 2, 3] };
    let config = ShapConfig::new(ShapMethod::Exact, 4, Seed(0));
    let refused = shap(&asked, &ROWS, &BACKGROUND, &config, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("no closed form") && refused.hint().is_some());
}

/// Rows of a golden case: background, then rows, and the target.
fn told_rows(case: &Value, classes: &[&str]) -> Table {
    let width = case["width"].as_u64().unwrap() as usize;
    let of =
        |key: &str| case[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let all = [of("background"), of("rows")].concat();
    let column = |at: usize| {
        Column::number(&format!("x{at}"), Kind::Number, all.iter().skip(at).step_by(width).map(|x| Some(*x)))
    };
    let mut columns: Vec<Column> = (0..width).map(column).collect();
    let rows = all.len() / width;
    columns.push(if classes.is_empty() {
        Column::number("told", Kind::Number, (0..rows).map(|row| Some(row as f64 / 3.0)))
    } else {
        Column::category("told", Kind::Category, (0..rows).map(|row| Some(classes[row % classes.len()])))
    });
    Table::new(columns).unwrap()
}

#[test]
fn values_of_trees_are_those_of_shap() {
    let text = std::fs::read_to_string(file("plumb/tests/golden/tree_shap/values.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    for (name, classes) in [("number", &[][..]), ("classes", THREE), ("margin", TWO)] {
        let case = &golden["cases"][name];
        let expected: Vec<f64> =
            case["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let base: Vec<f64> = case["base"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let table = told_rows(case, classes);
        let predictor = opened(&format!("plumb/tests/golden/tree_shap/{name}.onnx"), &table);
        let inputs: Vec<usize> = (0..table.columns().len() - 1).collect();
        let (background, rows): (Vec<u32>, Vec<u32>) = ((0..20).collect(), (20..28).collect());
        let asked = Asked { predictor: predictor.as_ref(), table: &table, inputs: &inputs };
        let config = ShapConfig {
            of_margins: name == "margin",
            ..ShapConfig::new(ShapMethod::Exact, inputs.len(), Seed(0))
        };
        let found = shap(&asked, &rows, &background, &config, &mut |_| {}).unwrap();
        assert!(found.is_exact && found.is_closed_form);
        assert!(gap(&found.base, &base) < 1e-6, "{name}");
        assert!(gap(&found.values, &expected) < 1e-6, "{name}: {}", gap(&found.values, &expected));
    }
}

#[test]
fn drawn_coalitions_of_many_columns_are_worth_what_rows_say() {
    let text = std::fs::read_to_string(file("plumb/tests/golden/tree_shap/values.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    for (name, classes, budget) in [("number", &[][..], 200), ("margin", TWO, 60), ("margin", TWO, 510)] {
        let table = told_rows(&golden["cases"][name], classes);
        let predictor = opened(&format!("plumb/tests/golden/tree_shap/{name}.onnx"), &table);
        let by_terms = explained_first(predictor.as_ref(), &table, budget);
        let by_rows = explained_first(&ByRows(predictor.as_ref()), &table, budget);
        assert!(
            gap(&by_terms.values, &by_rows.values) < 1e-6,
            "{name}: {}",
            gap(&by_terms.values, &by_rows.values)
        );
    }
}

fn explained_first(predictor: &dyn Predictor, table: &Table, budget: usize) -> ShapValues {
    let inputs: Vec<usize> = (0..table.columns().len() - 1).collect();
    let asked = Asked { predictor, table, inputs: &inputs };
    let config = ShapConfig { method: ShapMethod::Kernel, budget, of_margins: false, seed: Seed(5) };
    shap(&asked, &[20, 21, 22], &[0, 1, 2, 3, 4, 5, 6], &config, &mut |_| {}).unwrap()
}
