//! Batch normalization in training, with what usually follows it: the addition of a residual and a cut.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, TensorData, activation, module};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::channels_last::{channels_first, channels_last};
use crate::elementwise::each;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};
use crate::sums::{column_sums, rows_at_once};

/// The statistics of a batch, one entry a channel.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    /// The mean over rows or pixels.
    pub mean: Arc<[f32]>,
    /// The variance, divided by the count.
    pub variance: Arc<[f32]>,
    /// Rows or pixels that the statistics are over.
    pub count: usize,
}

/// What cuts the output of a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    None,
    /// At 0: ReLU.
    Relu,
    /// At 0 and 6: ReLU6, of the networks for mobile devices.
    Relu6,
}

impl Cut {
    /// The largest output; none where nothing is cut.
    fn top(self) -> Option<f32> {
        match self {
            Self::None => None,
            Self::Relu => Some(f32::INFINITY),
            Self::Relu6 => Some(6.0),
        }
    }
}

/// Normalizes each channel by the batch's own mean and variance, scales and shifts; then adds `residual` and cuts.
///
/// # Shapes
/// `input` and `residual` are `[rows, channels]` or `[batch, channels, height, width]`, `weight` and `bias` `[channels]`.
///
/// Reads the input twice forward; backward it reads input and gradient twice and writes the gradient once, twice with a
/// residual.
pub fn batch_norm<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    residual: Option<Tensor<D>>,
    cut: Cut,
    epsilon: f32,
) -> (Tensor<D>, BatchStatistics) {
    if on_cpu(&input) && on_cpu(&weight) {
        return Norm { cut, epsilon, fixed: None }.apply(input, weight, bias, residual);
    }
    let shape = input.dims();
    let count = shape.iter().product::<usize>() / shape[1].max(1);
    let normed = module::batch_norm_train(input, weight, bias, f64::from(epsilon));
    let host = |tensor: Tensor<1>| {
        tensor.inner().into_data_as::<f32>().try_into_vec::<f32>().unwrap_or_default().into()
    };
    let statistics = BatchStatistics { mean: host(normed.mean), variance: host(normed.variance), count };
    (finish(normed.output, residual, cut), statistics)
}

/// The same with statistics that are given, as a network predicts with the running ones.
///
/// # Shapes
/// As [`batch_norm`].
pub fn batch_norm_with<const D: usize>(
    statistics: &BatchStatistics,
    input: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    residual: Option<Tensor<D>>,
    cut: Cut,
    epsilon: f32,
) -> Tensor<D> {
    if on_cpu(&input) && on_cpu(&weight) {
        return Norm { cut, epsilon, fixed: Some(statistics.clone()) }.apply(input, weight, bias, residual).0;
    }
    let (device, dtype) = (input.device(), input.dtype());
    let tensor =
        |of: &[f32]| Tensor::<1>::from_data(TensorData::new(of.to_vec(), [of.len()]), &device).cast(dtype);
    let (mean, variance) = (tensor(&statistics.mean), tensor(&statistics.variance));
    finish(module::batch_norm(input, weight, bias, mean, variance, f64::from(epsilon)), residual, cut)
}

fn finish<const D: usize>(normed: Tensor<D>, residual: Option<Tensor<D>>, cut: Cut) -> Tensor<D> {
    let output = residual.into_iter().fold(normed, Tensor::add);
    match cut {
        Cut::None => output,
        Cut::Relu => activation::relu(output),
        Cut::Relu6 => activation::relu(output).clamp_max(6.0),
    }
}

#[derive(Debug, Clone)]
struct Norm {
    cut: Cut,
    epsilon: f32,
    /// Statistics that are not the batch's own.
    fixed: Option<BatchStatistics>,
}

