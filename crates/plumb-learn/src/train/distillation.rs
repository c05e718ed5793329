//! Distillation (Hinton, Vinyals, Dean 2015, <https://arxiv.org/abs/1503.02531>): a network learns from what a trained one says of its
//! rows, beside the labels.

use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::augment::Augmentation;
use plumb_data::prepare::{ImageEncoding, LabelScale, Preparation, Prepared};
use plumb_kernels::cross_entropy;
use plumb_ledger::{ExitCode, Explain, Seed, Stream};
use serde::{Deserialize, Serialize};

use super::{TrainConfig, TrainData};
use crate::batches::Batch;
use crate::layers::Linear;
use crate::network::{Network as _, Pass};
use crate::parameters::host;
use crate::predict::{TrainedModel, numbers_of, probabilities};

/// How much a network learns from its teacher.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// The share of the loss that is the teacher's, in `(0, 1]`; the rest is the labels'.
    pub weight: f64,
    /// What both networks' logits are divided by before they are compared, above 0; larger ones show more of what the teacher holds
    /// possible. Without meaning for regression.
    pub temperature: f64,
    /// What the distance of the last features is multiplied by; 0 for none. A linear map of the student's features, which is learned along
    /// and dropped afterwards, is held to the teacher's (Romero et al. 2015, <https://arxiv.org/abs/1412.6550>).
    pub features: f64,
}

/// A trained model, and the train rows as it wants them.
#[derive(Debug, Clone)]
pub struct Teacher {
    model: TrainedModel,
    rows: Prepared,
    says: Says,
}

/// When the teacher is asked.
#[derive(Debug, Clone)]
enum Says {
    /// Once, of every train row.
    Before(Said),
    /// At every step, since what the student sees is changed at random.
    Along {
        /// The student's encoding of the pictures, where they are.
        pictures: Option<ImageEncoding>,
        /// Whether texts are.
        texts: bool,
    },
}

/// What a teacher says of rows, row by row.
#[derive(Debug, Clone, Default)]
struct Said {
    /// Its logits, or numbers on the student's scale.
    outputs: Vec<f32>,
    /// What its head sees, the mean over its members where there are several; empty where nobody asks.
    features: Vec<f32>,
}

impl Said {
    fn of_rows(&self, rows: &[u32], all: usize) -> Self {
        let pick = |of: &[f32]| {
            let width = of.len().checked_div(all).unwrap_or(0);
            rows.iter()
                .flat_map(|&row| &of[row as usize * width..(row as usize + 1) * width])
                .copied()
                .collect()
        };
        Self { outputs: pick(&self.outputs), features: pick(&self.features) }
    }
}

/// Why a model is no teacher for a training.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeacherError {
    /// It predicts something else.
    #[error("the teacher predicts {teacher}, the student {student}")]
    Target {
        /// What it predicts.
        teacher: String,
        /// What the student is to predict.
        student: String,
    },
    /// Changed rows cannot be shown to it.
    #[error("{0} are changed at random, and the teacher cannot be shown the same")]
    Unseen(&'static str),
}

impl Explain for TeacherError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Target { .. } => {
                "name the run of a model for the same `data.target` with the same classes".to_owned()
            }
            Self::Unseen("texts") => {
                "set `prepare.words` to none, or train the student with the teacher's tokenizer".to_owned()
            }
            Self::Unseen(_) => {
                "set `prepare.image_size` to the teacher's, or `prepare.augment` to `none`".to_owned()
            }
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// What a model predicts, in words.
fn target(of: &Preparation) -> String {
    if of.task.is_classification() {
        format!("classes {} of `{}`", in_words(&of.classes), of.target)
    } else {
        format!("the number `{}`", of.target)
    }
}

/// Rows that are shown to a teacher at once.
const AT_ONCE: usize = 64;
/// Classes that are named in a message.
const NAMED: usize = 10;

