//! Every tensor function against Burn's own operations and against differences: values and gradients.
//!
//! On 64-bit floats the functions are made of Burn's operations. So each case is run twice: by the kernels, and in 64
//! bits, where central differences check the gradients a second time.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::*;
use crate::chance::Dropout;

type Function = Box<dyn Fn(&[Tensor<1>]) -> Tensor<1>>;

/// A case: the extents of the inputs, and a function of them as flat tensors.
struct Case {
    name: &'static str,
    inputs: Vec<Vec<usize>>,
    function: Function,
}

fn case(
    name: &'static str,
    inputs: &[&[usize]],
    function: impl Fn(&[Tensor<1>]) -> Tensor<1> + 'static,
) -> Case {
    Case { name, inputs: inputs.iter().map(|shape| shape.to_vec()).collect(), function: Box::new(function) }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len = tensor.shape().num_elements();
    tensor.reshape([len])
}

/// A permuted view: the same numbers, not one after the other in memory.
fn strided(tensor: &Tensor<1>, [a, b]: [usize; 2]) -> Tensor<2> {
    tensor.clone().reshape([b, a]).transpose()
}

/// Batch norms, with every cut.
fn norm_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for cut in [Cut::None, Cut::Relu, Cut::Relu6] {
        for (rows, channels) in [(2, 3), (33, 1), (700, 37)] {
            cases.push(case(
                "batch_norm of rows",
                &[&[rows, channels], &[channels], &[channels]],
                move |x| {
                    let input = x[0].clone().reshape([rows, channels]);
                    flat(batch_norm(input, x[1].clone().mul_scalar(4.0), x[2].clone(), None, cut, 1e-2).0)
                },
            ));
        }
        let shape = [2, 5, 3, 7];
        cases.push(case("batch_norm of images", &[&shape, &[5], &[5]], move |x| {
            flat(
                batch_norm(
                    x[0].clone().reshape(shape),
                    x[1].clone().mul_scalar(4.0),
                    x[2].clone(),
                    None,
                    cut,
                    1e-2,
                )
                .0,
            )
        }));
        cases.push(case("batch_norm_with statistics", &[&shape, &[5], &[5]], move |x| {
            let (mean, variance) = ([0.1, -0.2, 0.3, 0.0, 2.0].into(), [0.5, 1.0, 2.0, 0.1, 3.0].into());
            let statistics = BatchStatistics { mean, variance, count: 9 };
            let input = x[0].clone().reshape(shape);
            flat(batch_norm_with(
                &statistics,
                input,
                x[1].clone().mul_scalar(4.0),
                x[2].clone(),
                None,
                cut,
                1e-2,
            ))
        }));
        cases.push(case("batch_norm with residual", &[&shape, &[5], &[5], &shape], move |x| {
            let residual = Some(x[3].clone().reshape(shape));
            flat(
                batch_norm(
                    x[0].clone().reshape(shape),
                    x[1].clone().mul_scalar(4.0),
                    x[2].clone(),
                    residual,
                    cut,
                    1e-2,
                )
                .0,
            )
        }));
    }
    cases
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, inputs, outputs) in [(1, 1, 1), (7, 13, 5), (70, 300, 65), (130, 4, 140)] {
        cases.push(case("linear", &[&[rows, inputs], &[inputs, outputs], &[outputs]], move |x| {
            let input = x[0].clone().reshape([1, rows, inputs]);
            flat(linear(input, x[1].clone().reshape([inputs, outputs]), Some(x[2].clone())))
        }));
        cases.push(case("linear of views", &[&[rows, inputs], &[inputs, outputs]], move |x| {
            flat(linear(strided(&x[0], [rows, inputs]), strided(&x[1], [inputs, outputs]), None))
        }));
    }
    for len in [1, 17, 40_000] {
        cases.push(case("relu", &[&[len]], |x| relu(x[0].clone())));
        cases.push(case("gelu", &[&[len]], |x| gelu(x[0].clone().mul_scalar(3.0))));
        cases.push(case("selu", &[&[len]], |x| selu(x[0].clone().mul_scalar(3.0))));
        cases.push(case("mish", &[&[len]], |x| mish(x[0].clone().mul_scalar(3.0))));
        let chance = Dropout { rate: 0.3, key: 11 };
        cases.push(case("gelu_dropped", &[&[len]], move |x| gelu_dropped(x[0].clone(), chance)));
        cases.push(case("dropout", &[&[len]], move |x| dropout(x[0].clone(), chance)));
        cases.push(case("add_dropped", &[&[len], &[len]], move |x| {
            add_dropped(x[0].clone(), x[1].clone(), chance)
        }));
    }
    cases.push(case("add_dropped without dropout", &[&[65], &[65]], |x| {
        add_dropped(x[0].clone(), x[1].clone(), Dropout::NONE)
    }));
    for (rows, units) in [(1, 3), (5, 1), (33, 37), (700, 64)] {
        cases.push(case("layer_norm", &[&[rows, units], &[units], &[units]], move |x| {
            flat(layer_norm(x[0].clone().reshape([rows, units]), x[1].clone(), x[2].clone(), 1e-2))
        }));
    }
    cases.extend(norm_cases());
    for (rows, classes) in [(1, 1), (1, 2), (37, 10), (600, 101)] {
        cases.push(case("cross_entropy", &[&[rows, classes]], move |x| {
            let wanted = (0..rows * classes).map(|i| if i % 7 == 3 { 0.5 } else { 0.0 }).collect();
            cross_entropy(x[0].clone().reshape([rows, classes]).mul_scalar(3.0), wanted, 5.0)
        }));
    }
    for (levels, width, codes) in [(1, 1, vec![0, 7]), (5, 3, vec![4, 0, 4, 2, 9])] {
        cases.push(case("embedding", &[&[levels, width]], move |x| {
            flat(embedding(x[0].clone().reshape([levels, width]), &codes))
        }));
    }
    for (tokens, heads, depth, causal, lengths, rate) in [
        (1, 1, 1, false, None, 0.0),
        (7, 2, 5, false, None, 0.0),
        (7, 2, 5, true, None, 0.3),
        (150, 1, 16, false, Some([150, 31].into()), 0.1),
        (70, 3, 4, true, Some([3, 69].into()), 0.0),
    ] {
        let shape = [2, tokens, 3 * heads * depth];
        let attention = Attention { heads, causal, lengths, dropout: Dropout { rate, key: 5 } };
        cases.push(case("self_attention", &[&shape], move |x| {
            flat(self_attention(x[0].clone().reshape(shape).mul_scalar(2.0), attention.clone()))
        }));
    }
    cases.extend(image_cases());
    cases
}

