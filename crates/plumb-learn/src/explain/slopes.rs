//! How a network's answers change on straight lines between prepared rows: what integrated and expected gradients are made of.
//!
//! A row is the vector of what enters the network by its columns: scaled numbers, flags, and the vectors of embedded categories, so that
//! between two levels of a category there is a way, too. Numbers that are embedded piecewise (TabM) are their embedding, as well: a bin of
//! few values is steep, and on the way through it nearly all of an answer's change lies between two points.

use burn::module::Module as _;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plumb_data::prepare::{Owners, Preparation, PrepareError, Prepared, PreparedLabels};
use plumb_data::{Lines, Point, PredictError, Slopes, Table};
use plumb_ledger::Seed;

use crate::batches::{Batch, Embedded};
use crate::encoders::{CategoryEncoder, PiecewiseLinear};
use crate::model::TabularNetwork;
use crate::network::{Network, Pass};
use crate::parameters::{Arrays, host};
use crate::predict::{numbers_of, probabilities};

/// Points that go through the network and back at once: their activations fit the second-level cache.
const POINTS: usize = 512;

/// A network on a device that records gradients, and what stands around it.
pub(crate) struct Explained<'a> {
    network: &'a TabularNetwork,
    piecewise: Option<&'a PiecewiseLinear>,
    categories: &'a CategoryEncoder,
    preparation: &'a Preparation,
    outputs: usize,
    layout: Layout,
}

/// Where the parts of a row stand in its vector.
struct Layout {
    /// Entries of all numbers together, of all flags, of all codes.
    numbers: usize,
    flags: usize,
    vectors: usize,
    /// The column of each entry, as a place in the preparation.
    owners: Vec<usize>,
}

/// A point on the way between two vectors.
#[derive(Clone, Copy)]
struct Way<'a> {
    from: &'a [f32],
    to: &'a [f32],
    share: f64,
}

impl Way<'_> {
    fn point(self) -> impl Iterator<Item = f32> {
        let between = move |(from, to): (&f32, &f32)| {
            let (from, to) = (f64::from(*from), f64::from(*to));
            (from + self.share * (to - from)) as f32
        };
        self.from.iter().zip(self.to).map(between)
    }

    /// How far it goes in one entry.
    fn length(self, entry: usize) -> f64 {
        f64::from(self.to[entry]) - f64::from(self.from[entry])
    }
}

impl Layout {
    /// Each number becomes so many entries, and each code so many.
    fn of(owners: Owners, of_number: usize, of_code: usize) -> Self {
        let spread = |owners: Vec<usize>, entries: usize| -> Vec<usize> {
            owners.into_iter().flat_map(|of| vec![of; entries]).collect()
        };
        let parts = [spread(owners.numbers, of_number), owners.flags, spread(owners.codes, of_code)];
        let [numbers, flags, vectors] = parts.each_ref().map(Vec::len);
        Self { numbers, flags, vectors, owners: parts.concat() }
    }

    fn width(&self) -> usize {
        self.owners.len()
    }
}

impl<'a> Explained<'a> {
    /// None of a network that also takes in pictures or texts, between which there is no way, or that takes in nothing.
    pub(crate) fn new(
        network: &'a TabularNetwork,
        preparation: &'a Preparation,
        outputs: usize,
    ) -> Option<Self> {
        let (categories, piecewise) = match network {
            TabularNetwork::Mlp(network) => (&network.categories, None),
            TabularNetwork::RealMlp(network) => (&network.categories, None),
            TabularNetwork::TabM(network) => (&network.categories, network.numbers.as_ref()),
            TabularNetwork::Pictures(_) | TabularNetwork::Text(_) | TabularNetwork::Mixed(_) => return None,
        };
        let owners = preparation.owners();
        let is_whole = categories.tables.len() == owners.codes.len()
            && piecewise.is_none_or(|layer| layer.weight.val().dims()[0] == owners.numbers.len());
        let of_code = categories.tables.first().map_or(0, |table| table.val().dims()[1]);
        let of_number = piecewise.map_or(1, |layer| layer.weight.val().dims()[2]);
        let layout = Layout::of(owners, of_number, of_code);
        let explained = Self { network, piecewise, categories, preparation, outputs, layout };
        (is_whole && explained.layout.width() > 0 && outputs > 0).then_some(explained)
    }

