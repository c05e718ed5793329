//! Ensembles of trees: random forests, gradient boosting, of any library.
//!
//! The nodes are laid out once as plain arrays; rows go through in blocks, tree by tree, so that a tree stays in the nearest cache.

use rayon::prelude::*;
use std::collections::HashMap;

use super::{Outputs, input, labels, largest, transform, two_classes};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// Rows that go through a tree before the next tree.
const BLOCK: usize = 64;

/// What a node asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
    Leaf,
}

/// A node: where it goes, or of a leaf which weights it has.
#[derive(Debug, Clone, Copy)]
struct Branch {
    feature: u32,
    value: f32,
    test: Test,
    /// Where a missing value goes.
    missing_is_true: bool,
    /// The next node where the answer is yes; of a leaf the first of its weights.
    yes: u32,
    /// Where it is no; of a leaf the end of its weights.
    no: u32,
}

/// How the leaves of all trees come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// An ensemble, laid out.
pub(super) struct Ensemble {
    nodes: Vec<Branch>,
    roots: Vec<u32>,
    /// Weights of leaves: the class or target, and the weight.
    weights: Vec<(u32, f32)>,
    base: Vec<f32>,
    targets: usize,
    aggregate: Aggregate,
    is_classifier: bool,
    /// Whether the leaves speak of one class of two alone.
    is_binary: bool,
    /// Whether no weight is negative: the score is a share then.
    all_positive: bool,
    features: usize,
}

impl Ensemble {
    /// Lays the trees of a node out; none where it has none.
    pub(super) fn of(node: &Node) -> Option<Result<Self, OnnxError>> {
        match node.op_type.as_str() {
            "TreeEnsembleClassifier" => Some(Self::laid_out(node, "class")),
            "TreeEnsembleRegressor" => Some(Self::laid_out(node, "target")),
            _ => None,
        }
    }

