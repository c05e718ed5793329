//! Small graphs in fewer bits beside themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{ElementType, Extent, GraphWriter, OnnxModel, Setting, Tensor, Values};

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64).map(|at| ((at * 7919 + seed * 104_729) % 211) as f32 / 105.0 - 1.0).collect()
}

const SIDE: usize = 6;

/// A residual block behind a convolution, the mean over pixels and a product.
fn pictures() -> Vec<u8> {
    let mut graph = GraphWriter::new();
    let extents = [Extent::Free("rows"), Extent::Fixed(3), Extent::Fixed(SIDE), Extent::Fixed(SIDE)];
    let images = graph.input("images", ElementType::Float, &extents);
    let convolved = |graph: &mut GraphWriter, name: &str, input: &crate::Name, channels: usize, seed: u64| {
        let weight: Vec<f32> = numbers(8 * channels * 9, seed).iter().map(|x| 0.2 * x).collect();
        let weight = graph.floats(&format!("{name}.weight"), &[8, channels, 3, 3], &weight);
        let bias = graph.floats(&format!("{name}.bias"), &[8], &numbers(8, seed + 1));
        let pair = Setting::Ints(&[1; 2]);
        let settings = [("strides", pair), ("dilations", pair), ("pads", Setting::Ints(&[1; 4]))];
        graph.node("Conv", &[input, &weight, &bias], &settings)
    };
    let first = convolved(&mut graph, "first", &images, 3, 1);
    let first = graph.node("Relu", &[&first], &[]);
    let second = convolved(&mut graph, "second", &first, 8, 3);
    let joined = graph.node("Add", &[&second, &first], &[]);
    let joined = graph.node("Relu", &[&joined], &[]);
    let settings = [("kernel_shape", Setting::Ints(&[2, 2])), ("strides", Setting::Ints(&[2, 2]))];
    let pooled = graph.node("MaxPool", &[&joined], &settings);
    let third = convolved(&mut graph, "third", &pooled, 8, 5);
    let mean = graph.node("GlobalAveragePool", &[&third], &[]);
    let flat = graph.node("Flatten", &[&mean], &[]);
    let weight = graph.floats("head.weight", &[8, 3], &numbers(24, 7));
    let product = graph.node("MatMul", &[&flat, &weight], &[]);
    let bias = graph.floats("head.bias", &[3], &numbers(3, 8));
    let found = graph.node("Add", &[&product, &bias], &[]);
    graph.output(&found, "scores", ElementType::Float, &[Extent::Free("rows"), Extent::Fixed(3)]);
    graph.finish("test", "0", &[])
}

/// Vectors of tokens and two products.
fn tokens() -> Vec<u8> {
    let mut graph = GraphWriter::new();
    let ids = graph.input("ids", ElementType::Whole, &[Extent::Free("rows"), Extent::Free("tokens")]);
    let table = graph.floats("table", &[200, 32], &numbers(6400, 1));
    let vectors = graph.node("Gather", &[&table, &ids], &[("axis", Setting::Int(0))]);
    let weight = graph.floats("inner.weight", &[32, 48], &numbers(32 * 48, 2));
    let inner = graph.node("MatMul", &[&vectors, &weight], &[]);
    let bias = graph.floats("inner.bias", &[48], &numbers(48, 3));
    let inner = graph.node("Add", &[&inner, &bias], &[]);
    let inner = graph.node("Tanh", &[&inner], &[]);
    let mean =
        graph.node("ReduceMean", &[&inner], &[("axes", Setting::Ints(&[1])), ("keepdims", Setting::Int(0))]);
    let weight = graph.floats("head.weight", &[48, 2], &numbers(96, 4));
    let found = graph.node("MatMul", &[&mean, &weight], &[]);
    graph.output(&found, "scores", ElementType::Float, &[Extent::Free("rows"), Extent::Fixed(2)]);
    graph.finish("test", "0", &[])
}

fn images(rows: usize) -> Vec<(String, Tensor)> {
    let values = numbers(rows * 3 * SIDE * SIDE, 11);
    vec![("images".to_owned(), Tensor::new(vec![rows, 3, SIDE, SIDE], Values::Floats(values)).unwrap())]
}

fn ids(rows: usize) -> Vec<(String, Tensor)> {
    let values = (0..rows * 5).map(|at| (at * 37 % 200) as i64).collect();
    vec![("ids".to_owned(), Tensor::new(vec![rows, 5], Values::Whole(values)).unwrap())]
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    match tensor.values() {
        Values::Floats(values) => values.clone(),
        _ => panic!("no numbers"),
    }
}

fn scores(file: Vec<u8>, inputs: Vec<(String, Tensor)>) -> Vec<f32> {
    floats(&OnnxModel::read(file).unwrap().run(inputs, "scores").unwrap())
}

fn ranges(original: &Original, inputs: &[(String, Tensor)], how: Calibration) -> BTreeMap<String, Range> {
    let names = original.watched();
    let shown = OnnxModel::read(original.showing(&names)).unwrap();
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let values = shown.run_all(inputs.to_vec(), &wanted).unwrap();
    let mut watch = Watch::default();
    names.iter().zip(&values).for_each(|(name, found)| watch.widen(name, &floats(found)));
    names.iter().zip(&values).for_each(|(name, found)| watch.count(name, &floats(found)));
    watch.ranges(how)
}