fn image_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kernel, stride, padding) in
        [([2, 2], [2, 2], [0, 0]), ([3, 3], [2, 2], [1, 1]), ([3, 2], [1, 3], [1, 0])]
    {
        let (shape, pool) = ([2, 3, 9, 8], Pool { kernel, stride, padding });
        cases.push(case("max_pool", &[&shape], move |x| flat(max_pool(x[0].clone().reshape(shape), pool))));
        cases.push(case("average_pool", &[&shape], move |x| {
            flat(average_pool(x[0].clone().reshape(shape), pool))
        }));
    }
    cases.push(case("global_average", &[&[2, 3, 4, 5]], |x| {
        flat(global_average(x[0].clone().reshape([2, 3, 4, 5])))
    }));
    for options in [
        Conv2d::default(),
        Conv2d { padding: [1, 1], ..Conv2d::default() },
        Conv2d { padding: [2, 1], stride: [2, 3], dilation: [2, 1], groups: 2 },
        Conv2d { padding: [1, 1], groups: 4, ..Conv2d::default() },
    ] {
        let (input, weight) = ([2, 4, 9, 8], [4, 4 / options.groups, 3, 3]);
        cases.push(case("conv2d", &[&input, &weight], move |x| {
            flat(conv2d(x[0].clone().reshape(input), x[1].clone().reshape(weight), options))
        }));
    }
    cases
}

/// Numbers in [-1, 1], no two alike.
fn numbers(len: usize, seed: usize) -> Vec<f64> {
    (0..len).map(|i| ((i * 48_271 + seed * 16_807) % 65_537) as f64 / 32_768.5 - 1.0).collect()
}

struct Run {
    value: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

fn host(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_into_vec().unwrap()
}

/// Sum of outputs times fixed numbers, with its gradients.
fn run(case: &Case, inputs: &[Vec<f64>], dtype: DType) -> Run {
    let device = Device::flex().autodiff();
    let tensor = |values: &Vec<f64>| {
        Tensor::<1>::from_data(TensorData::new(values.clone(), [values.len()]), (&device, dtype))
    };
    let inputs: Vec<Tensor<1>> = inputs.iter().map(|values| tensor(values).require_grad()).collect();
    let output = (case.function)(&inputs);
    let weights = tensor(&numbers(output.dims()[0], 77));
    let mut gradients = output.clone().mul(weights).sum().backward();
    let gradients = inputs.iter().map(|input| host(input.grad_remove(&mut gradients).unwrap())).collect();
    Run { value: host(output.inner()), gradients }
}

fn total(case: &Case, inputs: &[Vec<f64>]) -> f64 {
    let device = Device::flex();
    let tensor = |values: &Vec<f64>| {
        Tensor::<1>::from_data(TensorData::new(values.clone(), [values.len()]), (&device, DType::F64))
    };
    let output = host((case.function)(&inputs.iter().map(tensor).collect::<Vec<_>>()));
    output.iter().zip(numbers(output.len(), 77)).map(|(value, weight)| value * weight).sum()
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let size = wanted.iter().fold(1.0f64, |size, value| size.max(value.abs()));
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() <= 2e-5 * size, "{what}, entry {i}: {found}, in 64 bits {wanted}");
    }
}