fn in_words(classes: &[String]) -> String {
    let named: Vec<&str> = classes.iter().take(NAMED).map(String::as_str).collect();
    let more = if classes.len() > NAMED { " ..." } else { "" };
    format!("`{}`{more}", named.join("`, `"))
}

impl Teacher {
    /// Refuses a model that predicts something else than a student whose rows `student` prepares.
    pub fn check_target(model: &TrainedModel, student: &Preparation) -> Result<(), TeacherError> {
        let own = model.preparation();
        if own.task == student.task && own.target == student.target && own.classes == student.classes {
            return Ok(());
        }
        Err(TeacherError::Target { teacher: target(own), student: target(student) })
    }

    /// A teacher of a training on `train`, rows prepared by `student`. `rows` are the same rows prepared by the teacher's own
    /// preparation; `changes_texts` tells whether the student's texts are changed at random.
    pub fn new(
        model: TrainedModel,
        rows: Prepared,
        student: &Preparation,
        train: &TrainConfig,
        changes_texts: bool,
    ) -> Result<Self, TeacherError> {
        Self::check_target(&model, student)?;
        let own = model.preparation();
        let changes_pictures = rows.images.is_some() && train.augmentation != Augmentation::none();
        let says = if changes_pictures || changes_texts {
            let encodings = student.image().zip(own.image());
            let alike = |(student, own): (&ImageEncoding, &ImageEncoding)| {
                student.side == own.side && student.channels == own.channels
            };
            if changes_pictures && !encodings.is_some_and(alike) {
                return Err(TeacherError::Unseen("pictures"));
            }
            if changes_texts && own.texts.is_some() && own.texts != student.texts {
                return Err(TeacherError::Unseen("texts"));
            }
            let pictures = student.image().filter(|_| changes_pictures).cloned();
            Says::Along { pictures, texts: changes_texts && own.texts.is_some() }
        } else {
            Says::Before(Said::default())
        };
        let mut teacher = Self { model, rows, says };
        if matches!(teacher.says, Says::Before(_)) {
            teacher.says = Says::Before(teacher.of_all(train, student.label_scale));
        }
        Ok(teacher)
    }

    /// What it says of all its rows.
    fn of_all(&self, train: &TrainConfig, scale: Option<LabelScale>) -> Said {
        let wants_features = train.distillation.is_some_and(|how| how.features > 0.0);
        let rows: Vec<u32> = (0..self.rows.rows as u32).collect();
        let mut all = Said::default();
        for rows in rows.chunks(AT_ONCE) {
            let said =
                self.of_batch(&Batch::gather(&self.rows, rows, &Device::flex()), wants_features, scale);
            all.outputs.extend(said.outputs);
            all.features.extend(said.features);
        }
        all
    }

    fn of_batch(&self, batch: &Batch, wants_features: bool, scale: Option<LabelScale>) -> Said {
        let pass = Pass::inference();
        let mut pass = if wants_features { pass.with_features() } else { pass };
        let outputs = self.model.network().forward(batch, &mut pass);
        let features = pass.take_features().map_or_else(Vec::new, |features| {
            let [all, width] = features.dims();
            let members = all / batch.len().max(1);
            host(features.reshape([members, batch.len(), width]).mean_dim(0))
        });
        Said { outputs: on_scale(host(outputs), self.model.preparation(), scale), features }
    }

    /// What it says of the rows of a batch. Where the student's rows are changed, the teacher sees the same change.
    fn says(&self, batch: &Batch, wants_features: bool, scale: Option<LabelScale>) -> Said {
        match &self.says {
            Says::Before(all) => all.of_rows(&batch.rows, self.rows.rows),
            Says::Along { pictures, texts } => {
                let mut seen = Batch::gather(&self.rows, &batch.rows, &Device::flex());
                if let (Some(images), Some(from), Some(to)) =
                    (&batch.images, pictures, self.model.preparation().image())
                {
                    seen.images = Some(encoded_anew(images.clone().inner(), from, to));
                }
                if *texts {
                    seen.tokens.clone_from(&batch.tokens);
                }
                self.of_batch(&seen, wants_features, scale)
            }
        }
    }
}