    /// The answers and slopes at all points. A pass through the network and one back for each output but the last of classes, whose slope
    /// is what the others leave.
    pub(crate) fn slopes(&self, table: &Table, lines: &Lines<'_>) -> Result<Slopes, PredictError> {
        let failed = |error: PrepareError| PredictError { message: error.to_string() };
        let prepared = |rows: &[u32]| self.preparation.apply(table, rows, None).map_err(failed);
        let ends = self.vectors(&prepared(lines.rows)?);
        let flat: Vec<u32> = lines.starts.iter().flatten().copied().collect();
        let starts = self.means(&self.vectors(&prepared(&flat)?), lines.starts);
        let width = self.layout.width();
        let way = |&Point { row, start, share }: &Point| {
            Some(Way { from: vector(&starts, start, width)?, to: vector(&ends, row, width)?, share })
        };
        let ways: Option<Vec<Way<'_>>> = lines.points.iter().map(way).collect();
        let ways = ways.ok_or_else(|| PredictError {
            message: "a point lies on a line that does not exist".to_owned(),
        })?;
        let places = self.places(table);
        let columns = table.columns().len();
        let mut found = Slopes { answers: Vec::new(), slopes: Vec::new() };
        for ways in ways.chunks(POINTS) {
            let (answers, slopes) = self.at(ways, &places, columns);
            found.answers.extend(answers);
            found.slopes.extend(slopes);
        }
        Ok(found)
    }

