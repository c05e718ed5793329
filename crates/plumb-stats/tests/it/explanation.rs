//! Attributions, conformal sets, isotonic regression, discrepancy and online detectors: the golden files of `oracles/explain.py`.

use plumb_stats::Outcome;
use plumb_stats::attribution::{Coalitions, KernelShap, kernel_width, local_model, proximity, strongest};
use plumb_stats::conformal::{coverage_p, rank, scores, sets, threshold};
use plumb_stats::isotonic::Isotonic;
use plumb_stats::mmd::KernelMatrix;
use plumb_stats::online::{Adwin, PageHinkley};

use crate::{cases, codes, near, numbers};

#[test]
fn kernel_shap_is_that_of_shap() {
    for case in cases("kernel_shap").as_array().unwrap() {
        let inputs = case["inputs"].as_u64().unwrap() as usize;
        let members = codes(&case["members"]).iter().map(|code| *code == 1).collect();
        let coalitions = Coalitions::given(inputs, members, numbers(&case["weights"])).unwrap();
        let problem = KernelShap::new(&coalitions).unwrap();
        let (empty, full) = (numbers(&case["empty"]), numbers(&case["full"]));
        for output in 0..2 {
            let of_coalitions = numbers(&case["outputs"][output]);
            let found = problem.attribute(&of_coalitions, empty[output], full[output]).unwrap();
            for (value, expected) in found.iter().zip(case["values"][output].as_array().unwrap()) {
                near(*value, expected, 1e-9, "a Shapley value");
            }
            assert!((found.iter().sum::<f64>() - full[output] + empty[output]).abs() < 1e-12);
        }
    }
}

#[test]
fn all_coalitions_are_those_of_shap() {
    for case in cases("kernel_shap").as_array().unwrap() {
        let (inputs, samples) =
            (case["inputs"].as_u64().unwrap() as usize, case["samples"].as_u64().unwrap() as usize);
        if samples != (1 << inputs) - 2 {
            continue;
        }
        let found = Coalitions::new(inputs, samples, plumb_ledger::Seed(0).stream("x"));
        let members: Vec<u32> = found.iter().flatten().map(|&inside| u32::from(inside)).collect();
        assert_eq!(members, codes(&case["members"]));
        for (weight, expected) in found.weights().iter().zip(case["weights"].as_array().unwrap()) {
            near(*weight, expected, 1e-12, "a weight");
        }
    }
}

#[test]
fn local_models_are_those_of_lime() {
    for case in cases("lime").as_array().unwrap() {
        let features = case["features"].as_u64().unwrap() as usize;
        let (data, labels) = (numbers(&case["data"]), numbers(&case["labels"]));
        let width = kernel_width(features);
        let weights: Vec<f64> = numbers(&case["distances"]).iter().map(|d| proximity(*d, width)).collect();
        let model = local_model(&data, features, &weights, &labels, 1.0).unwrap();
        near(model.intercept, &case["intercept"], 1e-8, "intercept");
        near(model.r2.unwrap(), &case["score"], 1e-8, "R2");
        near(model.at(&data[..features]), &case["local"], 1e-8, "local prediction");
        for (value, expected) in model.coefficients.iter().zip(case["coefficients"].as_array().unwrap()) {
            near(*value, expected, 1e-8, "a coefficient");
        }
        let first = local_model(&data, features, &weights, &labels, 0.01).unwrap();
        let mut kept = strongest(&first, &data[..features], 3);
        kept.sort_unstable();
        assert_eq!(kept.iter().map(|&at| at as u32).collect::<Vec<_>>(), codes(&case["strongest"]));
    }
}

#[test]
fn conformal_sets_are_those_of_mapie() {
    for case in cases("conformal").as_array().unwrap() {
        let (truth, probabilities) = (codes(&case["truth"]), numbers(&case["probabilities"]));
        let classes = case["classes"].as_u64().unwrap() as usize;
        let outcome = Outcome::Classes { truth: &truth, probabilities: &probabilities, classes };
        let threshold = threshold(&scores(&outcome).unwrap(), case["level"].as_f64().unwrap());
        let found = sets(&numbers(&case["judged"]), threshold);
        assert_eq!(found.iter().map(|&inside| u32::from(inside)).collect::<Vec<_>>(), codes(&case["sets"]));
    }
}

#[test]
fn what_coverage_is_chance_is_that_of_scipy() {
    for case in cases("coverage").as_array().unwrap() {
        let whole = |name: &str| case[name].as_u64().unwrap() as usize;
        let level = case["level"].as_f64().unwrap();
        assert_eq!(rank(whole("calibration"), level), Some(whole("rank")));
        let found = coverage_p(whole("calibration"), whole("rows"), whole("covered"), level).unwrap();
        near(found, &case["p"], 1e-8, "a chance of coverage");
    }
    assert_eq!(coverage_p(5, 10, 9, 0.9), None);
}

#[test]
fn isotonic_regression_is_that_of_scikit_learn() {
    for case in cases("isotonic").as_array().unwrap() {
        let fitted = Isotonic::fit(&numbers(&case["x"]), &numbers(&case["y"])).unwrap();
        for (at, expected) in numbers(&case["at"]).iter().zip(case["fitted"].as_array().unwrap()) {
            near(fitted.at(*at), expected, 1e-12, "a fitted value");
        }
    }
}

#[test]
fn discrepancy_is_that_of_alibi_detect() {
    for case in cases("mmd").as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let kernel = KernelMatrix::gaussian(&a, &b, 3, case["scale"].as_f64()).unwrap();
        near(kernel.squared(), &case["mmd2"], 1e-10, "MMD squared");
    }
}

#[test]
fn detectors_find_what_rivers_find() {
    for case in cases("online").as_array().unwrap() {
        let stream = numbers(&case["stream"]);
        let (mut page, mut window) = (PageHinkley::default(), Adwin::default());
        let (mut by_page, mut by_window, mut widths) = (Vec::new(), Vec::new(), Vec::new());
        for (at, x) in stream.iter().enumerate() {
            if page.update(*x) {
                by_page.push(at as u32);
            }
            if window.update(*x) {
                by_window.push(at as u32);
                widths.push(window.width() as f64);
            }
        }
        assert_eq!(by_page, codes(&case["page_hinkley"]));
        assert_eq!(by_window, codes(&case["adwin"]));
        assert_eq!(widths, numbers(&case["widths"]));
        near(window.width() as f64, &case["width"], 0.0, "width");
    }
}
