//! The optimizers against `torch.optim` over 50 steps, and the properties that torch cannot vouch for.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

pub(super) fn read() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/optimizers.json")).unwrap()
}

pub(super) fn vectors(values: &Value) -> Vec<Vec<f32>> {
    let vector = |v: &Value| v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
    values.as_array().unwrap().iter().map(vector).collect()
}

/// The optimizer of a golden case, its rate and decay.
fn case_optimizer(name: &str, settings: &Value) -> (OptimizerConfig, Hyper) {
    let number = |key: &str, or: f64| settings[key].as_f64().unwrap_or(or);
    let adam = AdamConfig {
        beta1: settings["betas"][0].as_f64().unwrap_or(0.9),
        beta2: settings["betas"][1].as_f64().unwrap_or(0.999),
        eps: number("eps", 1e-8),
    };
    let config = match name.split('_').next().unwrap() {
        "adam" => OptimizerConfig::Adam(adam),
        "adamw" => OptimizerConfig::AdamW(adam),
        _ => OptimizerConfig::Sgd(SgdConfig {
            momentum: number("momentum", 0.0),
            dampening: number("dampening", 0.0),
            nesterov: settings["nesterov"].as_bool().unwrap_or(false),
        }),
    };
    let hyper =
        Hyper { lr: number("lr", 0.0), weight_decay: number("weight_decay", 0.0), gradient_scale: 1.0 };
    (config, hyper)
}

/// The largest difference after any step, relative to the largest value.
fn worst_difference(config: &OptimizerConfig, hyper: &Hyper, trajectory: &Value) -> f64 {
    let expected = vectors(&trajectory["values"]);
    let mut optimizer = Optimizer::new(config.clone()).unwrap();
    let mut values = expected[0].clone();
    let mut worst = 0.0f64;
    for (gradient, expected) in vectors(&trajectory["gradients"]).iter().zip(&expected[1..]) {
        optimizer.update("p", &mut values, gradient, hyper).unwrap();
        let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        for (value, expected) in values.iter().zip(expected) {
            worst = worst.max(f64::from((value - expected).abs() / largest));
        }
    }
    worst
}

#[test]
fn fifty_steps_are_those_of_torch() {
    for (name, case) in read()["cases"].as_object().unwrap() {
        let (config, hyper) = case_optimizer(name, &case["settings"]);
        for precision in ["f32", "f64"] {
            let worst = worst_difference(&config, &hyper, &case[precision]);
            assert!(worst < 1e-6, "{name} in {precision}: {worst}");
        }
    }
}

#[test]
fn a_restored_optimizer_goes_on_bit_for_bit() {
    for name in OptimizerConfig::names() {
        let config = OptimizerConfig::named(name).unwrap();
        let mut straight = Optimizer::new(config.clone()).unwrap();
        let mut values = vec![1.0f32, -2.0, 3.0];
        let hyper = Hyper { weight_decay: 0.01, ..Hyper::at_rate(0.1) };
        let step = |optimizer: &mut Optimizer, values: &mut Vec<f32>| {
            let gradient: Vec<f32> = values.iter().map(|v| v.sin()).collect();
            optimizer.update("p", values, &gradient, &hyper).unwrap();
        };
        step(&mut straight, &mut values);
        let mut resumed = Optimizer::new(config).unwrap();
        resumed.restore(straight.state()).unwrap();
        let mut copy = values.clone();
        step(&mut straight, &mut values);
        step(&mut resumed, &mut copy);
        assert_eq!(values, copy, "{name}");
        assert_eq!(straight, resumed, "{name}");
    }
}

#[test]
fn foreign_state_and_wrong_lengths_are_refused() {
    let mut adam = Optimizer::new(OptimizerConfig::named("adam").unwrap()).unwrap();
    let mut sgd = Optimizer::new(OptimizerConfig::named("sgd").unwrap()).unwrap();
    adam.update("p", &mut [1.0], &[1.0], &Hyper::at_rate(0.1)).unwrap();
    assert!(matches!(sgd.restore(adam.state()), Err(OptimizerError::State { .. })));
    let mut plain = adam.state();
    plain.second.clear();
    assert!(adam.restore(plain).is_err());
    assert!(adam.update("p", &mut [1.0, 2.0], &[1.0, 2.0], &Hyper::at_rate(0.1)).is_err());
    assert!(adam.update("p", &mut [1.0], &[], &Hyper::at_rate(0.1)).is_err());
}

#[test]
fn a_late_parameter_has_its_own_bias_correction() {
    let mut optimizer = Optimizer::new(OptimizerConfig::named("adam").unwrap()).unwrap();
    for _ in 0..100 {
        optimizer.update("early", &mut [0.0], &[1.0], &Hyper::at_rate(0.1)).unwrap();
    }
    let mut late = [0.0];
    optimizer.update("late", &mut late, &[1.0], &Hyper::at_rate(0.1)).unwrap();
    assert!((late[0] + 0.1).abs() < 1e-6, "the first step of Adam is the rate: {}", late[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn threads_and_pieces_change_no_bit(extra in 1usize..1000, seed in 0u64..1000) {
        let stream = plumb_ledger::Seed(seed).stream("test");
        let length = CHUNK + extra;
        let gradient: Vec<f32> = (0..length as u64).map(|i| stream.normal(i) as f32).collect();
        for name in OptimizerConfig::names() {
            let mut optimizer = Optimizer::new(OptimizerConfig::named(name).unwrap()).unwrap();
            let mut whole = vec![0.5f32; length];
            let (mut head, mut tail) = (vec![0.5f32; CHUNK / 2], vec![0.5f32; length - CHUNK / 2]);
            let hyper = Hyper { weight_decay: 0.1, ..Hyper::at_rate(0.01) };
            for _ in 0..2 {
                optimizer.update("whole", &mut whole, &gradient, &hyper).unwrap();
                optimizer.update("head", &mut head, &gradient[..CHUNK / 2], &hyper).unwrap();
                optimizer.update("tail", &mut tail, &gradient[CHUNK / 2..], &hyper).unwrap();
            }
            prop_assert!(whole[..CHUNK / 2] == head[..] && whole[CHUNK / 2..] == tail[..]);
        }
    }
}
