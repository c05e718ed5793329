//! Every unit against the plain definition, bit for bit.

use proptest::prelude::*;

use super::unit::Unit;
use super::{ByteConv, Finish, Into8, Residual, Target, Weights, dequantize, ends, product, quantize};
use crate::conv::ConvShape;

fn bytes(len: usize, seed: u64) -> Vec<u8> {
    (0..len as u64).map(|i| ((i * 7919 + seed * 104_729) % 509 % 256) as u8).collect()
}

fn weights(len: usize, seed: u64) -> Vec<i8> {
    bytes(len, seed).into_iter().map(|byte| byte.wrapping_add(100) as i8).collect()
}

fn numbers(len: usize, seed: u64) -> Vec<f32> {
    bytes(len, seed).into_iter().map(|byte| f32::from(byte) / 64.0 - 2.0).collect()
}

/// How a result is finished, as numbers to build it from.
#[derive(Debug, Clone, Copy)]
struct Plan {
    zero: u8,
    target_zero: u8,
    is_bytes: bool,
    residual: u8,
    into8: bool,
    clips: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let zeros = prop_oneof![Just(0u8), Just(255), Just(128), any::<u8>()];
    (zeros.clone(), zeros, any::<bool>(), 0u8..3, any::<bool>(), any::<bool>()).prop_map(
        |(zero, target_zero, is_bytes, residual, into8, clips)| Plan {
            zero,
            target_zero,
            is_bytes,
            residual,
            into8,
            clips,
        },
    )
}

/// Numbers of a finish.
struct Numbers {
    scale: Vec<f32>,
    bias: Vec<f32>,
    bytes: Vec<u8>,
    floats: Vec<f32>,
}

const RESIDUAL: (u8, f32) = (77, 0.37);

impl Plan {
    fn numbers(columns: usize, len: usize) -> Numbers {
        let scale = numbers(columns, 5).into_iter().map(|x| x * 1e-3).collect();
        Numbers { scale, bias: numbers(columns, 6), bytes: bytes(len, 7), floats: numbers(len, 8) }
    }

    fn finish(self, numbers: &Numbers) -> Finish<'_> {
        let (zero, scale) = RESIDUAL;
        Finish {
            scale: &numbers.scale,
            bias: &numbers.bias,
            into8: self.into8.then_some(Into8 { ends: [-100.0, 155.0], scale: 0.73 }),
            residual: match self.residual {
                1 => Some(Residual::Bytes { values: &numbers.bytes, zero, scale }),
                2 => Some(Residual::Floats(&numbers.floats)),
                _ => None,
            },
            ends: if self.clips { [0.0, 6.0] } else { [f32::NEG_INFINITY, f32::INFINITY] },
        }
    }

    /// The definition: from an exact sum to the result's bits.
    fn wanted(self, sum: i64, at: usize, column: usize, numbers: &Numbers) -> u32 {
        let mut value = sum as f32 * numbers.scale[column] + numbers.bias[column];
        if self.into8 {
            value = value.clamp(-100.0, 155.0).round_ties_even() * 0.73;
        }
        match self.residual {
            1 => value += (f32::from(numbers.bytes[at]) - f32::from(RESIDUAL.0)) * RESIDUAL.1,
            2 => value += numbers.floats[at],
            _ => {}
        }
        if self.clips {
            value = value.clamp(0.0, 6.0);
        }
        if self.is_bytes {
            let zero = f32::from(self.target_zero);
            return (value.round_ties_even() + zero).clamp(0.0, 255.0) as u32;
        }
        value.to_bits()
    }

    fn results(self, len: usize, run: impl FnOnce(Target<'_>)) -> Vec<u32> {
        if self.is_bytes {
            let mut values = vec![0; len];
            run(Target::Bytes { values: &mut values, zero: self.target_zero });
            return values.into_iter().map(u32::from).collect();
        }
        let mut values = vec![f32::NAN; len];
        run(Target::Floats(&mut values));
        values.into_iter().map(f32::to_bits).collect()
    }
}

/// Zero with either sign is the same result.
fn same(found: &[u32], wanted: &[u32]) -> Result<(), TestCaseError> {
    let plain = |bits: &u32| if *bits == 1 << 31 { 0 } else { *bits };
    let (found, wanted): (Vec<u32>, Vec<u32>) =
        (found.iter().map(plain).collect(), wanted.iter().map(plain).collect());
    prop_assert_eq!(found, wanted);
    Ok(())
}

fn shapes() -> impl Strategy<Value = ConvShape> {
    let pair = |from, to| [from..to, from..to];
    let group = prop_oneof![
        Just((1, 1, 1)),
        Just((2, 3, 5)),
        Just((7, 1, 1)),
        Just((37, 1, 1)),
        Just((1, 37, 34)),
        Just((1, 3, 70)),
        Just((2, 8, 4))
    ];
    (0usize..3, group, pair(1, 12usize), pair(1, 4usize), pair(1, 4usize), pair(0, 3usize), pair(1, 3usize))
        .prop_map(|(batch, (groups, channels, filters), size, kernel, stride, padding, dilation)| ConvShape {
            batch,
            channels: groups * channels,
            filters: groups * filters,
            groups,
            size,
            kernel,
            stride,
            padding,
            dilation,
        })
}