    /// Answers and slopes at some points of ways.
    fn at(&self, ways: &[Way<'_>], places: &[Option<usize>], columns: usize) -> (Vec<f64>, Vec<f64>) {
        let points: Vec<f32> = ways.iter().flat_map(|way| way.point()).collect();
        let (width, outputs) = (self.layout.width(), self.outputs);
        let mut slopes = vec![0.0; ways.len() * outputs * columns];
        let mut answers = Vec::new();
        for output in 0..outputs.saturating_sub(1).max(1) {
            let (said, gradients) = self.gradients(&points, ways.len(), output);
            for ((at, way), gradient) in ways.iter().enumerate().zip(gradients.chunks_exact(width)) {
                let slopes = &mut slopes[(at * outputs + output) * columns..][..columns];
                for (entry, gradient) in gradient.iter().enumerate() {
                    if let Some(place) = places[self.layout.owners[entry]] {
                        slopes[place] += f64::from(*gradient) * way.length(entry);
                    }
                }
            }
            answers = said;
        }
        if outputs > 1 {
            slopes.chunks_exact_mut(outputs * columns).for_each(|slopes| leave_the_rest(slopes, columns));
        }
        (answers, slopes)
    }

    /// The answers at points, and the gradients of one of the answers, `points x width`.
    fn gradients(&self, points: &[f32], count: usize, output: usize) -> (Vec<f64>, Vec<f32>) {
        let device = crate::model::training_device();
        let shape = [count, self.layout.width()];
        let inputs = Tensor::<2>::from_data(TensorData::new(points.to_vec(), shape), &device).require_grad();
        let outputs = self.network.forward(&self.batch(&inputs, count, &device), &mut Pass::inference());
        let (answers, by_outputs) = self.head(&host(outputs.clone().inner()), output);
        let by_outputs = Tensor::from_data(TensorData::new(by_outputs, [count, self.outputs]), &device);
        let mut gradients = outputs.mul(by_outputs).sum().backward();
        let none = || vec![0.0; points.len()];
        (answers, inputs.grad_remove(&mut gradients).map_or_else(none, host))
    }

    /// The answers that network outputs stand for, and the derivatives of one of the answers by them, `points x outputs`.
    fn head(&self, outputs: &[f32], output: usize) -> (Vec<f64>, Vec<f32>) {
        if !self.preparation.classes.is_empty() {
            let answers = probabilities(outputs, self.outputs);
            let of_row = |p: &[f64]| -> Vec<f32> {
                let own = p[output];
                let by = |(at, p): (usize, &f64)| own * (f64::from(u8::from(at == output)) - p);
                p.iter().enumerate().map(by).map(|by| by as f32).collect()
            };
            let by_outputs = answers.chunks_exact(self.outputs).flat_map(of_row).collect();
            return (answers, by_outputs);
        }
        let scale = self.preparation.label_scale;
        let by = |&output: &f32| {
            // Beyond the train labels the answer is held and does not change.
            let moves = |scale: plumb_data::prepare::LabelScale| {
                let free = f64::from(output) * scale.deviation + scale.mean;
                if (scale.low..=scale.high).contains(&free) { scale.deviation } else { 0.0 }
            };
            scale.map_or(1.0, moves) as f32
        };
        (numbers_of(outputs, scale), outputs.iter().map(by).collect())
    }

    /// The points as a batch, parts of one tensor.
    fn batch(&self, inputs: &Tensor<2>, rows: usize, device: &Device) -> Batch {
        let Layout { numbers, flags, vectors, .. } = self.layout;
        let empty = || Tensor::<2>::from_data(TensorData::new(Vec::<f32>::new(), [rows, 0]), device);
        let part = |from: usize, width: usize| match width {
            0 => empty(),
            _ => inputs.clone().slice([0..rows, from..from + width]),
        };
        let embedded = self.piecewise.map(|_| part(0, numbers));
        Batch {
            numbers: if embedded.is_some() { empty() } else { part(0, numbers) },
            flags: part(numbers, flags),
            codes: Tensor::<2, Int>::from_data(TensorData::new(Vec::<i32>::new(), [rows, 0]), device),
            embedded: Embedded {
                numbers: embedded,
                codes: (vectors > 0).then(|| part(numbers + flags, vectors)),
            },
            images: None,
            tokens: None,
            labels: PreparedLabels::Absent,
            mixed: None,
            weights: None,
            rows: (0..rows as u32).collect(),
        }
    }

    /// Prepared rows as vectors, one after the other.
    fn vectors(&self, data: &Prepared) -> Vec<f32> {
        let tables: Vec<Vec<f32>> =
            self.categories.tables.iter().map(|table| host(table.val().inner())).collect();
        let of_code = self.layout.vectors.checked_div(tables.len()).unwrap_or(0);
        let (numbers, of_row) = (self.numbers(data), self.layout.numbers);
        let mut vectors = Vec::with_capacity(data.rows * self.layout.width());
        for row in 0..data.rows {
            vectors.extend_from_slice(&numbers[row * of_row..][..of_row]);
            vectors.extend_from_slice(&data.flags[row * data.flags_width..][..data.flags_width]);
            let codes = &data.codes[row * data.codes_width..][..data.codes_width];
            for (table, &code) in tables.iter().zip(codes) {
                let known = table.get(code as usize * of_code..(code as usize + 1) * of_code);
                vectors.extend_from_slice(known.unwrap_or(&table[..of_code]));
            }
        }
        vectors
    }

    /// The numbers of prepared rows, embedded where the network does so piecewise.
    fn numbers(&self, data: &Prepared) -> Vec<f32> {
        match self.piecewise.filter(|_| data.rows > 0) {
            Some(layer) => {
                let shape = [data.rows, data.numbers_width];
                let numbers = TensorData::new(data.numbers.clone(), shape);
                host(layer.forward(Tensor::from_data(numbers, &layer.weight.val().device())).inner())
            }
            None => data.numbers.clone(),
        }
    }

    /// The mean of each group of vectors, in 64 bits.
    fn means(&self, vectors: &[f32], groups: &[Vec<u32>]) -> Vec<f32> {
        let width = self.layout.width();
        let mut all = vectors.chunks_exact(width);
        let mut means = Vec::with_capacity(groups.len() * width);
        for group in groups {
            let mut sums = vec![0.0f64; width];
            for vector in all.by_ref().take(group.len()) {
                sums.iter_mut().zip(vector).for_each(|(sum, value)| *sum += f64::from(*value));
            }
            means.extend(sums.iter().map(|sum| (sum / group.len().max(1) as f64) as f32));
        }
        means
    }

    /// The place in the table of each prepared column.
    fn places(&self, table: &Table) -> Vec<Option<usize>> {
        let place = |name: &str| table.columns().iter().position(|column| column.name == name);
        self.preparation.columns.iter().map(|column| place(&column.name)).collect()
    }
}

/// Probabilities sum to 1, so the slopes of the last one are what those of the others leave.
fn leave_the_rest(slopes: &mut [f64], columns: usize) {
    let (others, last) = slopes.split_at_mut(slopes.len() - columns);
    for others in others.chunks_exact(columns) {
        last.iter_mut().zip(others).for_each(|(last, slope)| *last -= slope);
    }
}

fn vector(vectors: &[f32], place: u32, width: usize) -> Option<&[f32]> {
    vectors.chunks_exact(width).nth(place as usize)
}

/// The network on a device that records gradients by its inputs alone; with a seed, the values of each of its tensors in another order.
pub(crate) fn on_gradients(
    empty: TabularNetwork,
    weights: Arrays,
    shuffled: Option<Seed>,
) -> Result<TabularNetwork, PredictError> {
    let weights = match shuffled {
        Some(seed) => exchanged(weights, seed),
        None => weights,
    };
    let network = weights.load(empty).map_err(|error| PredictError { message: error.to_string() })?;
    Ok(network.no_grad())
}

fn exchanged(mut weights: Arrays, seed: Seed) -> Arrays {
    let stream = seed.stream("exchanged weights");
    for (array, at) in weights.0.values_mut().zip(0..) {
        stream.at(at).shuffle(&mut array.values);
    }
    weights
}

#[cfg(test)]
mod tests;
