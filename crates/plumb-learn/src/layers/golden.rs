//! The layers against torch (`oracles/layers.py`): outputs and gradients within 1e-4.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::{Seed, Stream};
use serde::Deserialize;

use super::*;
use crate::encoders::{Pbld, PbldConfig, PiecewiseConfig, PiecewiseLinear};
use crate::network::Pass;
use crate::parameters::{Array, Arrays, gradients, host};

#[derive(Deserialize)]
struct Golden {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    input: Vec<f32>,
    coefficients: Vec<f32>,
    parameters: BTreeMap<String, Parameter>,
    output: Vec<f32>,
    input_gradient: Vec<f32>,
    gradients: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Parameter {
    shape: Vec<usize>,
    values: Vec<f32>,
}

const ROWS: usize = 6;
const INPUTS: usize = 4;

fn device() -> Device {
    Device::flex().autodiff()
}

fn stream() -> Stream {
    Seed(0).stream("golden")
}

fn matrix(values: &[f32]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [ROWS, values.len() / ROWS]), &device())
}

fn assert_close(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-4 * wanted.abs().max(1.0), "{what}: {found}, torch {wanted}");
    }
}

fn hold<M: Module>(name: &str, layer: M, forward: impl Fn(&M, Tensor<2>) -> Tensor<2>) {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/layers.json")).unwrap();
    let case = &golden.cases[name];
    let array = |p: &Parameter| Array { shape: p.shape.clone(), values: p.values.clone() };
    let parameters = case.parameters.iter().map(|(name, p)| (name.clone(), array(p))).collect();
    let layer = Arrays(parameters).load(layer).unwrap();
    let input = matrix(&case.input).require_grad();
    let output = forward(&layer, input.clone());
    assert_close(&host(output.clone().inner()), &case.output, name);
    let coefficients = TensorData::new(case.coefficients.clone(), output.dims());
    let mut grads = output.mul(Tensor::from_data(coefficients, &device())).sum().backward();
    assert_close(&host(input.grad_remove(&mut grads).unwrap()), &case.input_gradient, name);
    let found: BTreeMap<String, Vec<f32>> = gradients(&layer, grads).into_iter().collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), case.gradients.keys().collect::<Vec<_>>(), "{name}");
    for (parameter, wanted) in &case.gradients {
        assert_close(&found[parameter], wanted, &format!("{name}.{parameter}"));
    }
}

#[test]
fn products() {
    hold("linear", Linear::new(INPUTS, 3, stream(), &device()), |layer, x| {
        layer.forward(x, &Pass::inference())
    });
    hold("ntk_linear", NtkLinear::new(INPUTS, 3, stream(), &device()), |layer, x| {
        layer.forward(x, &Pass::inference())
    });
    hold("scaling", Scaling::new(INPUTS, &device()), Scaling::forward);
}

#[test]
fn normalizations() {
    let training = || Pass::training(stream(), 1.0);
    hold("batch_norm", BatchNorm::new(INPUTS, &device()), |layer, x| layer.forward(x, &mut training()));
    hold("layer_norm", LayerNorm::new(INPUTS, &device()), LayerNorm::forward);
}

#[test]
fn parametric_activations() {
    let functions = [Activation::Relu, Activation::Selu, Activation::Mish];
    for (function, name) in functions.into_iter().zip(["relu", "selu", "mish"]) {
        let layer = ParametricActivation::new(INPUTS, function, &device());
        hold(&format!("parametric_{name}"), layer, ParametricActivation::forward);
    }
}

#[test]
fn embedding_of_numbers() {
    let config = PbldConfig { frequencies: 5, outputs: 4, sigma: 0.1 };
    hold("pbld", Pbld::new(INPUTS, config, stream(), &device()), Pbld::forward);
    let config = PiecewiseConfig { bins: 5, outputs: 3 };
    hold("piecewise", PiecewiseLinear::new(INPUTS, config, stream(), &device()), PiecewiseLinear::forward);
}

#[test]
fn members() {
    hold("member_scaling", MemberScaling::new(3, INPUTS, &device(), |_, _| 1.0), MemberScaling::forward);
    hold("member_linear", MemberLinear::new(2, INPUTS, 3, stream(), &device()), MemberLinear::forward);
}

#[test]
fn convolution() {
    let options = plumb_kernels::Conv2d { stride: [2, 1], padding: [1, 2], groups: 2, ..Default::default() };
    let layer = Conv::new(2, 4, [3, 2], options, stream(), &device()).unwrap();
    hold("conv", layer, |layer, x| {
        let output = layer.forward(x.reshape([1, 2, 3, INPUTS]), &Pass::inference());
        let len = output.shape().num_elements();
        output.reshape([1, len])
    });
}

#[test]
fn encoder_layers() {
    for (name, norm_first) in [("encoder_layer", false), ("encoder_layer_norm_first", true)] {
        let config = EncoderLayerConfig {
            width: INPUTS,
            heads: 2,
            depth: None,
            hidden: 5,
            activation: Activation::Gelu,
            dropout: 0.0,
            norm_first,
            epsilon: 1e-5,
            rotary: false,
            lora: 0,
        };
        hold(name, EncoderLayer::new(&config, stream(), &device()), |layer, x| {
            let tokens = x.reshape([2, ROWS / 2, INPUTS]);
            layer.forward(tokens, None, &mut Pass::training(stream(), 1.0)).reshape([ROWS, INPUTS])
        });
    }
}