impl Norm {
    fn apply<const D: usize>(
        self,
        input: Tensor<D>,
        weight: Tensor<1>,
        bias: Tensor<1>,
        residual: Option<Tensor<D>>,
    ) -> (Tensor<D>, BatchStatistics) {
        let [input, weight, bias] = [operand(input), operand(weight), operand(bias)];
        if let Some(residual) = residual {
            let (output, saved) = apply(self, [input, weight, bias, operand(residual)]);
            return (output, saved.statistics);
        }
        let (output, saved) = apply(self, [input, weight, bias]);
        (output, saved.statistics)
    }
}

#[derive(Debug, Clone)]
struct Saved {
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    statistics: BatchStatistics,
    /// Where a ReLU comes after a residual: its sign cannot be computed again from the input.
    output: Option<FlexTensor>,
}

impl Operation<3> for Norm {
    type Saved = Saved;

    fn forward(&self, [input, weight, bias]: [FlexTensor; 3]) -> (FlexTensor, Saved) {
        self.normalize(&input, weight, bias, None)
    }

    fn backward(&self, saved: Saved, gradient: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [input, weight, bias, _] =
            self.gradients(&saved, &gradient, [wanted[0], wanted[1], wanted[2], false]);
        [input, weight, bias]
    }
}

impl Operation<4> for Norm {
    type Saved = Saved;

    fn forward(&self, [input, weight, bias, residual]: [FlexTensor; 4]) -> (FlexTensor, Saved) {
        self.normalize(&input, weight, bias, Some(&residual))
    }

    fn backward(&self, saved: Saved, gradient: FlexTensor, wanted: [bool; 4]) -> [Option<FlexTensor>; 4] {
        self.gradients(&saved, &gradient, wanted)
    }
}

/// Rows of channels: images are taken channels last.
fn as_rows(tensor: &FlexTensor) -> FlexTensor {
    if extents(tensor).len() == 4 { channels_last(tensor) } else { dense(tensor.clone()) }
}

/// The reverse, for entries in the order of `like`.
fn from_rows(entries: Vec<f32>, like: &FlexTensor) -> FlexTensor {
    let shape = extents(like);
    if let &[batch, channels, height, width] = shape.as_slice() {
        channels_first(&array(entries, [batch, height, width, channels]))
    } else {
        array(entries, shape)
    }
}

impl Norm {
    fn normalize(
        &self,
        input: &FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        residual: Option<&FlexTensor>,
    ) -> (FlexTensor, Saved) {
        let (rows, weight, bias) = (as_rows(input), dense(weight), dense(bias));
        let channels = extents(&weight)[0];
        let statistics = self.fixed.clone().unwrap_or_else(|| statistics(values(&rows), channels));
        let residual = residual.map(as_rows);
        let lines = self.lines(&statistics, values(&weight), values(&bias));
        let step = rows_at_once(channels) * channels;
        let mut output = unfilled(values(&rows).len());
        each(
            output.par_chunks_mut(step.max(1)).zip(values(&rows).par_chunks(step.max(1))).enumerate(),
            #[inline(always)]
            |(index, (output, input))| {
                for (output, input) in output.chunks_exact_mut(channels).zip(input.chunks_exact(channels)) {
                    for ((output, input), line) in output.iter_mut().zip(input).zip(&lines) {
                        *output = input * line.0 + line.1;
                    }
                }
                if let Some(residual) = &residual {
                    let residual = &values(residual)[index * step..];
                    output.iter_mut().zip(residual).for_each(|(output, residual)| *output += residual);
                }
                if let Some(top) = self.cut.top() {
                    output.iter_mut().for_each(|output| *output = within(*output, top));
                }
            },
        );
        let output = from_rows(output, input);
        let kept = (self.cut != Cut::None && residual.is_some()).then(|| output.clone());
        // What is kept is the view with neighbouring channels, so that it is not turned round a second time.
        let input = if extents(input).len() == 4 { channels_first(&rows) } else { rows };
        (output, Saved { input, weight, bias, statistics, output: kept })
    }

