//! Which player each feature of an encoded row comes from, where encoders work column by column.
//!
//! A few rows whose values are the numbers of their owners go through the operators that only move values, as they are. Operators that
//! compute element by element keep the owner where all that goes in has the same. Anything else has no owner.

use super::math::{broadcast, places};
use super::{Compute, input};
use crate::proto::Node;
use crate::{Tensor, Values};

/// Rows that are followed; each has owners of its own, so that what mixes rows is seen.
const ROWS: usize = 3;
/// Between the owners of two rows.
const APART: i64 = 1 << 32;
/// No owner: constant.
const NOBODY: i64 = -1;

/// What an operator does to owners.
enum Rule {
    Moves,
    Each,
    OneHot,
}

static RULES: &[(&str, Rule)] = &[
    ("ArrayFeatureExtractor", Rule::Moves),
    ("Concat", Rule::Moves),
    ("FeatureVectorizer", Rule::Moves),
    ("Flatten", Rule::Moves),
    ("Gather", Rule::Moves),
    ("Identity", Rule::Moves),
    ("Reshape", Rule::Moves),
    ("Squeeze", Rule::Moves),
    ("Transpose", Rule::Moves),
    ("Unsqueeze", Rule::Moves),
    ("OneHotEncoder", Rule::OneHot),
    ("Abs", Rule::Each),
    ("Add", Rule::Each),
    ("And", Rule::Each),
    ("Binarizer", Rule::Each),
    ("Cast", Rule::Each),
    ("CategoryMapper", Rule::Each),
    ("Clip", Rule::Each),
    ("Div", Rule::Each),
    ("Equal", Rule::Each),
    ("Exp", Rule::Each),
    ("Greater", Rule::Each),
    ("GreaterOrEqual", Rule::Each),
    ("Imputer", Rule::Each),
    ("IsNaN", Rule::Each),
    ("LabelEncoder", Rule::Each),
    ("Less", Rule::Each),
    ("LessOrEqual", Rule::Each),
    ("Log", Rule::Each),
    ("Max", Rule::Each),
    ("Min", Rule::Each),
    ("Mul", Rule::Each),
    ("Neg", Rule::Each),
    ("Not", Rule::Each),
    ("Or", Rule::Each),
    ("Pow", Rule::Each),
    ("Reciprocal", Rule::Each),
    ("Relu", Rule::Each),
    ("Scaler", Rule::Each),
    ("Sigmoid", Rule::Each),
    ("Sqrt", Rule::Each),
    ("Sub", Rule::Each),
    ("Sum", Rule::Each),
    ("Tanh", Rule::Each),
    ("Where", Rule::Each),
];

