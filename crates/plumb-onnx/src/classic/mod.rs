//! Classical models: a graph of operators on tables, computed node by node.
//!
//! One file for each family of operators, one row for each operator in [`OPERATORS`]. Semantics are those of ONNX Runtime, with which
//! the golden files are made.

mod categories;
mod cut;
mod linear;
mod logic;
mod math;
mod owners;
mod paths;
mod reduce;
mod scale;
mod shapes;
mod slice;
mod svm;
mod trees;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use shapes::shape_of;

use trees::Ensemble;

pub use cut::{Cut, Encoded, Owned, Tell};

use crate::graph::{CLASSIC, Parsed};
use crate::proto::Node;
use crate::{OnnxError, Tensor};

/// What an operator has computed: its outputs, in order.
type Outputs = Result<Vec<Tensor>, OnnxError>;

/// An operator: from its node and its inputs to its outputs. An input that is left out is none.
type Compute = fn(&Node, &[Option<&Tensor>]) -> Outputs;

/// Operators of the domain `ai.onnx.ml`, then those of ONNX itself. Ensembles of trees are laid out once instead ([`Ensemble`]).
static OPERATORS: &[(&str, Compute)] = &[
    ("ArrayFeatureExtractor", shapes::array_feature_extractor),
    ("Binarizer", scale::binarizer),
    ("CategoryMapper", categories::category_mapper),
    ("FeatureVectorizer", shapes::feature_vectorizer),
    ("Imputer", scale::imputer),
    ("LabelEncoder", categories::label_encoder),
    ("LinearClassifier", linear::classifier),
    ("LinearRegressor", linear::regressor),
    ("Normalizer", scale::normalizer),
    ("OneHotEncoder", categories::one_hot_encoder),
    ("SVMClassifier", svm::classifier),
    ("SVMRegressor", svm::regressor),
    ("Scaler", scale::scaler),
    ("Abs", math::abs),
    ("Add", math::add),
    ("And", logic::and),
    ("ArgMax", reduce::arg_max),
    ("ArgMin", reduce::arg_min),
    ("Cast", shapes::cast),
    ("Clip", math::clip),
    ("Concat", shapes::concat),
    ("Constant", shapes::constant),
    ("ConstantOfShape", shapes::constant_of_shape),
    ("Cos", math::cos),
    ("Div", math::div),
    ("Dropout", shapes::identity),
    ("Equal", logic::equal),
    ("Erf", math::erf),
    ("Exp", math::exp),
    ("Expand", slice::expand),
    ("Flatten", shapes::reshape),
    ("Gather", shapes::gather),
    ("Gemm", math::gemm),
    ("Greater", logic::greater),
    ("GreaterOrEqual", logic::greater_or_equal),
    ("Identity", shapes::identity),
    ("IsNaN", logic::is_nan),
    ("LayerNormalization", scale::layer_normalization),
    ("Less", logic::less),
    ("LessOrEqual", logic::less_or_equal),
    ("Log", math::log),
    ("MatMul", math::mat_mul),
    ("Max", math::max),
    ("Min", math::min),
    ("Mod", math::modulo),
    ("Mul", math::mul),
    ("Neg", math::neg),
    ("Not", logic::not),
    ("Or", logic::or),
    ("Pow", math::pow),
    ("Reciprocal", math::reciprocal),
    ("ReduceMax", reduce::max),
    ("ReduceMean", reduce::mean),
    ("ReduceMin", reduce::min),
    ("ReduceSum", reduce::sum),
    ("ReduceSumSquare", reduce::sum_square),
    ("Relu", math::relu),
    ("Reshape", shapes::reshape),
    ("Selu", math::selu),
    ("Shape", shapes::shape),
    ("Sigmoid", math::sigmoid),
    ("Slice", slice::slice),
    ("Softmax", math::softmax),
    ("Softplus", math::softplus),
    ("Split", slice::split),
    ("Sqrt", math::sqrt),
    ("Squeeze", shapes::reshape),
    ("Sub", math::sub),
    ("Sum", math::sum),
    ("Tanh", math::tanh),
    ("Transpose", shapes::transpose),
    ("Unsqueeze", shapes::reshape),
    ("Where", logic::choose),
];

/// A graph whose operators are all known.
#[derive(Debug)]
pub(crate) struct Classic {
    nodes: Vec<(Node, Kernel)>,
    constants: BTreeMap<String, Tensor>,
}

/// How a node is computed: by its operator each time, or by what was made of its attributes once.
pub(crate) enum Kernel {
    Plain(Compute),
    Trees(Ensemble),
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Trees(_) => "Trees",
        })
    }
}

impl Kernel {
    /// What computes a node; an error where no operator of that name is known.
    pub(crate) fn of(node: &Node) -> Result<Self, OnnxError> {
        if node.op_type == "ZipMap" && node.domain == CLASSIC {
            return Ok(Self::Plain(shapes::identity as Compute));
        }
        if let Some(ensemble) = Ensemble::of(node).transpose()? {
            return Ok(Self::Trees(ensemble));
        }
        let found = OPERATORS.iter().find(|(name, _)| *name == node.op_type);
        let found = found.ok_or_else(|| OnnxError::Operator(node.op_type.clone()))?;
        Ok(Self::Plain(found.1))
    }

    pub(crate) fn compute(&self, node: &Node, given: &[Option<&Tensor>]) -> Outputs {
        match self {
            Self::Plain(compute) => compute(node, given),
            Self::Trees(ensemble) => ensemble.run(node, given),
        }
    }