#[test]
fn values_and_gradients_are_those_of_the_engine_and_of_differences() {
    for case in cases() {
        let inputs: Vec<Vec<f64>> = case
            .inputs
            .iter()
            .enumerate()
            .map(|(i, shape)| {
                numbers(shape.iter().product(), i).iter().map(|&x| f64::from(x as f32)).collect()
            })
            .collect();
        let what = format!("{} {:?}", case.name, case.inputs);
        let (found, wanted) = (run(&case, &inputs, DType::F32), run(&case, &inputs, DType::F64));
        assert_close(&found.value, &wanted.value, &what);
        for (i, (found, wanted)) in found.gradients.iter().zip(&wanted.gradients).enumerate() {
            assert_close(found, wanted, &format!("{what}, gradient {i}"));
            for at in [0, found.len() / 3, found.len() - 1.min(found.len())]
                .into_iter()
                .filter(|&at| at < found.len())
            {
                let moved = |by: f64| {
                    let mut inputs = inputs.clone();
                    inputs[i][at] += by;
                    total(&case, &inputs)
                };
                let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                assert!(
                    (found[at] - slope).abs() <= 1e-4 * slope.abs().max(1.0),
                    "{what}, {i}, {at}: {}, differences {slope}",
                    found[at]
                );
            }
        }
    }
}

#[test]
fn the_plain_device_gives_the_same_values() {
    let device = Device::flex();
    for case in cases() {
        let values: Vec<Vec<f64>> =
            case.inputs.iter().enumerate().map(|(i, shape)| numbers(shape.iter().product(), i)).collect();
        let plain: Vec<Tensor<1>> = values
            .iter()
            .map(|values| {
                Tensor::from_data(TensorData::new(values.clone(), [values.len()]), (&device, DType::F32))
            })
            .collect();
        assert_eq!(host((case.function)(&plain)), run(&case, &values, DType::F32).value, "{}", case.name);
    }
}

#[test]
fn nan_and_infinity_propagate() {
    let device = Device::flex();
    for case in cases() {
        let Some(len) =
            case.inputs.first().map(|shape| shape.iter().product::<usize>()).filter(|&len| len > 0)
        else {
            continue;
        };
        for broken in [f64::NAN, f64::INFINITY] {
            let outputs = [DType::F32, DType::F64].map(|dtype| {
                let inputs: Vec<Tensor<1>> = case
                    .inputs
                    .iter()
                    .enumerate()
                    .map(|(i, shape)| {
                        let mut values = numbers(shape.iter().product(), i);
                        if i == 0 {
                            values[len / 2] = broken;
                        }
                        Tensor::from_data(TensorData::new(values.clone(), [values.len()]), (&device, dtype))
                    })
                    .collect();
                host((case.function)(&inputs)).into_iter().map(f64::is_nan).collect::<Vec<_>>()
            });
            assert_eq!(outputs[0], outputs[1], "{} {:?} of {broken}", case.name, case.inputs);
        }
    }
}

#[test]
fn an_empty_batch_gives_an_empty_output_and_no_gradient() {
    let device = Device::flex().autodiff();
    let zeros = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &device);
    let weight = Tensor::<2>::ones([3, 5], &device).require_grad();
    let rows = linear(zeros([0, 3]), weight.clone(), None);
    let units = || Tensor::<1>::ones([5], &device);
    let rows = layer_norm(gelu(relu(rows)), units(), units(), 1e-5);
    let rows =
        batch_norm(dropout(rows, Dropout { rate: 0.5, key: 1 }), units(), units(), None, Cut::Relu, 1e-5).0;
    assert_eq!(rows.dims(), [0, 5]);
    let mut gradients = cross_entropy(rows, Vec::new(), 1.0).backward();
    assert_eq!(host(flat(weight.grad_remove(&mut gradients).unwrap())), [0.0; 15]);
    let images = Tensor::<4>::zeros([0, 2, 6, 6], &device);
    let images = conv2d(images, Tensor::ones([4, 2, 3, 3], &device), Conv2d::default());
    let pool = Pool { kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
    assert_eq!(global_average(max_pool(images, pool)).dims(), [0, 4]);
    let attention = Attention { heads: 1, causal: false, lengths: None, dropout: Dropout::NONE };
    assert_eq!(self_attention(Tensor::zeros([0, 4, 6], &device), attention).dims(), [0, 4, 2]);
}
