//! Rows in batches: which rows each step sees, and their tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_ledger::Stream;

/// The tensors of some prepared rows.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Scaled numbers, `[rows, numbers_width]`; the width may be 0.
    pub numbers: Tensor<2>,
    /// Indicators and one-hot codes, `[rows, flags_width]`; the width may be 0.
    pub flags: Tensor<2>,
    /// Codes of embedded categories, `[rows, codes_width]`; the width may be 0.
    pub codes: Tensor<2, Int>,
    /// Pictures, `[rows, channels, side, side]`, channels last in memory; none where the model takes none.
    pub images: Option<Tensor<4>>,
    /// The labels, on the host: the loss makes its own tensor of them.
    pub labels: PreparedLabels,
    /// What was blended into the pictures.
    pub mixed: Option<Mixed>,
    /// Which rows of the prepared data these are.
    pub rows: Vec<u32>,
}

/// Pictures of other rows that were blended into those of a batch (MixUp, CutMix).
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// The labels of the other rows, in the order of the batch.
    pub labels: PreparedLabels,
    /// The share of each picture that is its row's own.
    pub share: f64,
}

impl Batch {
    /// Gathers these rows onto a device. Rows past the end of `data` are left out.
    ///
    /// A batch for training must be made on an autodiff device, one for prediction on a plain one.
    pub fn gather(data: &Prepared, rows: &[u32], device: &Device) -> Self {
        let rows = within(data, rows);
        let images = data.images.as_ref().map(|images| images.plain(&rows));
        Self::with_images(data, &rows, images, device)
    }

    /// The same with pictures that were made elsewhere: `rows x side x side x channels` numbers.
    pub(crate) fn with_images(
        data: &Prepared,
        rows: &[u32],
        images: Option<Vec<f32>>,
        device: &Device,
    ) -> Self {
        let rows = within(data, rows);
        let images = data.images.as_ref().zip(images).map(|(of, numbers)| {
            let (side, channels) = (of.encoding.side, of.encoding.channels.count());
            let shape = [rows.len(), side, side, channels];
            Tensor::<4>::from_data(TensorData::new(numbers, shape), device).permute([0, 3, 1, 2])
        });
        let codes = pick(&data.codes, data.codes_width, &rows).into_iter().map(|code| code as i32).collect();
        Self {
            numbers: matrix(pick(&data.numbers, data.numbers_width, &rows), rows.len(), device),
            flags: matrix(pick(&data.flags, data.flags_width, &rows), rows.len(), device),
            codes: Tensor::from_data(
                TensorData::new::<i32, _>(codes, [rows.len(), data.codes_width]),
                device,
            ),
            images,
            labels: pick_labels(&data.labels, &rows),
            mixed: None,
            rows,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The device that its tensors are on.
    pub fn device(&self) -> Device {
        self.numbers.device()
    }
}

fn within(data: &Prepared, rows: &[u32]) -> Vec<u32> {
    rows.iter().copied().filter(|&row| (row as usize) < data.rows).collect()
}

fn pick<T: Copy>(values: &[T], width: usize, rows: &[u32]) -> Vec<T> {
    let mut picked = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        picked.extend_from_slice(&values[row as usize * width..(row as usize + 1) * width]);
    }
    picked
}

pub(crate) fn pick_labels(labels: &PreparedLabels, rows: &[u32]) -> PreparedLabels {
    match labels {
        PreparedLabels::Absent => PreparedLabels::Absent,
        PreparedLabels::Classes(codes) => PreparedLabels::Classes(pick(codes, 1, rows)),
        PreparedLabels::Numbers(numbers) => PreparedLabels::Numbers(pick(numbers, 1, rows)),
    }
}

fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let width = values.len().checked_div(rows).unwrap_or(0);
    Tensor::from_data(TensorData::new(values, [rows, width]), device)
}

/// How rows are drawn for an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sampling {
    /// Every row once, in random order.
    Shuffled,
    /// As many draws as rows, every class equally often: rare classes repeat, each of their rows equally
    /// often up to one.
    Balanced {
        /// The rows of each class.
        by_class: Vec<Vec<u32>>,
    },
}

impl Sampling {
    /// Balanced sampling over these labels; shuffled where the labels are no classes.
    pub fn balanced(labels: &PreparedLabels) -> Self {
        let PreparedLabels::Classes(codes) = labels else { return Self::Shuffled };
        let mut by_class: Vec<Vec<u32>> = Vec::new();
        for (row, &class) in codes.iter().enumerate() {
            by_class.resize_with(by_class.len().max(class as usize + 1), Vec::new);
            by_class[class as usize].push(row as u32);
        }
        by_class.retain(|rows| !rows.is_empty());
        Self::Balanced { by_class }
    }
}