/// The largest difference, beside the largest score.
fn off(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let most = wanted.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    found.iter().zip(wanted).fold(0.0f32, |off, (a, b)| off.max((a - b).abs())) / most
}

#[test]
fn layers_are_named_after_their_weights() {
    let original = Original::read(&pictures()).unwrap();
    let names: Vec<&str> = original.layers().iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "third", "head"]);
    assert_eq!(original.layers()[1].weights, 8 * 8 * 9);
}

#[test]
fn eight_bits_say_nearly_what_single_precision_says() {
    let file = pictures();
    let original = Original::read(&file).unwrap();
    let wanted = scores(file, images(16));
    // A thousand values fill few of the bins from which the divergence is told.
    for (how, most) in Calibration::ALL.into_iter().zip([0.05, 0.05, 0.1]) {
        let ranges = ranges(&original, &images(16), how);
        let found = scores(original.quantized(&ranges, &BTreeSet::new()).unwrap(), images(16));
        let off = off(&found, &wanted);
        assert!(off < most && off > 0.0, "{}: {off}", how.name());
    }
}

#[test]
fn layers_that_are_left_are_as_they_were() {
    let file = pictures();
    let original = Original::read(&file).unwrap();
    let ranges = ranges(&original, &images(16), Calibration::MinMax);
    let all: BTreeSet<usize> = (0..original.layers().len()).collect();
    let wanted = scores(file, images(4));
    assert_eq!(scores(original.quantized(&ranges, &all).unwrap(), images(4)), wanted);
    let without_first = BTreeSet::from([0]);
    let few = off(&scores(original.quantized(&ranges, &without_first).unwrap(), images(4)), &wanted);
    assert!(few > 0.0 && few < 0.05, "{few}");
}

#[test]
fn what_meets_in_a_residual_network_meets_in_codes() {
    let original = Original::read(&pictures()).unwrap();
    let ranges = ranges(&original, &images(16), Calibration::MinMax);
    let file = original.quantized(&ranges, &BTreeSet::new()).unwrap();
    let graph = crate::proto::Model::decode(file.as_slice()).unwrap().graph.unwrap();
    let produced =
        |name: &str| graph.node.iter().find(|node| node.output.iter().any(|of| of == name)).unwrap();
    let join = graph.node.iter().find(|node| node.op_type == "Add").unwrap();
    assert!(join.input.iter().all(|name| produced(name).op_type == "DequantizeLinear"));
    let pool = graph.node.iter().find(|node| node.op_type == "MaxPool").unwrap();
    let behind = graph.node.iter().find(|node| node.input.first() == pool.output.first()).unwrap();
    let scale = |node: &crate::proto::Node| {
        let of = graph.initializer.iter().find(|of| of.name == node.input[1]).unwrap();
        floats(&Tensor::of_message(of).unwrap())[0].to_bits()
    };
    assert_eq!(scale(produced(&pool.input[0])), scale(behind), "choosing among codes changes none");
}

#[test]
fn ranges_that_are_measured_at_each_request_need_no_rows_before() {
    let file = tokens();
    let original = Original::read(&file).unwrap();
    let found = scores(original.dynamic(&BTreeSet::new()).unwrap(), ids(7));
    let off = off(&found, &scores(file, ids(7)));
    assert!(off > 0.0 && off < 0.03, "{off}");
}

#[test]
fn weights_alone_become_smaller_and_say_the_same() {
    let file = tokens();
    let original = Original::read(&file).unwrap();
    let wanted = scores(file.clone(), ids(7));
    let forms = [
        (WeightForm::F16, 0.6, 1e-3),
        (WeightForm::Bf16, 0.6, 1e-2),
        (WeightForm::Int8, 0.4, 0.02),
        (WeightForm::Int4, 0.4, 0.2),
    ];
    for (form, share, most) in forms {
        let small = original.with_weights(form).unwrap();
        assert!(
            (small.len() as f64) < share * file.len() as f64,
            "{form:?}: {} of {}",
            small.len(),
            file.len()
        );
        let off = off(&scores(small, ids(7)), &wanted);
        assert!(off > 0.0 && off < most, "{form:?}: {off}");
    }
}

#[test]
fn entropy_leaves_a_rare_value_out_and_min_max_does_not() {
    let mut values: Vec<f32> = (0..100_000).map(|at| (at % 1000) as f32 / 1000.0).collect();
    values.push(50.0);
    let mut watch = Watch::default();
    watch.widen("x", &values);
    watch.count("x", &values);
    let high = |how| watch.ranges(how)["x"].high;
    assert!((high(Calibration::MinMax) - 50.0).abs() < 1e-6);
    assert!(high(Calibration::Percentile) < 2.0, "{}", high(Calibration::Percentile));
    assert!(high(Calibration::Entropy) < 20.0, "{}", high(Calibration::Entropy));
}

#[test]
fn codes_cover_the_range_and_zero_is_one_of_them() {
    let range = Range { low: -1.0, high: 3.0 };
    assert_eq!((range.zero(), (range.scale() * 255.0).round() as i32), (64, 4));
    let none = Range { low: 0.0, high: 0.0 };
    assert_eq!((none.zero(), none.scale().to_bits()), (0, 1.0f32.to_bits()));
}