    /// Factor and summand of each channel.
    fn lines(&self, statistics: &BatchStatistics, weight: &[f32], bias: &[f32]) -> Vec<(f32, f32)> {
        let line = |i: usize| {
            let factor = weight[i] / (statistics.variance[i] + self.epsilon).sqrt();
            (factor, bias[i] - statistics.mean[i] * factor)
        };
        (0..weight.len()).map(line).collect()
    }

    fn gradients(&self, saved: &Saved, gradient: &FlexTensor, wanted: [bool; 4]) -> [Option<FlexTensor>; 4] {
        let channels = saved.statistics.mean.len();
        let gradient = self.before_cut(saved, as_rows(gradient));
        let (rows, slopes) = (as_rows(&saved.input), values(&gradient));
        let input = values(&rows);
        let mean = &saved.statistics.mean;
        let count = slopes.len().checked_div(channels).unwrap_or(0);
        let [total, product] = column_sums(
            count,
            channels,
            #[inline(always)]
            |rows, [total, product]| {
                let part = rows.start * channels..rows.end * channels;
                for (slope, input) in
                    slopes[part.clone()].chunks_exact(channels).zip(input[part].chunks_exact(channels))
                {
                    let sums = total.iter_mut().zip(product.iter_mut());
                    for (((total, product), (slope, input)), mean) in
                        sums.zip(slope.iter().zip(input)).zip(&**mean)
                    {
                        *total += slope;
                        *product += slope * (input - mean);
                    }
                }
            },
        );
        let inverse: Vec<f32> =
            saved.statistics.variance.iter().map(|v| 1.0 / (v + self.epsilon).sqrt()).collect();
        let weight_gradient: Vec<f32> =
            product.iter().zip(&inverse).map(|(sum, inverse)| sum * inverse).collect();
        let input_gradient = wanted[0].then(|| {
            let lines = self.gradient_lines(saved, count, [&total, &product, &inverse]);
            from_rows(input_gradient(&lines, input, slopes), &saved.input)
        });
        let residual = wanted[3].then(|| {
            if extents(&saved.input).len() == 4 { channels_first(&gradient) } else { gradient.clone() }
        });
        [
            input_gradient,
            wanted[1].then(|| array(weight_gradient, [channels])),
            wanted[2].then(|| array(total, [channels])),
            residual,
        ]
    }

    /// `weight * inverse * (slope - mean slope - normed * mean of slope times normed)` as a line in slope and input;
    /// with fixed statistics the first term only.
    fn gradient_lines(
        &self,
        saved: &Saved,
        count: usize,
        [total, product, inverse]: [&[f32]; 3],
    ) -> Vec<[f32; 3]> {
        let (weight, mean, count) = (values(&saved.weight), &saved.statistics.mean, count.max(1) as f32);
        let line = |i: usize| {
            let factor = weight[i] * inverse[i];
            if self.fixed.is_some() {
                return [factor, 0.0, 0.0];
            }
            let along = -factor * inverse[i] * inverse[i] * product[i] / count;
            [factor, along, -factor * total[i] / count - along * mean[i]]
        };
        (0..weight.len()).map(line).collect()
    }

    /// The gradient before the cut.
    fn before_cut(&self, saved: &Saved, gradient: FlexTensor) -> FlexTensor {
        let Some(top) = self.cut.top() else { return gradient };
        let channels = saved.statistics.mean.len();
        let step = (rows_at_once(channels) * channels).max(1);
        let lines = self.lines(&saved.statistics, values(&saved.weight), values(&saved.bias));
        let (input, output) = (as_rows(&saved.input), saved.output.as_ref().map(as_rows));
        let mut found = unfilled(values(&gradient).len());
        each(
            found.par_chunks_mut(step).zip(values(&gradient).par_chunks(step)).enumerate(),
            #[inline(always)]
            |(index, (found, gradient))| {
                let part = index * step..index * step + found.len();
                if let Some(output) = &output {
                    for ((found, gradient), output) in
                        found.iter_mut().zip(gradient).zip(&values(output)[part])
                    {
                        *found = passed(*gradient, *output, top);
                    }
                    return;
                }
                let rows = found.chunks_exact_mut(channels).zip(gradient.chunks_exact(channels));
                for ((found, gradient), input) in rows.zip(values(&input)[part].chunks_exact(channels)) {
                    for (((found, gradient), input), line) in
                        found.iter_mut().zip(gradient).zip(input).zip(&lines)
                    {
                        *found = passed(*gradient, input * line.0 + line.1, top);
                    }
                }
            },
        );
        array(found, extents(&gradient))
    }
}