/// Which rows each step of each epoch sees: a pure function of (stream, epoch, step), so that a resumed run
/// goes on in the middle of an epoch without replay.
///
/// The short last batch is left out (other rows each epoch) unless it is the only one: batch norm's statistics
/// over a handful of rows would be noise, and over one row undefined.
#[derive(Debug, Clone)]
pub struct Batches {
    rows: usize,
    batch_size: usize,
    stream: Stream,
    sampling: Sampling,
}

impl Batches {
    /// Batches over `rows` rows. A batch size of 0 counts as 1.
    pub fn new(rows: usize, batch_size: usize, stream: Stream, sampling: Sampling) -> Self {
        Self { rows, batch_size: batch_size.clamp(1, rows.max(1)), stream, sampling }
    }

    /// How many batches an epoch has; 0 without rows.
    pub fn per_epoch(&self) -> usize {
        self.rows / self.batch_size
    }

    /// All rows of an epoch, in the order of their use.
    pub fn order(&self, epoch: u64) -> Vec<u32> {
        let stream = self.stream.at(epoch);
        match &self.sampling {
            Sampling::Shuffled => stream.permutation(self.rows),
            Sampling::Balanced { by_class } => balanced(by_class, self.rows, stream),
        }
    }

    /// The rows of batch `index` of an epoch, out of [`Batches::order`].
    pub fn slice<'a>(&self, order: &'a [u32], index: usize) -> &'a [u32] {
        let start = (index * self.batch_size).min(order.len());
        &order[start..(start + self.batch_size).min(order.len())]
    }
}

/// Draws round-robin over the classes; within a class, each lap is a new permutation.
fn balanced(by_class: &[Vec<u32>], draws: usize, stream: Stream) -> Vec<u32> {
    let mut order = Vec::with_capacity(draws);
    let per_class = draws.div_ceil(by_class.len().max(1));
    for (class, rows) in by_class.iter().enumerate() {
        let class_stream = stream.at(class as u64);
        let laps = per_class.div_ceil(rows.len());
        let drawn = (0..laps as u64).flat_map(|lap| {
            let mut lap_rows = rows.clone();
            class_stream.at(lap).shuffle(&mut lap_rows);
            lap_rows
        });
        order.extend(drawn.take(per_class));
    }
    stream.shuffle(&mut order);
    order.truncate(draws);
    order
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    fn batches(rows: usize, size: usize) -> Batches {
        Batches::new(rows, size, Seed(1).stream("shuffle"), Sampling::Shuffled)
    }

    #[test]
    fn an_epoch_sees_each_row_at_most_once_and_full_batches_only() {
        let batches = batches(10, 4);
        let order = batches.order(0);
        let mut seen: Vec<u32> =
            (0..batches.per_epoch()).flat_map(|i| batches.slice(&order, i).to_vec()).collect();
        assert_eq!(seen.len(), 8);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8);
        assert_ne!(order, batches.order(1));
        assert_eq!(order, batches.order(0));
    }

    #[test]
    fn fewer_rows_than_the_batch_size_make_one_batch() {
        let batches = batches(3, 256);
        assert_eq!(batches.per_epoch(), 1);
        assert_eq!(batches.slice(&batches.order(0), 0).len(), 3);
        assert_eq!(super::Batches::new(0, 8, Seed(1).stream("x"), Sampling::Shuffled).per_epoch(), 0);
    }

    #[test]
    fn balanced_sampling_draws_each_class_equally_often() {
        let labels = PreparedLabels::Classes([vec![0; 90], vec![2; 10]].concat());
        let batches = Batches::new(100, 10, Seed(1).stream("shuffle"), Sampling::balanced(&labels));
        let order = batches.order(5);
        let rare: Vec<u32> = order.iter().copied().filter(|&row| row >= 90).collect();
        assert_eq!((order.len(), rare.len()), (100, 50));
        assert!((90..100).all(|row| rare.iter().filter(|&&r| r == row).count() == 5));
    }

    #[test]
    fn gathering_keeps_rows_and_labels_together() {
        let data = Prepared {
            rows: 3,
            numbers: vec![0.0, 1.0, 10.0, 11.0, 20.0, 21.0],
            numbers_width: 2,
            flags: vec![],
            flags_width: 0,
            codes: vec![5, 6, 7],
            codes_width: 1,
            images: None,
            labels: PreparedLabels::Numbers(vec![0.5, 1.5, 2.5]),
        };
        let batch = Batch::gather(&data, &[2, 0, 9], &Device::flex());
        assert_eq!(batch.rows, [2, 0]);
        assert_eq!(batch.numbers.to_data().try_to_vec::<f32>().unwrap(), [20.0, 21.0, 0.0, 1.0]);
        assert_eq!(batch.codes.to_data().try_to_vec::<i32>().unwrap(), [7, 5]);
        assert_eq!(batch.flags.dims(), [2, 0]);
        assert_eq!(batch.labels, PreparedLabels::Numbers(vec![2.5, 0.5]));
    }
}