/// What goes into an operator.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    /// The same for every row.
    Constant(&'a Tensor),
    /// Owners, row by row.
    Owners(&'a Tensor),
}

impl<'a> Given<'a> {
    /// The tensor.
    pub(super) fn tensor(self) -> &'a Tensor {
        match self {
            Self::Constant(tensor) | Self::Owners(tensor) => tensor,
        }
    }

    fn is_constant(self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

/// Rows of an input of the model: the player of each of its columns.
pub(super) fn rows(players: &[u32], is_wide: bool) -> Option<Tensor> {
    let row = |at: usize| players.iter().map(move |&player| i64::from(player) + at as i64 * APART);
    let shape = if is_wide { vec![ROWS, players.len()] } else { vec![ROWS] };
    Tensor::new(shape, Values::Whole((0..ROWS).flat_map(row).collect())).ok()
}

/// The owners of what an operator computes; none where an element has several, or rows do not stay rows.
pub(super) fn of(node: &Node, compute: Compute, given: &[Option<Given<'_>>]) -> Option<Tensor> {
    let rule = RULES.iter().find(|(name, _)| *name == node.op_type).map(|(_, rule)| rule);
    let rule = rule.or_else(|| (node.op_type == "ZipMap").then_some(&Rule::Moves))?;
    let found = match rule {
        Rule::Moves => moved(node, compute, given)?,
        Rule::Each => each(node, given)?,
        Rule::OneHot => one_hot(node, given)?,
    };
    are_rows(&found).then_some(found)
}

/// The players of the features of a row.
pub(super) fn players(owners: &Tensor) -> Option<Vec<Option<u32>>> {
    let row = whole(owners)?.get(..owners.width())?;
    Some(row.iter().map(|&owner| u32::try_from(owner).ok()).collect())
}

fn whole(tensor: &Tensor) -> Option<&[i64]> {
    match tensor.values() {
        Values::Whole(values) => Some(values),
        _ => None,
    }
}

/// Whether every row is the first but for the distance between owners.
fn are_rows(found: &Tensor) -> bool {
    let width = found.width();
    let Some((values, rows)) = whole(found).filter(|_| width > 0).map(|values| (values, found.rows())) else {
        return false;
    };
    let same = |(at, &value): (usize, &i64)| match values[at % width] {
        NOBODY => value == NOBODY,
        first => value == first + (at / width) as i64 * APART,
    };
    rows == ROWS && values.iter().enumerate().all(same)
}

fn moved(node: &Node, compute: Compute, given: &[Option<Given<'_>>]) -> Option<Tensor> {
    // What joins takes only what has rows; what picks along the first axis picks rows.
    let joins = matches!(node.op_type.as_str(), "Concat" | "FeatureVectorizer");
    let constants = given.iter().flatten().filter(|given| given.is_constant()).count();
    let is_first = given.first().copied().flatten().is_some_and(|given| !given.is_constant());
    let only_first = constants + 1 == given.iter().flatten().count();
    if !(if joins { constants == 0 } else { is_first && only_first }) {
        return None;
    }
    if node.op_type == "Gather" && node.int("axis", 0) == 0 {
        return None;
    }
    let tensors: Vec<Option<&Tensor>> = given.iter().map(|given| given.map(Given::tensor)).collect();
    let found = compute(node, &tensors).ok()?.into_iter().next()?;
    // What becomes numbers of 32 bits does not hold owners of later rows.
    match found.values() {
        Values::Floats(_) => joined(node, &tensors),
        _ => Some(found),
    }
}

/// Columns side by side, where the operator would make them floating point numbers.
fn joined(node: &Node, tensors: &[Option<&Tensor>]) -> Option<Tensor> {
    if node.op_type != "FeatureVectorizer" {
        return None;
    }
    let parts: Vec<(&[i64], usize)> = tensors
        .iter()
        .flatten()
        .map(|tensor| Some((whole(tensor)?, tensor.width())))
        .collect::<Option<_>>()?;
    let row = |at: usize| {
        parts
            .iter()
            .map(move |(values, width)| values.get(at * width..(at + 1) * width))
            .collect::<Option<Vec<_>>>()
    };
    let rows: Vec<i64> =
        (0..ROWS).map(|at| row(at).map(|row| row.concat())).collect::<Option<Vec<_>>>()?.concat();
    Tensor::new(vec![ROWS, rows.len() / ROWS], Values::Whole(rows)).ok()
}

fn each(node: &Node, given: &[Option<Given<'_>>]) -> Option<Tensor> {
    let mut found: Option<Tensor> = None;
    for given in given.iter().flatten() {
        let own = match given {
            Given::Constant(tensor) => {
                Tensor::new(tensor.shape().to_vec(), Values::Whole(vec![NOBODY; tensor.values().len()]))
                    .ok()?
            }
            Given::Owners(tensor) => (*tensor).clone(),
        };
        found = Some(match found {
            None => own,
            Some(found) => both(node, &found, &own)?,
        });
    }
    found
}

/// The owners of pairs of elements.
fn both(node: &Node, a: &Tensor, b: &Tensor) -> Option<Tensor> {
    let shape = broadcast(node, a.shape(), b.shape()).ok()?;
    let (of_a, of_b) = (places(a.shape(), &shape), places(b.shape(), &shape));
    let (a, b) = (whole(a)?, whole(b)?);
    let owner = |(&x, &y): (&usize, &usize)| match (*a.get(x)?, *b.get(y)?) {
        (NOBODY, owner) | (owner, NOBODY) => Some(owner),
        (one, other) => (one == other).then_some(one),
    };
    let owners = of_a.iter().zip(&of_b).map(owner).collect::<Option<Vec<_>>>()?;
    Tensor::new(shape, Values::Whole(owners)).ok()
}

fn one_hot(node: &Node, given: &[Option<Given<'_>>]) -> Option<Tensor> {
    let tensors: Vec<Option<&Tensor>> = given.iter().map(|given| given.map(Given::tensor)).collect();
    let x = input(node, &tensors, 0).ok()?;
    let count = node.strings("cats_strings").len().max(node.ints("cats_int64s").len());
    let owners = whole(x)?.iter().flat_map(|&owner| std::iter::repeat_n(owner, count)).collect();
    Tensor::new(x.shape().iter().copied().chain([count]).collect(), Values::Whole(owners)).ok()
}
