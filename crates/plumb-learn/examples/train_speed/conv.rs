//! One convolution, forward and backward apart.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_kernels::{Conv2d, conv2d};
use plumb_ledger::Seed;
use serde_json::Value;

const CHANNELS: usize = 64;
const SIDE: usize = 56;

/// 3x3, 64 to 64 channels, 56 by 56 pixels: median milliseconds of each pass, after as many again to warm up.
pub(crate) fn conv(batch: usize, steps: usize) -> Value {
    let device = Device::flex().autodiff();
    let stream = Seed(0).stream("made-up");
    let tensor = |shape: [usize; 4], stream: plumb_ledger::Stream| {
        let count = shape.iter().product::<usize>() as u64;
        let values: Vec<f32> = (0..count).map(|i| stream.normal(i) as f32).collect();
        Tensor::<4>::from_data(TensorData::new(values, shape), &device)
    };
    let images = tensor([batch, SIDE, SIDE, CHANNELS], stream.at(0)).permute([0, 3, 1, 2]).require_grad();
    let weight = tensor([CHANNELS, CHANNELS, 3, 3], stream.at(1)).require_grad();
    let slopes = tensor([batch, SIDE, SIDE, CHANNELS], stream.at(2)).permute([0, 3, 1, 2]);
    let options = Conv2d { padding: [1; 2], ..Conv2d::default() };
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for _ in 0..2 * steps {
        let start = Instant::now();
        let output = conv2d(images.clone(), weight.clone(), options);
        forward.push(start.elapsed().as_secs_f64() * 1e3);
        // The gradient of the sum of products is the other factor.
        let loss = output.mul(slopes.clone()).sum();
        let start = Instant::now();
        let _gradients = loss.backward();
        backward.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let median = |times: &mut Vec<f64>| {
        let mut times = times.split_off(steps);
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    };
    serde_json::json!({ "median_ms": median(&mut forward), "backward_ms": median(&mut backward) })
}
