//! How long each kernel takes, forward and back, and which share of the machine's peak that is.
//!
//! `cargo bench -p plumb-kernels` prints the table: a kernel that computes is held against the peak of multiply-adds, one
//! that moves against the peak of a copy, both measured first; then what serving computes with packed weights. `kernels once NAME` runs one kernel once, for
//! `scripts/instructions` to count its instructions.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures time and shows the result")]

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_kernels::conv::{ConvShape, FloatConv};
use plumb_kernels::int8::{self, ByteConv, Finish, Target, Weights};
use plumb_kernels::{
    Attention, Conv2d, Cut, Dropout, Pool, add_dropped, batch_norm, conv2d, cross_entropy, dropout,
    embedding, gelu, layer_norm, linear, max_pool, relu, self_attention, vectorized,
};
use rayon::prelude::*;

type Function = Box<dyn Fn(&[Tensor<1>]) -> Tensor<1>>;

/// A function of tensors to one, and what it costs.
struct Kernel {
    name: &'static str,
    /// Floating-point operations forward; back it is twice as many.
    operations: f64,
    /// Bytes moved at least, forward; back it is once more.
    bytes: f64,
    inputs: Vec<Vec<usize>>,
    function: Function,
}

fn kernel(
    name: &'static str,
    operations: usize,
    inputs: &[&[usize]],
    function: impl Fn(&[Tensor<1>]) -> Tensor<1> + 'static,
) -> Kernel {
    let entries: usize = inputs.iter().map(|shape| shape.iter().product::<usize>()).sum();
    let inputs: Vec<Vec<usize>> = inputs.iter().map(|shape| shape.to_vec()).collect();
    let first: usize = inputs[0].iter().product();
    Kernel {
        name,
        operations: operations as f64,
        bytes: 4.0 * (entries + first) as f64,
        inputs,
        function: Box::new(function),
    }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len = tensor.shape().num_elements();
    tensor.reshape([len])
}

/// Images as kernels leave them, channels last.
fn images(flat: &Tensor<1>, [batch, channels, height, width]: [usize; 4]) -> Tensor<4> {
    flat.clone().reshape([batch, height, width, channels]).permute([0, 3, 1, 2])
}

fn convolution(
    name: &'static str,
    [batch, channels, filters]: [usize; 3],
    side: usize,
    kernel_side: usize,
    options: Conv2d,
) -> Kernel {
    let weight = [filters, channels / options.groups, kernel_side, kernel_side];
    let places = batch * (side / options.stride[0]).pow(2);
    let operations = 2 * places * weight.iter().product::<usize>();
    kernel(name, operations, &[&[batch, channels, side, side], &weight], move |x| {
        let output =
            conv2d(images(&x[0], [batch, channels, side, side]), x[1].clone().reshape(weight), options);
        flat(output.permute([0, 2, 3, 1]))
    })
}

