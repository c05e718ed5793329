//! Descriptions, effect sizes and drift of samples against NumPy and SciPy.

use plumb_stats::drift::{PsiBins, jensen_shannon, psi, psi_of_counts, wasserstein};
use plumb_stats::effect::{cliffs_delta, cohens_d, eta_squared};
use plumb_stats::{Outcome, describe};

use crate::{cases, codes, counts, near, near_relative, numbers};

#[test]
fn descriptions_are_those_of_scipy() {
    for case in cases("samples").as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        near(describe::variance(&a).unwrap(), &case["variance"], 1e-12, "variance");
        near(describe::mad(&a).unwrap(), &case["mad"], 1e-12, "mad");
        near(describe::skewness(&a).unwrap(), &case["skewness"], 1e-12, "skewness");
        near(describe::kurtosis(&a).unwrap(), &case["kurtosis"], 1e-12, "kurtosis");
        for (q, expected) in [0.0, 0.1, 0.33, 0.5, 0.9, 1.0].iter().zip(case["quantiles"].as_array().unwrap())
        {
            near(describe::quantile(&a, *q).unwrap(), expected, 1e-14, "quantile");
        }
        let pairs = a.len().min(b.len());
        for (correlation, name) in [
            (describe::pearson(&a[..pairs], &b[..pairs]).unwrap(), "pearson"),
            (describe::spearman(&a[..pairs], &b[..pairs]).unwrap(), "spearman"),
        ] {
            near(correlation.coefficient, &case[name][0], 1e-12, name);
            near_relative(correlation.p, &case[name][1], 1e-9, name);
        }
    }
}

#[test]
fn effects_and_distances_are_those_of_scipy() {
    for case in cases("samples").as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        near(cohens_d(&a, &b).unwrap(), &case["cohens_d"], 1e-12, "cohens_d");
        near(cliffs_delta(&a, &b).unwrap(), &case["cliffs_delta"], 1e-12, "cliffs_delta");
        near(eta_squared(&a, &codes(&case["groups"])).unwrap(), &case["eta_squared"], 1e-12, "eta_squared");
        near(wasserstein(&a, &b).unwrap(), &case["wasserstein"], 1e-12, "wasserstein");
        let (p, q) = (counts(&case["counts"][0]), counts(&case["counts"][1]));
        near(jensen_shannon(&p, &q).unwrap(), &case["jensen_shannon"], 1e-12, "jensen_shannon");
        near(psi_of_counts(&p, &q).unwrap(), &case["psi"], 1e-12, "psi of counts");
        near(psi(&a, &b, PsiBins::Quantiles(10)).unwrap(), &case["psi"], 1e-12, "psi");
    }
}

#[test]
fn a_regression_outcome_has_no_classes() {
    let outcome = Outcome::Numbers { truth: &[1.0], predicted: &[1.0] };
    assert!(outcome.predicted_classes().is_empty());
    assert!(plumb_stats::calibration::reliability(&outcome, 10).is_none());
}
