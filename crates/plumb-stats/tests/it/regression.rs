//! Regression metrics against scikit-learn, the bootstrap interval against SciPy.

use plumb_stats::describe::quantile;
use plumb_stats::intervals::bca_tails;
use plumb_stats::{Outcome, metric, metrics};

use crate::{cases, codes, near, near_relative, numbers};

#[test]
fn metrics_are_those_of_scikit_learn() {
    for case in cases("regression").as_array().unwrap() {
        let (truth, predicted) = (numbers(&case["truth"]), numbers(&case["predicted"]));
        let outcome = Outcome::Numbers { truth: &truth, predicted: &predicted };
        for metric in metrics::of_task(outcome.task()) {
            near_relative(
                (metric.compute)(&outcome).unwrap(),
                &case["metrics"][metric.name],
                1e-12,
                metric.name,
            );
        }
    }
}

#[test]
fn injected_resamples_give_scipys_interval() {
    let case = &cases("bca")[0];
    let (truth, predicted) = (numbers(&case["truth"]), numbers(&case["predicted"]));
    let outcome = Outcome::Numbers { truth: &truth, predicted: &predicted };
    let plan = (metric("mae").unwrap().plan)(&outcome).unwrap();
    let weights = case["weights"].as_array().unwrap();
    let mut values: Vec<f64> = weights.iter().map(|w| plan.weighted(&codes(w)).unwrap()).collect();
    values.sort_by(f64::total_cmp);
    let without = |row: usize| {
        let mut weights = vec![1; truth.len()];
        weights[row] = 0;
        plan.weighted(&weights).unwrap()
    };
    let left_out: Vec<f64> = (0..truth.len()).map(without).collect();
    let tails = bca_tails(plan.value().unwrap(), &values, &left_out, 0.95);
    near(quantile(&values, tails[0]).unwrap(), &case["low"], 1e-12, "low");
    near(quantile(&values, tails[1]).unwrap(), &case["high"], 1e-12, "high");
    near(quantile(&values, 0.025).unwrap(), &case["percentile"][0], 1e-12, "percentile");
}
