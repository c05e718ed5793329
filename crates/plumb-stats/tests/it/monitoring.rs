//! What monitoring tests, against SciPy and scikit-learn.

use plumb_ledger::Seed;
use plumb_stats::drift::wasserstein_in_deviations;
use plumb_stats::expected::expected;
use plumb_stats::metric;
use plumb_stats::tests::{beyond_extremes, fisher_exact, two_counts};

use crate::{cases, counts, near, near_relative, numbers};

#[test]
fn exact_and_pooled_tests_of_counts_are_those_of_scipy() {
    let cases = cases("monitoring");
    for case in cases["fisher"].as_array().unwrap() {
        let row = |at: usize| <[u64; 2]>::try_from(counts(&case["table"][at])).unwrap();
        near_relative(fisher_exact([row(0), row(1)]), &case["p"], 1e-9, "p of Fisher");
    }
    for case in cases["two_counts"].as_array().unwrap() {
        let test = two_counts(&counts(&case["first"]), &counts(&case["second"])).unwrap();
        assert_eq!(test.method, case["method"]);
        assert_eq!(test.categories as u64, case["categories"].as_u64().unwrap());
        near_relative(test.p, &case["p"], 1e-9, "p of counts");
    }
}

#[test]
fn values_beyond_the_extremes_are_a_beta_binomial() {
    for case in cases("monitoring")["beyond_extremes"].as_array().unwrap() {
        let count = |name: &str| case[name].as_u64().unwrap() as usize;
        let p = beyond_extremes(count("reference"), count("rows"), count("outside")).unwrap();
        near_relative(p, &case["p"], 1e-6, "p of values beyond");
    }
}

#[test]
fn expected_metrics_are_those_of_rows_weighted_by_their_probabilities() {
    for case in cases("monitoring")["expected"].as_array().unwrap() {
        let probabilities = numbers(&case["probabilities"]);
        let classes = case["classes"].as_u64().unwrap() as usize;
        for (name, value) in case["metrics"].as_object().unwrap() {
            let stream = Seed(0).stream("expected");
            let found = expected(metric(name).unwrap(), &probabilities, classes, 0.95, 50, stream).unwrap();
            near(found.value, value, 1e-5, name);
        }
    }
}

#[test]
fn a_distance_in_deviations_is_that_of_scipy() {
    for case in cases("monitoring")["wasserstein"].as_array().unwrap() {
        let found = wasserstein_in_deviations(&numbers(&case["reference"]), &numbers(&case["current"]));
        near(found.unwrap(), &case["distance"], 1e-12, "Wasserstein");
    }
}
