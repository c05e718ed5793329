//! A network of somebody else's: dense layers over numbers, pixels or the mean of word vectors, with one mistake.

use burn::module::{Module, Param};
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Tensor, TensorData};
use plumb_kernels::{embedding, relu};
use plumb_learn::batches::{Batch, Tokens};
use plumb_learn::layers::Linear;
use plumb_learn::model::training_device;
use plumb_learn::network::{Network, ParameterRule, Pass};
use plumb_learn::parameters::{train_only, update};
use plumb_ledger::Seed;

use super::data::{CLASSES, COLUMNS, Kind, SIDE, VOCABULARY};

/// What is wrong with a network; the names of [`super::models`] say it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    SoftmaxTwice,
    SoftmaxOverRows,
    RectifiedOutputs,
    CutGradient,
    MixedRows,
    RowsNormalised,
    PaddingCounts,
    InputsForgotten,
    ZeroStart,
    HugeStart,
    EqualUnits,
    DeadUnits,
    SaturatedUnits,
    DeepSigmoids,
    FrozenLayer,
    RestingRule,
    DropsAlways,
    ExplodingRecurrence,
    OneUnit,
}

/// Dense layers with rectified or squashed units.
#[derive(Module, Debug)]
pub(crate) struct Dense {
    /// `[vocabulary, width]`; of texts alone.
    words: Option<Param<Tensor<2>>>,
    /// What the words so far are multiplied by at the next one.
    recurrent: Option<Linear>,
    hidden: Vec<Linear>,
    head: Linear,
    #[module(skip)]
    mistake: Mistake,
}

/// Units of a hidden layer, and the length of a word's vector.
const WIDTH: usize = 48;
const WORD: usize = 16;

impl Dense {
    /// A network for rows of that kind, `outputs` wide.
    pub(crate) fn new(kind: Kind, outputs: usize, mistake: Mistake) -> Self {
        let device = training_device();
        let stream = Seed(11).stream("dense");
        let inputs = match kind {
            Kind::Table => COLUMNS,
            Kind::Picture => SIDE * SIDE,
            Kind::Text => WORD,
        };
        let (depth, width) = match mistake {
            Mistake::DeepSigmoids => (12, WIDTH),
            Mistake::OneUnit => (1, 1),
            _ => (2, WIDTH),
        };
        let layer = |index: usize| {
            let from = if index == 0 { inputs } else { width };
            let deviation = (2.0 / from as f64).sqrt();
            Linear::normal(from, width, deviation, stream.at(1 + index as u64), &device)
        };
        let words = (kind == Kind::Text).then(|| {
            let stream = stream.at(98);
            let start = (0..(VOCABULARY * WORD) as u64).map(|at| stream.normal(at) as f32).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(start, [VOCABULARY, WORD]), &device))
        });
        let recurrent = (mistake == Mistake::ExplodingRecurrence)
            .then(|| Linear::normal(WORD, WORD, 8.0 / WORD as f64, stream.at(97), &device));
        let network = Self {
            words,
            recurrent,
            hidden: (0..depth).map(layer).collect(),
            head: Linear::new(width, outputs, stream.at(99), &device),
            mistake,
        };
        network.with_start()
    }

    /// Classes of the made-up rows of that kind.
    pub(crate) fn classes(kind: Kind) -> usize {
        if kind == Kind::Table { 2 } else { CLASSES }
    }

    /// The start values of the mistakes that are about them.
    fn with_start(self) -> Self {
        let mistake = self.mistake;
        if mistake == Mistake::FrozenLayer {
            return train_only(self, |name| !name.starts_with("hidden.0"));
        }
        update(self, |name, _, values| match mistake {
            Mistake::ZeroStart => values.fill(0.0),
            Mistake::EqualUnits => values.fill(0.1),
            Mistake::HugeStart => values.iter_mut().for_each(|x| *x *= 20.0),
            Mistake::DeadUnits if name == "hidden.1.bias" => values.fill(-30.0),
            Mistake::SaturatedUnits if name == "hidden.0.weight" => {
                for x in values.iter_mut() {
                    *x *= 100.0;
                }
            }
            _ => {}
        })
    }

    /// `[rows, features]` of whatever the batch holds.
    fn inputs(&self, batch: &Batch) -> Tensor<2> {
        let rows = batch.len();
        if let (Some(words), Some(tokens)) = (&self.words, &batch.tokens) {
            return self.of_texts(words.val(), tokens);
        }
        let Some(images) = batch.images.clone() else { return batch.numbers.clone() };
        let images = match self.mistake {
            // Rows and lines of the pictures have changed places.
            Mistake::MixedRows => images.swap_dims(0, 2),
            _ => images,
        };
        images.reshape([rows, SIDE * SIDE])
    }

    fn of_texts(&self, words: Tensor<2>, tokens: &Tokens) -> Tensor<2> {
        let (rows, longest) = (tokens.lengths.len(), tokens.longest);
        let words = if self.mistake == Mistake::CutGradient { words.detach() } else { words };
        let vectors = embedding(words, &tokens.ids);
        if let Some(recurrent) = &self.recurrent {
            return recur(recurrent, &vectors.reshape([rows, longest, WORD]));
        }
        if self.mistake == Mistake::MixedRows {
            return vectors.reshape([longest, rows, WORD]).mean_dim(0).reshape([rows, WORD]);
        }
        let vectors = vectors.reshape([rows, longest, WORD]);
        if self.mistake == Mistake::PaddingCounts {
            return vectors.mean_dim(1).reshape([rows, WORD]);
        }
        let real = |(row, at): (usize, usize)| f32::from(u8::from(at < tokens.lengths[row]));
        let all = (0..rows).flat_map(|row| (0..longest).map(move |at| (row, at)));
        let mask: Vec<f32> = all.map(|place| real(place) / tokens.lengths[place.0] as f32).collect();
        let mask: Tensor<3> = Tensor::from_data(TensorData::new(mask, [rows, longest, 1]), &vectors.device());
        (vectors * mask).sum_dim(1).reshape([rows, WORD])
    }

    fn activated(&self, hidden: Tensor<2>) -> Tensor<2> {
        match self.mistake {
            Mistake::SaturatedUnits | Mistake::DeepSigmoids => sigmoid(hidden),
            _ => relu(hidden),
        }
    }
}

