//! How long each kernel takes, and which share of the machine's peak that is.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use plumb_kernels::{Conv2d, conv2d};

fn median(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let _agreed = plumb_kernels::memory::keep_freed();
    let _joined = plumb_kernels::threads::join_pool();
    let device = Device::flex();
    for (batch, channels, filters, side, kernel, stride) in [
        (8, 64, 64, 56, 3, 1),
        (32, 3, 64, 32, 3, 1),
        (32, 64, 64, 32, 3, 1),
        (32, 64, 128, 32, 3, 2),
        (32, 64, 128, 32, 1, 2),
        (32, 128, 128, 16, 3, 1),
        (32, 256, 256, 8, 3, 1),
        (32, 512, 512, 4, 3, 1),
    ] {
        let input = Tensor::<4>::random([batch, channels, side, side], Distribution::Default, &device);
        let input = input.permute([0, 2, 3, 1]).add_scalar(0.0).permute([0, 3, 1, 2]);
        let weight = Tensor::<4>::random([filters, channels, kernel, kernel], Distribution::Default, &device);
        let options = Conv2d { padding: [kernel / 2; 2], stride: [stride; 2], ..Conv2d::default() };
        let out = conv2d(input.clone(), weight.clone(), options).dims();
        let flops = 2.0 * (out.iter().product::<usize>() * channels * kernel * kernel) as f64;
        let forward = median(|| {
            let _ = conv2d(input.clone(), weight.clone(), options);
        });
        let d = Device::flex().autodiff();
        let x = Tensor::<4>::from_inner(input.clone()).require_grad();
        let w = Tensor::<4>::from_inner(weight.clone()).require_grad();
        let _ = &d;
        let mut times = vec![];
        for _ in 0..10 {
            let y = conv2d(x.clone(), w.clone(), options).sum();
            let start = Instant::now();
            let _ = y.backward();
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let backward = times[5];
        println!(
            "{batch}x{channels}->{filters} {side} k{kernel}s{stride}: forward {:.2} ms {:.0} GFLOP/s, backward {:.2} ms {:.0} GFLOP/s",
            forward * 1e3,
            flops / forward / 1e9,
            backward * 1e3,
            2.0 * flops / backward / 1e9
        );
    }
}