fn kernels() -> Vec<Kernel> {
    let chance = Dropout { rate: 0.1, key: 1 };
    let same = Conv2d { padding: [1; 2], ..Conv2d::default() };
    let half = Conv2d { stride: [2; 2], ..same };
    let (rows, units) = (2048, 256);
    let (wide, long) = ([rows, units], rows * 1024);
    let pictures = [32, 64, 32, 32];
    let attention = Attention { heads: 4, causal: false, lengths: None, dropout: chance };
    vec![
        kernel("linear 2048x256 to 1024", 2 * long * units, &[&wide, &[units, 1024], &[1024]], move |x| {
            let weight = x[1].clone().reshape([units, 1024]);
            flat(linear(x[0].clone().reshape(wide), weight, Some(x[2].clone())))
        }),
        kernel(
            "linear 2048x1024 to 256",
            2 * long * units,
            &[&[rows, 1024], &[1024, units], &[units]],
            move |x| {
                let weight = x[1].clone().reshape([1024, units]);
                flat(linear(x[0].clone().reshape([rows, 1024]), weight, Some(x[2].clone())))
            },
        ),
        convolution("convolution 3x3, 64 channels, 56x56 (tiles of four)", [8, 64, 64], 56, 3, same),
        convolution("convolution 3x3, 256 channels, 8x8 (tiles of four)", [32, 256, 256], 8, 3, same),
        convolution("convolution 3x3 stride 2, 64 to 128, 32x32 (direct)", [32, 64, 128], 32, 3, half),
        convolution("convolution 1x1, 64 to 256, 32x32 (direct)", [8, 64, 256], 32, 1, Conv2d::default()),
        convolution(
            "convolution 3x3 depthwise, 64 channels, 32x32",
            [32, 64, 64],
            32,
            3,
            Conv2d { groups: 64, ..same },
        ),
        kernel(
            "attention 16x128, 4 heads of 64",
            4 * 16 * 128 * 128 * units,
            &[&[16, 128, 3 * units]],
            move |x| flat(self_attention(x[0].clone().reshape([16, 128, 3 * units]), attention.clone())),
        ),
        kernel("batch norm + ReLU, 32x64x32x32", 0, &[&pictures, &[64], &[64]], move |x| {
            let normed =
                batch_norm(images(&x[0], pictures), x[1].clone(), x[2].clone(), None, Cut::Relu, 1e-5).0;
            flat(normed.permute([0, 2, 3, 1]))
        }),
        kernel("layer norm 2048x256", 0, &[&wide, &[units], &[units]], move |x| {
            flat(layer_norm(x[0].clone().reshape(wide), x[1].clone(), x[2].clone(), 1e-5))
        }),
        kernel("GELU 2048x1024", 0, &[&[long]], |x| gelu(x[0].clone())),
        kernel("ReLU 2048x1024", 0, &[&[long]], |x| relu(x[0].clone())),
        kernel("dropout 2048x1024", 0, &[&[long]], move |x| dropout(x[0].clone(), chance)),
        kernel("add dropped 2048x1024", 0, &[&[long], &[long]], move |x| {
            add_dropped(x[0].clone(), x[1].clone(), chance)
        }),
        kernel("max pooling 3x3 stride 2, 32x64x32x32", 0, &[&pictures], move |x| {
            let pool = Pool { kernel: [3; 2], stride: [2; 2], padding: [1; 2] };
            flat(max_pool(images(&x[0], pictures), pool).permute([0, 2, 3, 1]))
        }),
        kernel("cross-entropy 2048x1000", 0, &[&[rows * 1000]], move |x| {
            let wanted = (0..rows * 1000).map(|i| f32::from(u8::from(i % 1000 == 7))).collect();
            cross_entropy(x[0].clone().reshape([rows, 1000]), wanted, rows as f64)
        }),
        kernel("embedding of 2048 in 10,000x256", 0, &[&[10_000, units]], move |x| {
            let codes: Vec<u32> = (0..rows as u32).map(|i| i * 7919 % 10_000).collect();
            flat(embedding(x[0].clone().reshape([10_000, units]), &codes))
        }),
    ]
}

impl Kernel {
    fn inputs(&self, device: &Device) -> Vec<Tensor<1>> {
        let tensor = |shape: &Vec<usize>| {
            let len = shape.iter().product();
            let values: Vec<f32> = (0..len).map(|i: usize| (i * 7919 % 2003) as f32 / 1001.0 - 1.0).collect();
            Tensor::from_data(TensorData::new(values, [len]), device)
        };
        self.inputs.iter().map(tensor).collect()
    }

