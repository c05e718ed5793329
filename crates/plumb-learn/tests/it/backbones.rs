//! Picture networks against torchvision's and timm's: the same names, strictly, and the same logits.
//!
//! `oracles/backbones.py` made the golden file; weights and images follow from its formula and are not committed.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_learn::model::Inputs;
use plumb_learn::models::pictures::PictureNetwork;
use plumb_learn::models::pictures::architectures::{ARCHITECTURES, named};
use plumb_learn::network::Pass;
use plumb_learn::parameters::{Array, Arrays, host};
use plumb_learn::pretrained::{HeadOf, PretrainedError, adopt, architecture_of};
use plumb_ledger::Seed;
use serde::Deserialize;

use crate::formula::uniform;

#[derive(Deserialize)]
struct Golden {
    classes: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    architecture: String,
    weights: Vec<String>,
    logits: BTreeMap<usize, Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/backbones.json")).unwrap()
}

fn weights(case: &Case) -> Arrays {
    let array = |line: &String| {
        let (name, shape) = line.split_once(':').unwrap();
        let shape: Vec<usize> = shape.split('x').map(|side| side.parse().unwrap()).collect();
        let fan_in = shape.iter().skip(1).product::<usize>() as f64;
        let value = |u: f64| match shape.len() {
            _ if name.ends_with("running_var") => 1.0 + 0.3 * u,
            2 | 4 => u * (6.0 / fan_in).sqrt(),
            _ if name.ends_with("weight") => 1.0 + 0.2 * u,
            _ => 0.1 * u,
        };
        let values = uniform(name, shape.iter().product()).map(|u| value(u) as f32).collect();
        (name.to_owned(), Array { shape, values })
    };
    Arrays(case.weights.iter().map(array).collect())
}

fn network(case: &Case, side: usize, classes: usize) -> PictureNetwork {
    let architecture = named(&case.architecture).unwrap();
    let inputs = Inputs::pictures(side, 3);
    let stream = Seed(0).stream("init");
    PictureNetwork::new(&architecture.network(), &inputs, classes, stream, &Device::flex())
}

#[test]
fn weights_load_strictly_and_give_the_same_logits() {
    let golden = golden();
    assert_eq!(golden.cases.len(), ARCHITECTURES.len());
    for case in &golden.cases {
        let architecture = named(&case.architecture).unwrap();
        for (&side, wanted) in &case.logits {
            let network = network(case, side, golden.classes);
            let network = adopt(network, architecture, weights(case), HeadOf::Weights).unwrap();
            let image = uniform(&format!("image {side}"), 3 * side * side).map(|u| u as f32);
            let image = TensorData::new(image.collect::<Vec<f32>>(), [1, 3, side, side]);
            let image = Tensor::<4>::from_data(image, &Device::flex());
            let found = host(network.of_images(image, &mut Pass::inference()));
            let largest = wanted.iter().fold(0.0f64, |most, logit| most.max(logit.abs()));
            for (found, wanted) in found.iter().zip(wanted) {
                let off = (f64::from(*found) - wanted).abs() / largest;
                assert!(off < 1e-4, "{} at {side}: {found} for {wanted}", case.architecture);
            }
        }
    }
}

#[test]
fn the_network_of_weights_is_found_whatever_its_classes() {
    for case in &golden().cases {
        assert_eq!(architecture_of(&weights(case)).unwrap().name, case.architecture);
    }
    assert!(architecture_of(&Arrays::default()).is_none());
}

/// What is said of the weights of a MobileNetV2 after a change.
fn misfit(change: impl FnOnce(&mut BTreeMap<String, Array>), head: HeadOf) -> Result<(), String> {
    let golden = golden();
    let case = golden.cases.iter().find(|case| case.architecture == "mobilenet_v2").unwrap();
    let mut weights = weights(case);
    change(&mut weights.0);
    match adopt(network(case, 32, 3), named("mobilenet_v2").unwrap(), weights, head) {
        Ok(_) => Ok(()),
        Err(PretrainedError::Misfit { misfit, .. }) => Err(misfit),
        Err(other) => Err(format!("{other:?}")),
    }
}

#[test]
fn what_does_not_fit_is_named() {
    // Another number of classes: the head is the network's own, or does not fit.
    assert_eq!(misfit(|_| (), HeadOf::Network), Ok(()));
    let other_head =
        "of other extents: classifier.1.bias [7] for [3], classifier.1.weight [1280, 7] for [1280, 3]";
    assert_eq!(misfit(|_| (), HeadOf::Weights), Err(other_head.to_owned()));
    let renamed = |weights: &mut BTreeMap<String, Array>| {
        let array = weights.remove("features.3.conv.0.0.weight").unwrap();
        weights.insert("features.3.conv.0.weight".to_owned(), array);
    };
    let told = "missing: features.3.conv.0.0.weight; unexpected: features.3.conv.0.weight";
    assert_eq!(misfit(renamed, HeadOf::Network), Err(told.to_owned()));
    let all = misfit(BTreeMap::clear, HeadOf::Network).unwrap_err();
    assert!(all.contains("features.0.0.weight") && all.contains(" and 255 more"), "{all}");
}

#[test]
fn a_stage_at_rest_has_no_gradients_and_keeps_its_statistics() {
    use plumb_data::prepare::PreparedLabels;
    use plumb_learn::losses::Loss;
    use plumb_learn::network::Network as _;
    use plumb_learn::parameters::{gradients, train_only, write_buffers};

    let device = Device::flex().autodiff();
    let architecture = named("mobilenet_v2").unwrap();
    let inputs = Inputs::pictures(32, 3);
    let network = PictureNetwork::new(&architecture.network(), &inputs, 2, Seed(0).stream("init"), &device);
    let (stages, at_rest) = (network.stages(), 4);
    let copy = network.clone();
    let rest = |name: &str| !name.contains("running") && copy.stage_of(name) >= at_rest;
    let network = train_only(network, rest);
    let before = Arrays::of(&network);
    let image: Vec<f32> = uniform("image", 4 * 3 * 32 * 32).map(|u| u as f32).collect();
    let image = Tensor::<4>::from_data(TensorData::new(image, [4, 3, 32, 32]), &device);
    let mut pass = Pass::training(Seed(1).stream("pass"), 1.0).frozen_below(at_rest);
    let loss = Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() };
    let labels = PreparedLabels::Classes(vec![0, 1, 1, 0]);
    let found = gradients(&network, loss.mean(network.of_images(image, &mut pass), &labels).backward());
    assert!(found.iter().all(|(name, _)| network.stage_of(name) >= at_rest), "{at_rest} of {stages}");
    assert!(found.iter().any(|(name, _)| name == "features.14.conv.0.0.weight"));
    let after = Arrays::of(&write_buffers(network.clone(), &pass.take_buffers()));
    for (name, array) in &before.0 {
        let moved = after.0[name] != *array;
        assert_eq!(moved, name.contains("running") && network.stage_of(name) >= at_rest, "{name}");
    }
}
