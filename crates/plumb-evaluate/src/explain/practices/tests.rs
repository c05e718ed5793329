//! The practices of explanation on sound and planted explanations.

use plumb_data::{Column, Kind, PredictError, Predictions, Predictor, Table};
use plumb_ledger::{Seed, Verdict};
use plumb_stats::Task;

use super::*;
use crate::explain::{Asked, ShapConfig, ShapMethod, shap, told};

/// `tanh` of a weighted sum and of a product, as probabilities of two classes; `noise` makes it answer differently each time.
struct Network {
    weights: Vec<f64>,
    product: f64,
    noise: f64,
    asked: std::sync::atomic::AtomicU64,
}

impl Network {
    fn new(weights: &[f64], noise: f64) -> Self {
        Self { weights: weights.to_vec(), product: 0.5, noise, asked: std::sync::atomic::AtomicU64::new(0) }
    }
}

impl Predictor for Network {
    fn task(&self) -> Task {
        Task::Binary
    }

    fn classes(&self) -> &[String] {
        static CLASSES: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| vec!["no".into(), "yes".into()]);
        &CLASSES
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let stream =
            Seed(0).stream("noise").at(self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let value = |(at, &row): (usize, &u32)| {
            let numbers =
                table.columns().iter().filter_map(Column::numbers).map(|numbers| numbers.value(row as usize));
            let x: Vec<f64> = numbers.collect();
            let sum: f64 = x.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
            let p = 0.5
                + 0.4 * (sum + self.product * x[0] * x[1]).tanh()
                + self.noise * (stream.uniform(at as u64) - 0.5);
            [1.0 - p, p]
        };
        let values = rows.iter().enumerate().flat_map(value).collect();
        Ok(Predictions::Probabilities { values, classes: 2 })
    }
}

fn table(rows: usize) -> Table {
    let column = |at: u64| {
        let stream = Seed(9).stream("table").at(at);
        Column::number(
            &format!("x{at}"),
            Kind::Number,
            (0..rows as u64).map(move |row| Some(stream.normal(row))),
        )
    };
    Table::new((0..5).map(column).collect()).unwrap()
}

const INPUTS: [usize; 5] = [0, 1, 2, 3, 4];

fn values(network: &Network, method: ShapMethod, from: u32) -> ShapValues {
    let table = table(120);
    let asked = Asked { predictor: network, table: &table, inputs: &INPUTS };
    let background: Vec<u32> = (from..from + 40).collect();
    let rows: Vec<u32> = (100..110).collect();
    let config = ShapConfig::new(method, 5, Seed(u64::from(from)));
    shap(&asked, &rows, &background, &config, &mut |_| {}).unwrap()
}

fn asked_again(network: &Network) -> Told {
    let table = table(120);
    let asked = Asked { predictor: network, table: &table, inputs: &INPUTS };
    told(&asked, &(100..110).collect::<Vec<u32>>(), &(0..40).collect::<Vec<u32>>()).unwrap()
}

fn context(network: &Network) -> ExplainContext {
    let shuffled = Network { product: 0.0, ..Network::new(&[0.0, 0.1, -0.1, 0.2, -0.3], 0.0) };
    ExplainContext {
        inputs: INPUTS.iter().map(|at| format!("x{at}")).collect(),
        names_rows: vec![None; INPUTS.len()],
        values: Some((values(network, ShapMethod::Kernel, 0), asked_again(network))),
        again: Ok(values(network, ShapMethod::Kernel, 40)),
        nothing: "a model of shuffled labels",
        of_nothing: Ok(vec![values(&shuffled, ShapMethod::Kernel, 0)]),
        pictures: Vec::new(),
    }
}

fn verdicts(context: &ExplainContext) -> Vec<Verdict> {
    PRACTICES.iter().map(|practice| (practice.judge)(context).verdict).collect()
}

#[test]
fn a_sound_explanation_passes_and_each_fault_is_found() {
    let sound = Network::new(&[2.0, -1.0, 0.5, 0.2, 0.0], 0.0);
    assert_eq!(verdicts(&context(&sound)), [Verdict::Pass; 4]);
    let drops = Network::new(&[2.0, -1.0, 0.5, 0.2, 0.0], 0.2);
    assert_eq!(verdicts(&context(&drops))[0], Verdict::Fail, "answers differ when it is asked again");
    let other = ExplainContext {
        again: Ok(values(&Network::new(&[0.0, 0.2, 0.5, -1.0, 2.0], 0.0), ShapMethod::Kernel, 0)),
        ..context(&sound)
    };
    assert_eq!(verdicts(&other)[1], Verdict::Warn, "another order of columns");
    let own = values(&sound, ShapMethod::Kernel, 0);
    let nothing = ExplainContext { of_nothing: Ok(vec![own]), ..context(&sound) };
    assert_eq!(verdicts(&nothing)[2], Verdict::Warn);
    let alone = Network { product: 0.0, ..Network::new(&[3.0, 0.2, 0.0, 0.1, 0.0], 0.0) };
    assert_eq!(verdicts(&context(&alone))[3], Verdict::Warn, "one column alone");
    let names_rows = vec![None, Some("nearly every row has its own level"), None, None, None];
    let numbered = ExplainContext { names_rows, ..context(&sound) };
    assert_eq!(verdicts(&numbered)[3], Verdict::Warn, "a column that names rows");
    let missing = ExplainContext {
        again: Err("too small".to_owned()),
        of_nothing: Err("no train rows".to_owned()),
        ..context(&sound)
    };
    assert_eq!(verdicts(&missing), [Verdict::Pass, Verdict::Skipped, Verdict::Skipped, Verdict::Pass]);
}

#[test]
fn of_pictures_alone_two_draws_are_held_against_each_other() {
    let sound = context(&Network::new(&[2.0, -1.0, 0.5, 0.2, 0.0], 0.0));
    let of = |second: [f64; 4]| ExplainContext {
        values: None,
        again: Err("no column is explained".to_owned()),
        pictures: vec![(vec![0.5, 0.1, 0.3, 0.01], second.to_vec())],
        ..sound.clone()
    };
    let judged = |second| verdicts(&of(second));
    let skipped = Verdict::Skipped;
    assert_eq!(judged([0.45, 0.12, 0.33, 0.02]), [skipped, Verdict::Pass, skipped, skipped]);
    assert_eq!(judged([0.02, 0.3, 0.1, 0.5]), [skipped, Verdict::Warn, skipped, skipped]);
    let none = ExplainContext { pictures: Vec::new(), ..of([0.0; 4]) };
    assert_eq!(verdicts(&none), [skipped; 4]);
}

#[test]
fn walks_and_coalitions_agree_where_both_are_exact_enough() {
    let network = Network::new(&[2.0, -1.0, 0.5, 0.2, 0.0], 0.0);
    let (exact, walked) =
        (values(&network, ShapMethod::Kernel, 0), values(&network, ShapMethod::Permutation, 0));
    assert!(exact.is_exact && !walked.is_exact);
    let told = asked_again(&network);
    assert!(walked.additivity_gaps(&told).iter().all(|gap| *gap < 1e-12));
    let gap = exact.values.iter().zip(&walked.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap < 0.01, "{gap}");
    let importance = exact.importance();
    assert!(importance[0] > importance[1] && importance[1] > importance[2] && importance[4].abs() < 1e-12);
}

#[test]
fn every_page_is_whole() {
    let pages: Vec<plumb_ledger::Page> = PRACTICES.iter().map(|practice| practice.page).collect();
    assert_eq!(plumb_ledger::practice::faults(&pages), Vec::<String>::new());
}
