#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::print_stdout, clippy::disallowed_methods)]
use burn::tensor::{Device, Distribution, Tensor};
use plumb_kernels::linear;
use std::time::Instant;
fn median(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let s = Instant::now();
            work();
            s.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
fn main() {
    let _ = plumb_kernels::memory::keep_freed();
    let _ = plumb_kernels::threads::join_pool();
    let device = Device::flex();
    for (m, n, k) in if std::env::var("ONE").is_ok() {
        vec![(2048, 1024, 256); 12]
    } else {
        vec![
            (2048, 1024, 256),
            (2048, 256, 1024),
            (2048, 768, 256),
            (2048, 256, 256),
            (256, 256, 256),
            (1024, 1024, 1024),
        ]
    } {
        if std::env::var("ONE").is_ok() {
            let x = Tensor::<2>::random([m, k], Distribution::Default, &device);
            let w = Tensor::<2>::random([k, n], Distribution::Default, &device);
            for _ in 0..40 {
                let _ = linear(x.clone(), w.clone(), None);
            }
            continue;
        }
        let x = Tensor::<2>::random([m, k], Distribution::Default, &device);
        let w = Tensor::<2>::random([k, n], Distribution::Default, &device);
        let f = 2.0 * (m * n * k) as f64 / 1e9;
        let t = median(|| {
            let _ = linear(x.clone(), w.clone(), None);
        });
        let xt =
            Tensor::<2>::random([m, k], Distribution::Default, &device.clone().autodiff()).require_grad();
        let wt =
            Tensor::<2>::random([k, n], Distribution::Default, &device.clone().autodiff()).require_grad();
        let g = Tensor::<2>::random([m, n], Distribution::Default, &device.clone().autodiff());
        let dw = {
            let mut v = vec![];
            for _ in 0..11 {
                let y = linear(xt.clone().detach(), wt.clone(), None).mul(g.clone()).sum();
                let s = Instant::now();
                let _ = y.backward();
                v.push(s.elapsed().as_secs_f64());
            }
            v.sort_by(f64::total_cmp);
            v[5]
        };
        let dx = {
            let mut v = vec![];
            for _ in 0..11 {
                let y = linear(xt.clone(), wt.clone().detach(), None).mul(g.clone()).sum();
                let s = Instant::now();
                let _ = y.backward();
                v.push(s.elapsed().as_secs_f64());
            }
            v.sort_by(f64::total_cmp);
            v[5]
        };
        let e = {
            let mut v = vec![];
            for _ in 0..11 {
                let y = g.clone().require_grad().mul(g.clone()).sum();
                let s = Instant::now();
                let _ = y.backward();
                v.push(s.elapsed().as_secs_f64());
            }
            v.sort_by(f64::total_cmp);
            v[5]
        };
        let b = median(|| {
            let _ = x.clone().matmul(w.clone());
        });
        println!("raw dw {:.2} dx {:.2} e {:.2}", dw * 1e3, dx * 1e3, e * 1e3);
        println!(
            "{m}x{n}x{k}: fwd {:.2} ms {:.0} GF/s; dw {:.0}; dx {:.0}; flex fwd {:.0}",
            t * 1e3,
            f / t,
            f / (dw - e),
            f / (dx - e),
            f / b
        );
    }
}