/// Pictures that one preparation has scaled, as another one scales them.
fn encoded_anew(images: Tensor<4>, from: &ImageEncoding, to: &ImageEncoding) -> Tensor<4> {
    if (&from.mean, &from.deviation) == (&to.mean, &to.deviation) {
        return images;
    }
    let device = images.device();
    let channels = to.mean.len();
    let per_channel = |of: &dyn Fn(usize) -> f32| {
        let values: Vec<f32> = (0..channels).map(of).collect();
        Tensor::<4>::from_data(TensorData::new(values, [1, channels, 1, 1]), &device)
    };
    let scale = per_channel(&|at| from.deviation[at] / to.deviation[at]);
    let shift = per_channel(&|at| (from.mean[at] - to.mean[at]) / to.deviation[at]);
    images.mul(scale).add(shift)
}

/// Numbers from the teacher's scale to the student's; logits as they are.
fn on_scale(outputs: Vec<f32>, own: &Preparation, student: Option<LabelScale>) -> Vec<f32> {
    if own.task.is_classification() {
        return outputs;
    }
    let standardise = |number: f64| student.map_or(number, |scale| scale.standardise(number)) as f32;
    numbers_of(&outputs, own.label_scale).into_iter().map(standardise).collect()
}

/// The name under which the map of the student's features stands among the parameters of a training.
pub(super) const MAP: &str = "teacher_map";

/// What the teacher adds to the loss of a training.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson<'a> {
    teacher: &'a Teacher,
    how: Distillation,
    scale: Option<LabelScale>,
    stream: Stream,
}

impl<'a> Lesson<'a> {
    pub(super) fn new(data: &TrainData<'a>, config: &TrainConfig) -> Option<Self> {
        let (teacher, how) = data.teacher.zip(config.distillation)?;
        let stream = Seed(config.seed).stream("teacher-map");
        Some(Self { teacher, how, scale: data.label_scale, stream })
    }

    /// Whether the pass must keep what the head sees.
    pub(super) fn wants_features(&self) -> bool {
        self.how.features > 0.0
    }

    /// `(1 - weight) * loss + weight * lesson`. The lesson is the mean, over `all_rows` of the step, of the distance of each
    /// row: `T^2 KL(teacher || student)` of the softmax of logits over `T`, or the squared difference of numbers on the student's scale.
    /// A network of several members learns it with each. Class weights are for labels and do not count here; those of rows do.
    ///
    /// `features` is what the student's head saw; `map`, which starts here, leads to what the teacher's saw.
    pub(super) fn blend(
        &self,
        loss: Tensor<1>,
        outputs: Tensor<2>,
        features: Option<Tensor<2>>,
        map: &mut Option<Linear>,
        batch: &Batch,
        all_rows: f64,
    ) -> Tensor<1> {
        let said = self.teacher.says(batch, self.wants_features(), self.scale);
        let weights = batch.weights.as_deref();
        let lesson = if self.teacher.model.preparation().task.is_classification() {
            divergence(outputs, &said.outputs, weights, self.how.temperature, all_rows)
        } else {
            difference(outputs, said.outputs, weights, all_rows)
        };
        let blended = loss.mul_scalar(1.0 - self.how.weight).add(lesson.mul_scalar(self.how.weight));
        match features.filter(|_| !said.features.is_empty()) {
            Some(features) => {
                let apart = self.apart(features, &said.features, batch.len(), map);
                let share = weight_of_rows(batch) / all_rows;
                blended.add(apart.mul_scalar(self.how.features * share))
            }
            None => blended,
        }
    }