    fn laid_out(node: &Node, leaf: &str) -> Result<Self, OnnxError> {
        let (trees, ids) = (node.ints("nodes_treeids"), node.ints("nodes_nodeids"));
        let (features, values) = (node.ints("nodes_featureids"), node.floats("nodes_values")?);
        let (yes, no) = (node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids"));
        let modes = node.list("nodes_modes").map(|of| of.strings.as_slice()).unwrap_or_default();
        let missing = node.ints("nodes_missing_value_tracks_true");
        let count = ids.len();
        let lengths = [trees.len(), features.len(), values.len(), yes.len(), no.len(), modes.len()];
        if lengths.iter().any(|&length| length != count) || u32::try_from(count).is_err() {
            return Err(node.wrong("the lists of nodes differ in length"));
        }
        let places: HashMap<(i64, i64), u32> =
            trees.iter().copied().zip(ids.iter().copied()).zip(0..).collect();
        let weights = leaves(node, leaf, &places, count)?;
        let place = |tree: i64, id: i64| {
            places
                .get(&(tree, id))
                .copied()
                .ok_or_else(|| node.wrong(format!("tree {tree} has no node {id}")))
        };
        let mut nodes = Vec::with_capacity(count);
        let mut is_child = vec![false; count];
        for at in 0..count {
            let test = test(&modes[at]).ok_or_else(|| node.wrong("a mode that is not known"))?;
            let (yes, no) = if test == Test::Leaf {
                weights.ranges[at]
            } else {
                let both = (place(trees[at], yes[at])?, place(trees[at], no[at])?);
                // A child comes after no node that it leads to: a cycle would never end.
                if both.0 as usize == at
                    || both.1 as usize == at
                    || is_child[both.0 as usize]
                    || is_child[both.1 as usize] && both.0 != both.1
                {
                    return Err(node.wrong("a node with two parents"));
                }
                is_child[both.0 as usize] = true;
                is_child[both.1 as usize] = true;
                both
            };
            let feature =
                u32::try_from(features[at]).map_err(|_negative| node.wrong("a negative feature"))?;
            let missing_is_true = missing.get(at).is_some_and(|&tracks| tracks != 0);
            nodes.push(Branch { feature, value: values[at], test, missing_is_true, yes, no });
        }
        let roots = (0..count).filter(|&at| !is_child[at]).map(|at| at as u32).collect();
        let is_classifier = leaf == "class";
        let labels = node.strings("classlabels_strings").len().max(node.ints("classlabels_int64s").len());
        let targets = if is_classifier { labels.max(1) } else { node.int("n_targets", 1).max(1) as usize };
        if weights.all.iter().any(|&(target, _)| target as usize >= targets) {
            return Err(node.wrong("a leaf speaks of a class that is not there"));
        }
        let first = weights.all.first().map(|&(class, _)| class);
        let is_binary =
            is_classifier && targets == 2 && weights.all.iter().all(|&(class, _)| Some(class) == first);
        let branches = nodes.iter().filter(|branch| branch.test != Test::Leaf);
        Ok(Self {
            features: branches.map(|branch| branch.feature as usize + 1).max().unwrap_or(0),
            all_positive: weights.all.iter().all(|&(_, weight)| weight >= 0.0),
            weights: weights.all,
            base: node.floats("base_values")?,
            aggregate: aggregate(&node.string("aggregate_function")),
            nodes,
            roots,
            targets,
            is_classifier,
            is_binary,
        })
    }

    /// The outputs of the operator.
    pub(super) fn run(&self, node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
        let x = input(node, inputs, 0)?;
        let (values, width, rows) = (x.floats(&node.op_type)?, x.width(), x.rows());
        if width < self.features {
            return Err(
                node.wrong(format!("the trees ask for {} features, a row has {width}", self.features))
            );
        }
        let mut scores = vec![0.0f32; rows * self.targets];
        scores
            .par_chunks_mut(BLOCK * self.targets)
            .zip(values.par_chunks(BLOCK * width.max(1)))
            .for_each(|(scores, values)| self.block(scores, values, width));
        let how = node.string("post_transform");
        if !self.is_classifier {
            scores.chunks_exact_mut(self.targets).for_each(|row| transform(row, &how));
            return Ok(vec![Tensor::new(vec![rows, self.targets], Values::Floats(scores))?]);
        }
        if self.is_binary {
            return self.two(node, &scores, rows, &how);
        }
        let mut outputs = labels(node, scores.chunks_exact(self.targets).map(largest))?;
        scores.chunks_exact_mut(self.targets).for_each(|row| transform(row, &how));
        outputs.push(Tensor::new(vec![rows, self.targets], Values::Floats(scores))?);
        Ok(outputs)
    }

    /// Scores of one class of two, whichever the leaves name.
    fn two(&self, node: &Node, scores: &[f32], rows: usize, how: &str) -> Outputs {
        let score = |row: &[f32]| row.iter().sum::<f32>();
        let border = if self.all_positive { 0.5 } else { 0.0 };
        let best = scores.chunks_exact(2).map(|row| usize::from(score(row) > border));
        let mut outputs = labels(node, best)?;
        let two =
            scores.chunks_exact(2).flat_map(|row| two_classes(score(row), how, self.all_positive)).collect();
        outputs.push(Tensor::new(vec![rows, 2], Values::Floats(two))?);
        Ok(outputs)
    }

    /// The scores of some rows. Sums are kept in 64 bits: trees are many and their leaves small.
    fn block(&self, scores: &mut [f32], values: &[f32], width: usize) {
        let start = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => 0.0,
            Aggregate::Min => f64::INFINITY,
            Aggregate::Max => f64::NEG_INFINITY,
        };
        let mut sums = vec![start; scores.len()];
        for &root in &self.roots {
            for (row, sums) in values.chunks_exact(width.max(1)).zip(sums.chunks_exact_mut(self.targets)) {
                for &(target, weight) in self.leaf(root, row) {
                    let (sum, weight) = (&mut sums[target as usize], f64::from(weight));
                    *sum = match self.aggregate {
                        Aggregate::Sum | Aggregate::Average => *sum + weight,
                        Aggregate::Min => sum.min(weight),
                        Aggregate::Max => sum.max(weight),
                    };
                }
            }
        }
        let trees = if self.aggregate == Aggregate::Average { self.roots.len().max(1) as f64 } else { 1.0 };
        for (row, sums) in scores.chunks_exact_mut(self.targets).zip(sums.chunks_exact(self.targets)) {
            for (at, (score, sum)) in row.iter_mut().zip(sums).enumerate() {
                let sum = if sum.is_finite() { sum / trees } else { 0.0 };
                *score = (sum + f64::from(self.offset(at))) as f32;
            }
        }
    }