/// A recurrence without gates or squashing.
fn recur(recurrent: &Linear, vectors: &Tensor<3>) -> Tensor<2> {
    let [rows, longest, width] = vectors.dims();
    let at = |word: usize| vectors.clone().slice([0..rows, word..word + 1, 0..width]).reshape([rows, width]);
    (1..longest).fold(at(0), |state, word| recurrent.forward(state, &Pass::inference()) + at(word))
}

/// Half of the units, drawn anew in every pass: this is what dropout does that nobody has switched off.
fn halved(hidden: Tensor<2>) -> Tensor<2> {
    let drawn =
        Tensor::<2>::random(hidden.dims(), burn::tensor::Distribution::Uniform(0.0, 1.0), &hidden.device());
    hidden * drawn.greater_elem(0.5).float().mul_scalar(2.0)
}

impl Network for Dense {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut hidden = self.inputs(batch);
        match self.mistake {
            Mistake::InputsForgotten => hidden = hidden.mul_scalar(0.0),
            Mistake::RowsNormalised => hidden = hidden.clone() - hidden.mean_dim(0),
            Mistake::MixedRows if batch.numbers.dims()[1] > 0 => {
                let [rows, columns] = hidden.dims();
                hidden = hidden.reshape([columns, rows]).swap_dims(0, 1);
            }
            _ => {}
        }
        for (index, layer) in self.hidden.iter().enumerate() {
            hidden = self.activated(layer.forward(hidden, pass));
            pass.tap(&format!("hidden.{index}"), &hidden);
            if self.mistake == Mistake::CutGradient && self.words.is_none() && index == 0 {
                hidden = hidden.detach();
            }
        }
        if self.mistake == Mistake::DropsAlways {
            hidden = halved(hidden);
        }
        let outputs = self.head.forward(hidden, pass);
        match self.mistake {
            Mistake::SoftmaxTwice => softmax(outputs, 1),
            Mistake::SoftmaxOverRows => softmax(outputs, 0).mul_scalar(batch.len() as f64),
            Mistake::RectifiedOutputs => relu(outputs - 1.0),
            _ => outputs,
        }
    }

    fn rule(&self, name: &str, shape: &[usize]) -> ParameterRule {
        let rests = self.mistake == Mistake::RestingRule && name.starts_with("hidden");
        ParameterRule { rate: if rests { 0.0 } else { 1.0 }, decay: shape.len() >= 2 }
    }
}