    /// The squared distance of mapped features from the teacher's, over the teacher's own squares: 1 for a map to nothing.
    ///
    /// # Shapes
    /// `features` is `[members * rows, width]`, `wanted` the teacher's, `rows x its width`.
    fn apart(&self, features: Tensor<2>, wanted: &[f32], rows: usize, map: &mut Option<Linear>) -> Tensor<1> {
        let ([all, width], device) = (features.dims(), features.device());
        let (members, theirs) = (all / rows.max(1), wanted.len() / rows.max(1));
        let map = map.get_or_insert_with(|| Linear::new(width, theirs, self.stream, &device));
        let squares: f64 = wanted.iter().map(|&value| f64::from(value).powi(2)).sum();
        let wanted: Vec<f32> = wanted.iter().copied().cycle().take(all * theirs).collect();
        let wanted = Tensor::<2>::from_data(TensorData::new(wanted, [all, theirs]), &device);
        let off = map.forward(features, &Pass::inference()).sub(wanted);
        off.clone().mul(off).sum().div_scalar(members as f64 * squares.max(f64::MIN_POSITIVE))
    }
}

/// How much the rows of a batch count together for a lesson.
pub(super) fn weight_of_rows(batch: &Batch) -> f64 {
    let weights = batch.weights.as_ref();
    weights.map_or(batch.len() as f64, |weights| weights.iter().map(|&weight| f64::from(weight)).sum())
}

/// The weight of each output row: those of rows repeat for each member.
fn row_weights(weights: Option<&[f32]>, rows: usize) -> Vec<f32> {
    weights.map_or_else(|| vec![1.0; rows], |weights| weights.iter().copied().cycle().take(rows).collect())
}

/// `T^2` times the sum of the rows' `KL(teacher || student)`, over `divisor` and the number of members.
///
/// # Shapes
/// `outputs` is `[members * rows, classes]`, `logits` the teacher's, `rows x classes`.
fn divergence(
    outputs: Tensor<2>,
    logits: &[f32],
    weights: Option<&[f32]>,
    temperature: f64,
    divisor: f64,
) -> Tensor<1> {
    let [all, classes] = outputs.dims();
    let cooled: Vec<f32> = logits.iter().map(|&logit| (f64::from(logit) / temperature) as f32).collect();
    let shares = probabilities(&cooled, classes);
    let members = (all * classes).checked_div(shares.len()).unwrap_or(1).max(1);
    let divisor = divisor * members as f64;
    let mut wanted: Vec<f32> = Vec::with_capacity(all * classes);
    let mut entropy = 0.0;
    for (shares, weight) in shares.chunks_exact(classes.max(1)).cycle().zip(row_weights(weights, all)) {
        let logs = shares.iter().filter(|&&share| share > 0.0).map(|share| share * share.ln());
        entropy -= f64::from(weight) * logs.sum::<f64>();
        wanted.extend(shares.iter().map(|&share| share as f32 * weight));
    }
    let crossed = cross_entropy(outputs.div_scalar(temperature), wanted, divisor);
    crossed.sub_scalar(entropy / divisor).mul_scalar(temperature.powi(2))
}