    /// What a score begins with. Of two classes of which the leaves name one, the one base value belongs to it, once.
    fn offset(&self, target: usize) -> f32 {
        if !self.is_binary {
            return self.base.get(target).copied().unwrap_or(0.0);
        }
        let base =
            if self.base.len() == 2 { self.base[1] } else { self.base.first().copied().unwrap_or(0.0) };
        if target == 1 { base } else { 0.0 }
    }

    /// The weights of the leaf that a row falls into.
    fn leaf(&self, root: u32, row: &[f32]) -> &[(u32, f32)] {
        let mut branch = self.nodes[root as usize];
        while branch.test != Test::Leaf {
            let x = row[branch.feature as usize];
            let is_true = match branch.test {
                Test::LessOrEqual => x <= branch.value,
                Test::Less => x < branch.value,
                Test::GreaterOrEqual => x >= branch.value,
                Test::Greater => x > branch.value,
                Test::Equal => (x - branch.value).abs() <= 0.0,
                Test::NotEqual => (x - branch.value).abs() > 0.0,
                Test::Leaf => false,
            };
            let is_true = is_true || branch.missing_is_true && x.is_nan();
            branch = self.nodes[if is_true { branch.yes } else { branch.no } as usize];
        }
        &self.weights[branch.yes as usize..branch.no as usize]
    }
}

/// Weights of all leaves, and where those of each node stand.
struct Leaves {
    all: Vec<(u32, f32)>,
    ranges: Vec<(u32, u32)>,
}

fn leaves(
    node: &Node,
    leaf: &str,
    places: &HashMap<(i64, i64), u32>,
    count: usize,
) -> Result<Leaves, OnnxError> {
    let (trees, ids) = (node.ints(&format!("{leaf}_treeids")), node.ints(&format!("{leaf}_nodeids")));
    let (targets, weights) = (node.ints(&format!("{leaf}_ids")), node.floats(&format!("{leaf}_weights"))?);
    if [trees.len(), ids.len(), targets.len()].iter().any(|&length| length != weights.len()) {
        return Err(node.wrong("the lists of leaves differ in length"));
    }
    let mut of_nodes: Vec<Vec<(u32, f32)>> = vec![Vec::new(); count];
    for at in 0..weights.len() {
        let place = places.get(&(trees[at], ids[at])).ok_or_else(|| node.wrong("a leaf that is no node"))?;
        let target = u32::try_from(targets[at]).map_err(|_negative| node.wrong("a negative class"))?;
        of_nodes[*place as usize].push((target, weights[at]));
    }
    let (mut all, mut ranges) = (Vec::with_capacity(weights.len()), Vec::with_capacity(count));
    for own in of_nodes {
        let from = all.len() as u32;
        all.extend(own);
        ranges.push((from, all.len() as u32));
    }
    Ok(Leaves { all, ranges })
}

fn test(mode: &[u8]) -> Option<Test> {
    Some(match mode {
        b"BRANCH_LEQ" => Test::LessOrEqual,
        b"BRANCH_LT" => Test::Less,
        b"BRANCH_GTE" => Test::GreaterOrEqual,
        b"BRANCH_GT" => Test::Greater,
        b"BRANCH_EQ" => Test::Equal,
        b"BRANCH_NEQ" => Test::NotEqual,
        b"LEAF" => Test::Leaf,
        _ => return None,
    })
}

fn aggregate(name: &str) -> Aggregate {
    match name {
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        _ => Aggregate::Sum,
    }
}
