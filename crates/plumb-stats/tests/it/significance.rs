//! Tests and intervals against statsmodels and SciPy.

use plumb_stats::effect::cramers_v;
use plumb_stats::intervals::{corrected_interval, repeats};
use plumb_stats::multiplicity::{benjamini_hochberg, holm};
use plumb_stats::tests::{
    McNemarVariant, Moments, chi_squared, chi_squared_yates, delong, ks_two_sample, mann_whitney, mcnemar,
    welch, wilson,
};

use crate::{cases, near, near_relative, number, numbers};

#[test]
fn mcnemar_is_that_of_statsmodels() {
    for case in cases("tests")["mcnemar"].as_array().unwrap() {
        let run = |variant| mcnemar(case["b"].as_u64().unwrap(), case["c"].as_u64().unwrap(), variant);
        near_relative(run(McNemarVariant::Exact).p, &case["exact"], 1e-12, "exact");
        for (variant, name) in
            [(McNemarVariant::ChiSquared, "plain"), (McNemarVariant::Corrected, "corrected")]
        {
            near(run(variant).statistic, &case[name][0], 1e-12, name);
            near_relative(run(variant).p, &case[name][1], 1e-12, name);
        }
    }
}

#[test]
fn two_sample_tests_are_those_of_scipy() {
    for case in cases("tests")["ks"].as_array().unwrap() {
        let test = ks_two_sample(&numbers(&case["a"]), &numbers(&case["b"])).unwrap();
        assert_eq!(test.method, "exact");
        near(test.statistic, &case["statistic"], 1e-15, "D");
        near_relative(test.p, &case["p"], 1e-9, "p of Kolmogorov-Smirnov");
    }
    for case in cases("tests")["mann_whitney"].as_array().unwrap() {
        let test = mann_whitney(&numbers(&case["a"]), &numbers(&case["b"])).unwrap();
        near(test.u, &case["u"], 1e-15, "U");
        near_relative(test.p, &case["p"], 1e-10, "p of Mann-Whitney");
    }
}

#[test]
fn welch_and_repeats_are_those_of_scipy() {
    for case in cases("tests")["welch"].as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let p = welch(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap()).unwrap();
        near_relative(p, &case["p"], 1e-9, "p of Welch");
        let repeats = repeats(&a, 0.95).unwrap();
        for side in 0..2 {
            near(repeats.mean_interval[side], &case["mean"][side], 1e-11, "interval of the mean");
            near(repeats.next_interval[side], &case["next"][side], 1e-11, "interval of the next");
        }
    }
}

#[test]
fn the_corrected_interval_is_that_of_numpy_and_scipy() {
    for case in cases("cross_validation").as_array().unwrap() {
        let found =
            corrected_interval(&numbers(&case["scores"]), number(&case["ratio"]), number(&case["level"]));
        let [low, high] = found.unwrap();
        near(low, &case["low"], 1e-12, "low");
        near(high, &case["high"], 1e-12, "high");
    }
    assert_eq!(corrected_interval(&[0.5], 0.25, 0.95), None);
}

#[test]
fn a_large_ks_test_uses_kolmogorovs_limit() {
    let a: Vec<f64> = (0..1500).map(f64::from).collect();
    for case in cases("tests")["ks_large"].as_array().unwrap() {
        let b: Vec<f64> = (0..1000).map(|i| 1.5 * f64::from(i) + number(&case["shift"])).collect();
        let test = ks_two_sample(&a, &b).unwrap();
        assert_eq!(test.method, "asymptotic");
        near(test.statistic, &case["statistic"], 1e-15, "D");
        near_relative(test.p, &case["p"], 1e-9, "p");
    }
}

#[test]
fn contingency_tables_are_those_of_scipy() {
    for case in cases("tests")["chi_squared"].as_array().unwrap() {
        let table: Vec<Vec<f64>> = case["table"].as_array().unwrap().iter().map(numbers).collect();
        let (plain, yates) = (chi_squared(&table).unwrap(), chi_squared_yates(&table).unwrap());
        near(plain.statistic, &case["plain"][0], 1e-12, "statistic");
        near_relative(plain.p, &case["plain"][1], 1e-10, "p");
        assert_eq!(Some(plain.degrees as u64), case["plain"][2].as_u64());
        near(yates.statistic, &case["yates"][0], 1e-12, "Yates' statistic");
        near_relative(yates.p, &case["yates"][1], 1e-10, "Yates' p");
        near(cramers_v(&table).unwrap(), &case["cramers_v"], 1e-12, "Cramer's V");
    }
}

#[test]
fn wilson_and_adjustments_are_those_of_statsmodels() {
    let cases = cases("tests");
    for case in cases["wilson"].as_array().unwrap() {
        let (low, high) = wilson(case[0].as_u64().unwrap(), case[1].as_u64().unwrap(), number(&case[2]));
        near(low, &case[3], 1e-12, "low");
        near(high, &case[4], 1e-12, "high");
    }
    let p = numbers(&cases["multiplicity"]["p"]);
    for (adjusted, name) in [(holm(&p), "holm"), (benjamini_hochberg(&p), "bh")] {
        for (found, expected) in adjusted.iter().zip(cases["multiplicity"][name].as_array().unwrap()) {
            near(*found, expected, 1e-12, name);
        }
    }
}

#[test]
fn delong_is_that_of_its_definition() {
    let case = &cases("tests")["delong"];
    let positive: Vec<bool> =
        case["positive"].as_array().unwrap().iter().map(|flag| flag.as_bool().unwrap()).collect();
    let test = delong(&positive, &numbers(&case["a"]), &numbers(&case["b"]), 0.95).unwrap();
    near(test.difference, &case["difference"], 1e-12, "difference");
    near(test.low, &case["low"], 1e-12, "low");
    near(test.high, &case["high"], 1e-12, "high");
    near_relative(test.p, &case["p"], 1e-10, "p");
}
