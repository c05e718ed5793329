//! Rows in batches: which rows each step sees, and their tensors.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use plumb_data::prepare::{Prepared, PreparedLabels, PreparedTexts};
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
    /// What embeddings would make of numbers and codes, where it is known before.
    pub embedded: Embedded,
    /// Pictures, `[rows, channels, side, side]`, channels last in memory; none where the model takes none.
    pub images: Option<Tensor<4>>,
    /// The tokens of the texts; none where the model takes none.
    pub tokens: Option<Tokens>,
    /// The labels, on the host: the loss makes its own tensor of them.
    pub labels: PreparedLabels,
    /// What was blended into the pictures.
    pub mixed: Option<Mixed>,
    /// How much each row counts in the loss; 1 where there is nothing.
    pub weights: Option<Vec<f32>>,
    /// Which rows of the prepared data these are.
    pub rows: Vec<u32>,
}

/// Embeddings that stand for numbers and codes, side by side: points between rows. None to make them of the numbers and codes.
#[derive(Debug, Clone, Default)]
pub struct Embedded {
    /// `[rows, numbers_width * outputs]`, of networks that embed numbers piecewise.
    pub numbers: Option<Tensor<2>>,
    /// `[rows, codes_width * width]`.
    pub codes: Option<Tensor<2>>,
}

/// The tokens of some texts, each filled up to the longest. On the host: networks look them up in tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// `rows x longest`, row by row.
    pub ids: Vec<u32>,
    /// Tokens of a row, those that fill up included.
    pub longest: usize,
    /// How many of each row are real. What follows them must be seen by nothing.
    pub lengths: Arc<[usize]>,
}

impl Tokens {
    fn gather(texts: &PreparedTexts, rows: &[u32]) -> Self {
        let tokens: Vec<&[u32]> = rows.iter().map(|&row| texts.row(row)).collect();
        Self::filled(&tokens, texts.padding)
    }

    /// These texts, each filled up to the longest.
    pub(crate) fn filled<T: AsRef<[u32]>>(texts: &[T], padding: u32) -> Self {
        let lengths: Arc<[usize]> = texts.iter().map(|text| text.as_ref().len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0).max(1);
        let mut ids = vec![padding; texts.len() * longest];
        for (ids, text) in ids.chunks_exact_mut(longest).zip(texts) {
            ids[..text.as_ref().len()].copy_from_slice(text.as_ref());
        }
        Self { ids, longest, lengths }
    }
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
            embedded: Embedded::default(),
            images,
            tokens: data.texts.as_ref().map(|texts| Tokens::gather(texts, &rows)),
            labels: pick_labels(&data.labels, &rows),
            mixed: None,
            weights: None,
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
    /// The tokens of each row; empty where rows are of one length.
    lengths: Arc<[usize]>,
}

/// Batches among which rows are sorted by length: a batch is then filled up by a few tokens, and its rows are still as random
/// as one in so many.
const SORTED_TOGETHER: usize = 32;

impl Batches {
    /// Batches over `rows` rows. A batch size of 0 counts as 1.
    pub fn new(rows: usize, batch_size: usize, stream: Stream, sampling: Sampling) -> Self {
        let batch_size = batch_size.clamp(1, rows.max(1));
        Self { rows, batch_size, stream, sampling, lengths: Arc::from([]) }
    }

    /// The same, with texts of similar length in each batch.
    #[must_use]
    pub fn of_similar_length(self, data: &Prepared) -> Self {
        let lengths = |texts: &PreparedTexts| (0..data.rows as u32).map(|row| texts.row(row).len()).collect();
        Self { lengths: data.texts.as_ref().map_or_else(|| Arc::from([]), lengths), ..self }
    }

    /// How many batches an epoch has; 0 without rows.
    pub fn per_epoch(&self) -> usize {
        self.rows / self.batch_size
    }

    /// All rows of an epoch, in the order of their use.
    pub fn order(&self, epoch: u64) -> Vec<u32> {
        let stream = self.stream.at(epoch);
        let order = match &self.sampling {
            Sampling::Shuffled => stream.permutation(self.rows),
            Sampling::Balanced { by_class } => balanced(by_class, self.rows, stream),
        };
        if self.lengths.is_empty() { order } else { self.sorted_by_length(order, stream) }
    }

    /// Rows sorted by length within every so many batches, then the batches in random order again.
    fn sorted_by_length(&self, mut order: Vec<u32>, stream: Stream) -> Vec<u32> {
        order.truncate(self.per_epoch() * self.batch_size);
        let length = |row: &u32| self.lengths.get(*row as usize).copied().unwrap_or(0);
        for together in order.chunks_mut(SORTED_TOGETHER * self.batch_size) {
            together.sort_by_key(length);
        }
        let batches = stream.at(1).permutation(self.per_epoch());
        let of_batch = |&batch: &u32| self.slice(&order, batch as usize).to_vec();
        batches.iter().flat_map(of_batch).collect()
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
    fn texts_of_similar_length_share_a_batch_and_no_row_is_lost() {
        let plain = batches(3000, 10);
        let sorted = Batches { lengths: (0..3000).map(|row| 1 + row % 100).collect(), ..plain.clone() };
        let (order, again) = (sorted.order(3), sorted.order(3));
        assert_eq!(order, again);
        let mut rows = order.clone();
        rows.sort_unstable();
        assert_eq!(rows, (0..3000).collect::<Vec<u32>>());
        let filled = |order: &[u32]| -> usize {
            let longest = |rows: &[u32]| rows.iter().map(|row| 1 + *row as usize % 100).max().unwrap();
            order.chunks(10).map(|rows| 10 * longest(rows)).sum()
        };
        assert!(filled(&order) * 3 < filled(&plain.order(3)) * 2, "{}", filled(&order));
        assert!(!order.chunks(10).map(|rows| rows[0] % 100).is_sorted(), "batches come in random order");
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
            texts: None,
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