/// The sum under a pixel for a filter, the margin standing for 0.
fn convolved(shape: &ConvShape, input: &[u8], weight: &[i8], zero: u8, pixel: usize, filter: usize) -> i64 {
    let (channels, [height, width]) = (shape.group_channels(), shape.output());
    let (image, place) = (pixel / width / height, [pixel / width % height, pixel % width]);
    let mut sum = 0;
    for tap in 0..shape.taps() {
        let taps = [tap / shape.kernel[1], tap % shape.kernel[1]];
        let from = |axis: usize| {
            (place[axis] * shape.stride[axis] + taps[axis] * shape.dilation[axis])
                .checked_sub(shape.padding[axis])
                .filter(|&at| at < shape.size[axis])
        };
        let (Some(y), Some(x)) = (from(0), from(1)) else { continue };
        for channel in 0..channels {
            let under = ((image * shape.size[0] + y) * shape.size[1] + x) * shape.channels;
            let byte = input[under + filter / shape.group_filters() * channels + channel];
            let weight = weight[(filter * channels + channel) * shape.taps() + tap];
            sum += (i64::from(byte) - i64::from(zero)) * i64::from(weight);
        }
    }
    sum
}

proptest! {
    #[test]
    fn products_equal_the_definition_on_every_unit(
        m in 0usize..20, n in 1usize..80, k in 0usize..90, turned: bool, plan in plans(),
    ) {
        let (a, b) = (bytes(m * k, 1), weights(k * n, 2));
        prop_assume!(k > 0 || m == 0);
        let packed = Weights::of_matrix(&b, [k, n], turned).unwrap();
        let of = Plan::numbers(n, m * n);
        let weight = |step: usize, column: usize| i64::from(b[if turned { column * k + step } else { step * n + column }]);
        let sum = |row: usize, column: usize| {
            (0..k).map(|step| (i64::from(a[row * k + step]) - i64::from(plan.zero)) * weight(step, column)).sum::<i64>()
        };
        let wanted: Vec<u32> =
            (0..m * n).map(|at| plan.wanted(sum(at / n, at % n), at, at % n, &of)).collect();
        for unit in Unit::all() {
            let found = plan.results(m * n, |target| {
                super::product::on(unit, &a, plan.zero, k, &packed, &plan.finish(&of), target);
            });
            same(&found, &wanted)?;
        }
    }

    #[test]
    fn convolutions_equal_the_definition_on_every_unit(shape in shapes(), plan in plans()) {
        prop_assume!(shape.check().is_ok());
        let (input, weight) = (bytes(shape.input_len(), 1), weights(shape.weight_len(), 2));
        let conv = ByteConv::new(&shape, &weight).unwrap();
        let len = shape.output_len();
        let of = Plan::numbers(shape.filters, len);
        let sum = |at: usize| {
            convolved(&shape, &input, &weight, plan.zero, at / shape.filters, at % shape.filters)
        };
        let wanted: Vec<u32> = (0..len).map(|at| plan.wanted(sum(at), at, at % shape.filters, &of)).collect();
        for unit in Unit::all() {
            let found = plan.results(len, |target| {
                conv.run_on(unit, &shape, &input, plan.zero, &plan.finish(&of), target);
            });
            same(&found, &wanted)?;
        }
    }

    #[test]
    fn bytes_are_rounded_to_even_and_saturated(values in prop::collection::vec(-300.0f32..300.0, 0..100), zero: u8) {
        for scale in [0.5f32, 1.0, 0.037] {
            let found = quantize(&values, scale, zero);
            for (byte, value) in found.iter().zip(&values) {
                let wanted = ((value / scale).round_ties_even() + f32::from(zero)).clamp(0.0, 255.0);
                prop_assert_eq!(*byte, wanted as u8, "{}", value);
            }
            for (value, byte) in dequantize(&found, scale, zero).iter().zip(&found) {
                let wanted = (f32::from(*byte) - f32::from(zero)) * scale;
                prop_assert_eq!(value.to_bits(), wanted.to_bits());
            }
        }
    }
}

/// The extremes in a long reduction: an instruction that saturates would show.
#[test]
fn nothing_saturates() {
    let k = 4099;
    let (a, b) = (vec![255u8; k], vec![-128i8; k]);
    let packed = Weights::of_matrix(&b, [k, 1], false).unwrap();
    let finish = Finish {
        scale: &[1.0],
        bias: &[0.0],
        into8: None,
        residual: None,
        ends: [f32::NEG_INFINITY, f32::INFINITY],
    };
    for unit in Unit::all() {
        let mut found = [0.0];
        super::product::on(unit, &a, 0, k, &packed, &finish, Target::Floats(&mut found));
        assert_eq!(found[0].to_bits(), (-255.0f32 * 128.0 * 4099.0).to_bits(), "{unit:?}");
    }
    assert!(Weights::of_matrix(&vec![1; super::LONGEST + 1], [super::LONGEST + 1, 1], false).is_none());
}

/// More rows and columns than one task takes.
#[test]
fn many_tasks_give_what_one_row_gives() {
    let (m, n, k) = (150, 200, 333);
    let (a, b) = (bytes(m * k, 3), weights(k * n, 4));
    let packed = Weights::of_matrix(&b, [k, n], false).unwrap();
    let (scale, bias) = (vec![0.5; n], vec![0.25; n]);
    let finish = Finish {
        scale: &scale,
        bias: &bias,
        into8: None,
        residual: None,
        ends: [f32::NEG_INFINITY, f32::INFINITY],
    };
    let run = |a: &[u8]| {
        let mut found = vec![f32::NAN; a.len() / k * n];
        product(a, 9, k, &packed, &finish, Target::Floats(&mut found));
        found
    };
    let rows: Vec<f32> = a.chunks(k).flat_map(run).collect();
    assert!(run(&a).iter().zip(&rows).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn the_ends_of_many_values_are_found() {
    let mut values = vec![0.5; 40_000];
    values[31_000] = -3.0;
    values[20_001] = 7.0;
    values[5] = f32::NAN;
    assert_eq!(ends(&values).map(f32::to_bits), [-3.0f32, 7.0].map(f32::to_bits));
    assert!(ends(&[])[0] > ends(&[])[1]);
}