    /// Seconds forward and back: medians.
    fn seconds(&self) -> [f64; 2] {
        let plain = self.inputs(&Device::flex());
        let forward = median(|| seconds(|| drop(black_box((self.function)(&plain)))));
        let tracked: Vec<Tensor<1>> =
            self.inputs(&Device::flex().autodiff()).into_iter().map(Tensor::require_grad).collect();
        let back = median(|| {
            let output = (self.function)(&tracked);
            let weights = Tensor::ones_like(&output);
            let loss = output.mul(weights).sum();
            seconds(|| drop(black_box(loss.backward())))
        });
        [forward, back]
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut turn: impl FnMut() -> f64) -> f64 {
    const TURNS: usize = 15;
    turn();
    let mut turns: Vec<f64> = (0..TURNS).map(|_| turn()).collect();
    turns.sort_by(f64::total_cmp);
    turns[TURNS / 2]
}

/// Multiply-adds a second on all threads, in registers only.
fn peak_operations() -> f64 {
    const ROUNDS: usize = 1 << 20;
    const SUMS: usize = 12 * 16;
    let threads = rayon::current_num_threads();
    let turn = || {
        seconds(|| {
            (0..threads).into_par_iter().for_each(|_| {
                let sums = vectorized(
                    #[inline(always)]
                    || {
                        let mut sums = [1.0f32; SUMS];
                        let (factor, summand) = (black_box(0.999f32), black_box(1e-3f32));
                        for _ in 0..ROUNDS {
                            for sum in &mut sums {
                                *sum = sum.mul_add(factor, summand);
                            }
                        }
                        sums
                    },
                );
                black_box(sums);
            });
        })
    };
    2.0 * (ROUNDS * SUMS * threads) as f64 / median(turn)
}

/// Bytes a second that a copy moves, counted once read and once written.
fn peak_bytes() -> f64 {
    const LEN: usize = 16 << 20;
    let (from, mut to) = (vec![1.0f32; LEN], vec![0.0f32; LEN]);
    let turn = || {
        seconds(|| {
            to.par_chunks_mut(1 << 16)
                .zip(from.par_chunks(1 << 16))
                .for_each(|(to, from)| to.copy_from_slice(from));
        })
    };
    8.0 * LEN as f64 / median(turn)
}

/// Numbers of a convolution of bytes: channels, filters, side of the image, side of the kernel, stride, groups.
const CONVOLUTIONS: [(&str, [usize; 6]); 6] = [
    ("7x7 stride 2, 3 to 64, 224x224", [3, 64, 224, 7, 2, 1]),
    ("3x3, 64 channels, 56x56", [64, 64, 56, 3, 1, 1]),
    ("3x3, 512 channels, 7x7", [512, 512, 7, 3, 1, 1]),
    ("1x1 stride 2, 64 to 128, 56x56", [64, 128, 56, 1, 2, 1]),
    ("1x1, 32 to 192, 28x28", [32, 192, 28, 1, 1, 1]),
    ("3x3 depthwise, 144 channels, 56x56", [144, 144, 56, 3, 1, 144]),
];

/// Rows, steps and columns of a product.
const PRODUCTS: [[usize; 3]; 4] = [[128, 384, 1536], [128, 1536, 384], [128, 384, 384], [1, 512, 1000]];

/// One convolution of bytes to bytes, with a scale, a bias and a clipping: what it takes, and how many multiply-adds it is.
fn byte_convolution([channels, filters, side, kernel, stride, groups]: [usize; 6]) -> Option<(f64, f64)> {
    let layer = ConvShape {
        batch: 1,
        channels,
        size: [side; 2],
        filters,
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding: [kernel / 2; 2],
        dilation: [1; 2],
        groups,
    };
    let weight = vec![3; filters * channels / groups * kernel * kernel];
    let (conv, shape) = (ByteConv::new(&layer, &weight)?, layer);
    let (input, mut output) = (vec![7; shape.input_len()], vec![0; shape.output_len()]);
    let finish = Finish {
        scale: &vec![1e-3; filters],
        bias: &vec![0.1; filters],
        into8: None,
        residual: None,
        ends: [0.0, 255.0],
    };
    let turn = || {
        let target = Target::Bytes { values: &mut output, zero: 0 };
        seconds(|| conv.run(&shape, black_box(&input), 3, &finish, target))
    };
    let operations = (shape.output_len() * channels / groups * kernel * kernel) as f64;
    Some((median(turn), operations))
}

fn byte_product([rows, steps, columns]: [usize; 3]) -> Option<(f64, f64)> {
    let weights = Weights::of_matrix(&vec![3; steps * columns], [steps, columns], false)?;
    let (input, mut output) = (vec![7; rows * steps], vec![0.0; rows * columns]);
    let finish = Finish {
        scale: &vec![1e-3; columns],
        bias: &vec![0.1; columns],
        into8: None,
        residual: None,
        ends: [f32::NEG_INFINITY, f32::INFINITY],
    };
    let turn = || {
        let target = Target::Floats(&mut output);
        seconds(|| int8::product(black_box(&input), 3, steps, &weights, &finish, target))
    };
    Some((median(turn), (rows * steps * columns) as f64))
}

fn packed_product([rows, steps, columns]: [usize; 3]) -> Option<(f64, f64)> {
    let weights = FloatConv::of_matrix(&vec![3e-2; steps * columns], [steps, columns], false)?;
    let (input, bias) = (vec![7.0; rows * steps], vec![0.1; columns]);
    let turn = || seconds(|| drop(black_box(weights.product(black_box(&input), Some(&bias)))));
    Some((median(turn), (rows * steps * columns) as f64))
}

/// What serving computes with weights packed once: multiply-adds a second.
fn served_table() {
    let head =
        |title: &str| println!("\n| {title} | ms | billion multiply-adds a second |\n| --- | --- | --- |");
    let row = |name: &str, found: Option<(f64, f64)>| {
        let (seconds, operations) = found.unwrap_or((f64::NAN, f64::NAN));
        println!("| {name} | {:.3} | {:.0} |", seconds * 1e3, operations / seconds / 1e9);
    };
    head("packed weights, batch 1");
    for [rows, steps, columns] in PRODUCTS {
        row(&format!("product {rows}x{steps} to {columns}"), packed_product([rows, steps, columns]));
    }
    head("in 8 bits, batch 1");
    for (name, numbers) in CONVOLUTIONS {
        row(&format!("convolution {name}"), byte_convolution(numbers));
    }
    for [rows, steps, columns] in PRODUCTS {
        row(&format!("product {rows}x{steps} to {columns}"), byte_product([rows, steps, columns]));
    }
}

fn table() {
    let (operations, bytes) = (peak_operations(), peak_bytes());
    println!(
        "peak: {:.0} GFLOP/s, {:.1} GB/s, {} threads\n",
        operations / 1e9,
        bytes / 1e9,
        rayon::current_num_threads()
    );
    println!(
        "| kernel | forward, ms | share of peak | back, ms | share of peak |\n| --- | --- | --- | --- | --- |"
    );
    for kernel in kernels() {
        let [forward, back] = kernel.seconds();
        let share = |seconds: f64, forth: f64| {
            let needed = if kernel.operations > 0.0 {
                kernel.operations * forth / operations
            } else {
                kernel.bytes * f64::midpoint(forth, 1.0) / bytes
            };
            100.0 * needed / seconds
        };
        println!(
            "| {} | {:.2} | {:.0} % | {:.2} | {:.0} % |",
            kernel.name,
            forward * 1e3,
            share(forward, 1.0),
            back * 1e3,
            share(back, 2.0)
        );
    }
    served_table();
}

/// Runs one kernel forward and back, once; makes its inputs only for `nothing`.
fn once(name: &str) {
    let (wanted, run) = name.strip_prefix("nothing of ").map_or((name, true), |name| (name, false));
    for kernel in kernels().into_iter().filter(|kernel| kernel.name == wanted) {
        let inputs = kernel.inputs(&Device::flex().autodiff());
        if run {
            let inputs: Vec<Tensor<1>> = inputs.into_iter().map(Tensor::require_grad).collect();
            drop(black_box((kernel.function)(&inputs).sum().backward()));
        }
    }
}

fn main() {
    let _agreed = plumb_kernels::memory::keep_freed();
    let _joined = plumb_kernels::threads::join_pool();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("once") => once(&arguments[1..].join(" ")),
        Some("names") => kernels().iter().for_each(|kernel| println!("{}", kernel.name)),
        _ => table(),
    }
}
