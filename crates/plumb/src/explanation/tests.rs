//! Gradients of a real network beside Shapley values of the same network.

use plumb_data::prepare::{Preparation, PrepareConfig};
use plumb_data::{Column, Kind, PredictError, Predictions, Predictor, Table, Target};
use plumb_evaluate::explain::{Asked, Gradients, ShapConfig, ShapMethod, ShapValues, gradients, shap};
use plumb_learn::layers::Activation;
use plumb_learn::model::{Inputs, ModelConfig, NetworkConfig};
use plumb_learn::models::mlp::MlpConfig;
use plumb_learn::parameters::Arrays;
use plumb_learn::predict::TrainedModel;
use plumb_ledger::Seed;
use plumb_stats::Task;

use super::attribution::check;
use super::{How, Method};

const ROWS: u64 = 80;
const INPUTS: [usize; 5] = [0, 1, 2, 3, 4];

fn table() -> Table {
    let stream = Seed(3).stream("table");
    let number = |at: u64| move |row: u64| (row % 7 != at).then(|| 3.0 * stream.at(at).normal(row));
    let level = |of: usize| move |row: u64| Some(format!("level {}", stream.at(9).below(row, of)));
    Table::new(vec![
        Column::number("a", Kind::Number, (0..ROWS).map(number(1))),
        Column::number("b", Kind::Number, (0..ROWS).map(number(2))),
        Column::category("few", Kind::Category, (0..ROWS).map(level(3))),
        Column::category("many", Kind::Category, (0..ROWS).map(level(12))),
        Column::time(
            "when",
            Kind::Time,
            (0..ROWS).map(|row| Some(1_700_000_000_000 + row as i64 * 5_000_000_007)),
        ),
        Column::number("label", Kind::Number, (0..ROWS).map(|row| Some(1e4 * stream.at(5).normal(row)))),
    ])
    .unwrap()
}

/// A network for numbers without a hidden layer, its answers far inside the range of the labels.
fn linear() -> TrainedModel {
    let table = table();
    let target = Target::of(&table, "label", Some(Kind::Number)).unwrap();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let preparation = Preparation::fit(&table, &target, &rows, &PrepareConfig::DEFAULT).unwrap();
    let mlp = MlpConfig {
        hidden: Vec::new(),
        norm: None,
        activation: Activation::Relu,
        dropout: 0.0,
        embedding: 4,
    };
    let (inputs, network) = (Inputs::of(&preparation), NetworkConfig::Mlp(mlp));
    let config = ModelConfig { schema: 1, inputs, outputs: 1, network, views: Vec::new() };
    let weights = Arrays::of(&config.empty(&plumb_learn::model::training_device()));
    TrainedModel::new(config, preparation, &weights).unwrap()
}

#[test]
fn gradients_of_a_linear_network_are_its_exact_shapley_values() {
    let (model, table) = (linear(), table());
    let asked = Asked { predictor: &model, table: &table, inputs: &INPUTS };
    let (rows, background): (Vec<u32>, Vec<u32>) = ((60..70).collect(), (0..30).collect());
    let config = ShapConfig::new(ShapMethod::Kernel, 5, Seed(0));
    let exact = shap(&asked, &rows, &background, &config, &mut |_| {}).unwrap();
    assert!(exact.is_exact);
    let size = exact.values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let gap = |found: &ShapValues| {
        found.values.iter().zip(&exact.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / size
    };
    for how in [Gradients::Integrated { steps: 3 }, Gradients::Expected { draws: 60, seed: Seed(1) }] {
        let found = gradients(&asked, &rows, &background, how, None, &mut |_| {}).unwrap().unwrap();
        assert!(gap(&found) < 1e-5, "{how:?}: {}", gap(&found));
        assert!((found.base[0] - exact.base[0]).abs() < 1e-5 * size, "{how:?}");
    }
    let sampled = ShapConfig { method: ShapMethod::Sampling, ..config };
    assert!(gap(&shap(&asked, &rows, &background, &sampled, &mut |_| {}).unwrap()) < 1e-5);
}

struct Silent;

impl Predictor for Silent {
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

fn how(method: Method, baseline: Option<u32>) -> How<'static> {
    How {
        method,
        of_margins: false,
        rows: 1,
        background: 1,
        budget: None,
        cover: crate::explanation::Cover::Mean,
        baseline,
        neighbours: None,
    }
}

#[test]
fn a_model_without_gradients_and_a_row_that_is_not_there_are_refused_with_a_hint() {
    let (model, table) = (linear(), table());
    let silent = Asked { predictor: &Silent, table: &table, inputs: &INPUTS };
    for method in [Method::IntegratedGradients, Method::ExpectedGradients] {
        let text = format!("{:?}", check(&silent, &how(method, None)).unwrap_err());
        assert!(text.contains("no gradients by its columns") && text.contains("--method shap"), "{text}");
    }
    assert!(check(&silent, &how(Method::Sampling, None)).is_ok());
    let network = Asked { predictor: &model, ..silent };
    assert!(check(&network, &how(Method::IntegratedGradients, Some(79))).is_ok());
    let text = format!("{:?}", check(&network, &how(Method::IntegratedGradients, Some(80))).unwrap_err());
    assert!(text.contains("there is no row 80") && text.contains("counts rows from 0"), "{text}");
}