    /// Computes a node from tensors by name.
    fn run<'t>(&self, node: &Node, find: &dyn Fn(&str) -> Option<&'t Tensor>) -> Outputs {
        let given = |name: &String| match name.as_str() {
            "" => Ok(None),
            name => find(name).map(Some).ok_or_else(|| OnnxError::NoName(name.to_owned())),
        };
        self.compute(node, &node.input.iter().map(given).collect::<Result<Vec<_>, _>>()?)
    }
}

/// Whether there is an operator for a node.
pub(crate) fn knows(node: &Node) -> bool {
    OPERATORS.iter().any(|(name, _)| *name == node.op_type)
}

impl Classic {
    /// Looks up every operator; one that is not known is an error here and not when it is needed.
    pub(crate) fn new(parsed: Parsed) -> Result<Self, OnnxError> {
        Self::of(parsed.nodes, parsed.constants)
    }

    /// The same of nodes and constants.
    pub(crate) fn of(nodes: Vec<Node>, constants: BTreeMap<String, Tensor>) -> Result<Self, OnnxError> {
        let kernel = |node: Node| Kernel::of(&node).map(|kernel| (node, kernel));
        let nodes = nodes.into_iter().map(kernel).collect::<Result<_, _>>()?;
        Ok(Self { nodes, constants })
    }

    /// Computes what the outputs need, in the order of the file, which ONNX asks to be one in which inputs come first.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let mut known: BTreeMap<String, Tensor> = inputs.into_iter().collect();
        let needed = self.needed(outputs);
        for (node, kernel) in &self.nodes {
            if !node.output.iter().any(|name| needed.contains(name.as_str())) {
                continue;
            }
            let find = |name: &str| known.get(name).or_else(|| self.constants.get(name));
            let found = kernel.run(node, &find)?;
            known.extend(node.output.iter().cloned().zip(found));
        }
        let answer =
            |name: &&str| known.get(*name).cloned().ok_or_else(|| OnnxError::NoName((*name).to_owned()));
        outputs.iter().map(answer).collect()
    }

    /// The names that outputs follow from.
    fn needed<'a>(&'a self, outputs: &[&'a str]) -> BTreeSet<&'a str> {
        let mut needed: BTreeSet<&str> = outputs.iter().copied().collect();
        for (node, _) in self.nodes.iter().rev() {
            if node.output.iter().any(|name| needed.contains(name.as_str())) {
                needed.extend(node.input.iter().map(String::as_str));
            }
        }
        needed
    }
}

/// The input at a place, which must be there.
fn input<'a>(node: &Node, inputs: &[Option<&'a Tensor>], place: usize) -> Result<&'a Tensor, OnnxError> {
    inputs.get(place).copied().flatten().ok_or_else(|| node.wrong(format!("input {place} is missing")))
}

/// Scores of classes after a transformation: those of `post_transform`.
fn transform(scores: &mut [f32], how: &str) {
    match how {
        "LOGISTIC" => scores.iter_mut().for_each(|x| *x = logistic(*x)),
        "SOFTMAX" => softmax(scores, |_| true),
        "SOFTMAX_ZERO" => softmax(scores, |x| x != 0.0),
        "PROBIT" => scores.iter_mut().for_each(|x| *x = probit(*x)),
        _ => {}
    }
}

fn probit(x: f32) -> f32 {
    std::f32::consts::SQRT_2 * inverse_erf(2.0 * x - 1.0)
}

fn logistic(x: f32) -> f32 {
    let v = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - v } else { v }
}

fn softmax(scores: &mut [f32], counts: impl Fn(f32) -> bool) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for x in scores.iter_mut().filter(|x| counts(**x)) {
        *x = (*x - top).exp();
        total += *x;
    }
    for x in scores.iter_mut() {
        *x /= total;
    }
}

/// The inverse of the error function to about 0.002, the approximation that ONNX Runtime uses (Winitzki 2008).
fn inverse_erf(x: f32) -> f32 {
    let (sign, log) = (if x < 0.0 { -1.0 } else { 1.0 }, ((1.0 - x) * (1.0 + x)).ln());
    let v = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    sign * (-v + (v * v - log / 0.147).sqrt()).sqrt()
}

/// Scores of a row from the score of one class of two, as ONNX Runtime writes them: `is_share` says that the score is a probability.
fn two_classes(score: f32, how: &str, is_share: bool) -> [f32; 2] {
    match (how, is_share) {
        ("PROBIT", _) => {
            let p = probit(score);
            [1.0 - p, p]
        }
        (_, true) => [1.0 - score, score],
        ("LOGISTIC", false) => [logistic(-score), logistic(score)],
        _ => [-score, score],
    }
}

/// The labels of rows by their largest score, as the model names classes.
fn labels(node: &Node, best: impl Iterator<Item = usize>) -> Outputs {
    let texts = node.strings("classlabels_strings");
    let best: Vec<usize> = best.collect();
    let values = if texts.is_empty() {
        let names = [node.ints("classlabels_int64s"), node.ints("classlabels_ints")].concat();
        crate::Values::Whole(
            best.iter().map(|&class| names.get(class).copied().unwrap_or(class as i64)).collect(),
        )
    } else {
        crate::Values::Texts(
            best.iter().map(|&class| texts.get(class).cloned().unwrap_or_default()).collect(),
        )
    };
    Ok(vec![Tensor::new(vec![best.len()], values)?])
}

/// The place of the largest score, the first among equals.
fn largest(scores: &[f32]) -> usize {
    scores.iter().enumerate().fold(0, |best, (at, x)| if *x > scores[best] { at } else { best })
}