/// The sum of the rows' squared differences, over `divisor` and the number of members.
fn difference(outputs: Tensor<2>, numbers: Vec<f32>, weights: Option<&[f32]>, divisor: f64) -> Tensor<1> {
    let [all, columns] = outputs.dims();
    let members = (all * columns).checked_div(numbers.len()).unwrap_or(1).max(1);
    let device = outputs.device();
    let wanted: Vec<f32> = numbers.into_iter().cycle().take(all * columns).collect();
    let wanted = Tensor::<2>::from_data(TensorData::new(wanted, [all, columns]), &device);
    let error = outputs.sub(wanted);
    let weights = Tensor::<2>::from_data(TensorData::new(row_weights(weights, all), [all, 1]), &device);
    error.clone().mul(error).mul(weights).sum().div_scalar(divisor * members as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEACHER: [f32; 6] = [2.0, 0.0, -1.0, 0.5, 0.5, 3.0];
    const STUDENT: [f32; 6] = [1.0, 1.0, 0.0, -1.0, 2.0, 0.0];
    const T: f64 = 3.0;

    fn student(rows: usize) -> Tensor<2> {
        let values: Vec<f32> = STUDENT.iter().copied().cycle().take(rows * 3).collect();
        Tensor::from_data(TensorData::new(values, [rows, 3]), &Device::flex().autodiff())
    }

    fn value(loss: &Tensor<1>) -> f64 {
        f64::from(host(loss.clone().inner())[0])
    }

    /// The softmax of logits over the temperature.
    fn shares(logits: &[f32]) -> Vec<f64> {
        let cooled: Vec<f32> = logits.iter().map(|&logit| logit / T as f32).collect();
        probabilities(&cooled, 3)
    }

    #[test]
    fn the_distance_is_hintons_and_its_gradient_the_difference_of_the_shares() {
        let (teacher, own) = (shares(&TEACHER), shares(&STUDENT));
        let of_row = |row: usize| -> f64 {
            (3 * row..3 * row + 3).map(|at| teacher[at] * (teacher[at] / own[at]).ln()).sum()
        };
        let weights = [1.0f32, 2.0];
        let wanted = T * T * (of_row(0) + 2.0 * of_row(1)) / 3.0;
        let outputs = student(2).require_grad();
        let found = divergence(outputs.clone(), &TEACHER, Some(&weights), T, 3.0);
        assert!((value(&found) - wanted).abs() < 1e-5, "{} for {wanted}", value(&found));
        let slopes = host(outputs.grad(&found.backward()).unwrap());
        for (at, slope) in slopes.iter().enumerate() {
            let wanted = T * f64::from(weights[at / 3]) * (own[at] - teacher[at]) / 3.0;
            assert!((f64::from(*slope) - wanted).abs() < 1e-5, "{at}: {slope} for {wanted}");
        }
        // Two members that say the same are as far away as one.
        let members = divergence(student(4), &TEACHER, Some(&weights), T, 3.0);
        assert!((value(&members) - wanted).abs() < 1e-5);
    }

    #[test]
    fn who_says_what_the_teacher_says_has_nothing_to_learn() {
        let same = Tensor::from_data(TensorData::new(TEACHER.to_vec(), [2, 3]), &Device::flex().autodiff());
        assert!(value(&divergence(same, &TEACHER, None, T, 2.0)).abs() < 1e-5);
    }

    #[test]
    fn numbers_are_compared_by_their_squares() {
        let outputs = Tensor::from_data([[1.0], [3.0], [1.0], [3.0]], &Device::flex().autodiff());
        let found = difference(outputs, vec![0.0, 5.0], Some(&[1.0, 0.5]), 1.5);
        // (1 + 4 / 2) / 1.5, for both of two members.
        assert!((value(&found) - 2.0).abs() < 1e-6, "{}", value(&found));
    }

    #[test]
    fn a_picture_that_one_scaled_is_what_the_other_would_have_scaled() {
        let encoding = |mean: [f32; 2], deviation: [f32; 2]| ImageEncoding {
            side: 1,
            resized: 1,
            channels: plumb_data::pictures::Channels::Grey,
            mean: mean.to_vec(),
            deviation: deviation.to_vec(),
        };
        let (from, to) = (encoding([0.5, 0.25], [0.5, 2.0]), encoding([0.1, -1.0], [0.25, 4.0]));
        let of =
            |raw: [f32; 2], by: &ImageEncoding| [0, 1].map(|at| (raw[at] - by.mean[at]) / by.deviation[at]);
        let raw = [0.7, 0.9];
        let seen = Tensor::from_data(TensorData::new(of(raw, &from).to_vec(), [1, 2, 1, 1]), &Device::flex());
        for (found, wanted) in host(encoded_anew(seen, &from, &to)).into_iter().zip(of(raw, &to)) {
            assert!((found - wanted).abs() < 1e-6, "{found} for {wanted}");
        }
    }
}