/// Between 0 and `top`; NaN stays.
#[inline(always)]
fn within(value: f32, top: f32) -> f32 {
    let cut = if value < 0.0 { 0.0 } else { value };
    if cut > top { top } else { cut }
}

/// The slope where the value lies within the cut, else 0. One choice after the other: `&&` would be a branch, which a sign by chance
/// sends the wrong way every other time.
#[inline(always)]
fn passed(slope: f32, value: f32, top: f32) -> f32 {
    let above = if value > 0.0 { slope } else { 0.0 };
    if value < top { above } else { 0.0 }
}

/// `slope * factor + input * along + rest` with the three numbers of each channel.
fn input_gradient(lines: &[[f32; 3]], input: &[f32], slopes: &[f32]) -> Vec<f32> {
    let channels = lines.len();
    let mut found = unfilled(slopes.len());
    let step = (rows_at_once(channels) * channels).max(1);
    let inputs = slopes.par_chunks(step).zip(input.par_chunks(step));
    each(
        found.par_chunks_mut(step).zip(inputs),
        #[inline(always)]
        |(found, (slopes, input))| {
            let rows = found.chunks_exact_mut(channels).zip(slopes.chunks_exact(channels));
            for ((found, slopes), input) in rows.zip(input.chunks_exact(channels)) {
                for (((found, slope), input), [factor, along, rest]) in
                    found.iter_mut().zip(slopes).zip(input).zip(lines)
                {
                    *found = slope * factor + input * along + rest;
                }
            }
        },
    );
    found
}

/// Mean and variance of each channel: in each chunk of rows two passes, the second one from the cache, then the
/// chunks are joined in their order (Chan, Golub, LeVeque 1983) in 64 bits.
fn statistics(rows: &[f32], channels: usize) -> BatchStatistics {
    let count = rows.len().checked_div(channels).unwrap_or(0);
    let step = rows_at_once(channels);
    let parts: Vec<[Vec<f32>; 2]> = rows
        .par_chunks((step * channels).max(1))
        .map(|rows| {
            crate::vector::vectorized(
                #[inline(always)]
                || chunk_moments(rows, channels),
            )
        })
        .collect();
    let (mut mean, mut spread) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    for (index, [part_mean, part_spread]) in parts.iter().enumerate() {
        let before = (index * step) as f64;
        let here = step.min(count - index * step) as f64;
        for i in 0..channels {
            let shift = f64::from(part_mean[i]) - mean[i];
            mean[i] += shift * here / (before + here);
            spread[i] += f64::from(part_spread[i]) + shift * shift * before * here / (before + here);
        }
    }
    let scale = 1.0 / count.max(1) as f64;
    BatchStatistics {
        mean: mean.into_iter().map(|mean| mean as f32).collect(),
        variance: spread.into_iter().map(|spread| (spread * scale) as f32).collect(),
        count,
    }
}

/// Mean and sum of squared deviations of each channel.
#[inline(always)]
fn chunk_moments(rows: &[f32], channels: usize) -> [Vec<f32>; 2] {
    let [mut mean, mut spread] = [vec![0.0f32; channels], vec![0.0f32; channels]];
    for row in rows.chunks_exact(channels) {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
    }
    let count = (rows.len() / channels) as f32;
    mean.iter_mut().for_each(|mean| *mean /= count);
    for row in rows.chunks_exact(channels) {
        for ((spread, mean), value) in spread.iter_mut().zip(&mean).zip(row) {
            *spread += (value - mean) * (value - mean);
        }
    }
    [mean, spread]
}
