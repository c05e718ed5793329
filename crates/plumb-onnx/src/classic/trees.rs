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

/// Questions up to which all rows of a block walk in step.
const SHALLOW: u32 = 12;

/// What a node of the file asks.
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

/// A node as it is walked: every question is whether a feature is at most a value. A leaf leads to itself.
#[derive(Debug, Clone, Copy)]
struct Branch {
    feature: u32,
    value: f32,
    /// The next node where the answer is yes, and where it is no.
    next: [u32; 2],
    /// Whether a missing value goes where yes goes.
    missing_is_yes: bool,
}

impl Branch {
    /// Where a row goes from here.
    #[inline]
    fn step(&self, row: &[f32]) -> u32 {
        let x = row[self.feature as usize];
        let is_yes = (x <= self.value) | (self.missing_is_yes & x.is_nan());
        self.next[usize::from(!is_yes)]
    }

    fn leaf(place: u32) -> Self {
        Self { feature: 0, value: 0.0, next: [place; 2], missing_is_yes: false }
    }
}

/// A tree: where it begins, and how many questions its deepest leaf is away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) root: u32,
    depth: u32,
}

/// How the leaves of all trees come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// An ensemble, laid out.
pub(crate) struct Ensemble {
    nodes: Vec<Branch>,
    /// How many nodes the file has; those beyond are second questions.
    own: u32,
    pub(super) trees: Vec<Tree>,
    /// Of each node where the weights of its leaf begin and end.
    pub(super) leaves: Vec<(u32, u32)>,
    /// Weights of leaves: the class or target, and the weight.
    pub(super) weights: Vec<(u32, f32)>,
    base: Vec<f32>,
    pub(super) targets: usize,
    pub(super) aggregate: Aggregate,
    is_classifier: bool,
    /// Whether the leaves speak of one class of two alone.
    pub(super) is_binary: bool,
    /// Whether no weight is negative: the score is a share then.
    pub(super) all_positive: bool,
    pub(super) features: usize,
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
        let mut nodes: Vec<Branch> = (0..count as u32).map(Branch::leaf).collect();
        let mut is_child = vec![false; count];
        let mut features_seen = 0;
        for at in 0..count {
            let test = test(&modes[at]).ok_or_else(|| node.wrong("a mode that is not known"))?;
            if test == Test::Leaf {
                continue;
            }
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
            let feature =
                u32::try_from(features[at]).map_err(|_negative| node.wrong("a negative feature"))?;
            features_seen = features_seen.max(feature as usize + 1);
            let tracks = missing.get(at).is_some_and(|&tracks| tracks != 0);
            let extra = nodes.len() as u32;
            let (first, second) = questions(test, (feature, values[at]), both.into(), tracks, extra);
            nodes[at] = first;
            nodes.extend(second);
        }
        let roots: Vec<u32> = (0..count).filter(|&at| !is_child[at]).map(|at| at as u32).collect();
        let depths = depths(&nodes, &roots);
        let trees: Vec<Tree> =
            roots.into_iter().zip(depths).map(|(root, depth)| Tree { root, depth }).collect();
        let is_classifier = leaf == "class";
        let labels = node.strings("classlabels_strings").len().max(node.ints("classlabels_int64s").len());
        let targets = if is_classifier { labels.max(1) } else { node.int("n_targets", 1).max(1) as usize };
        if weights.all.iter().any(|&(target, _)| target as usize >= targets) {
            return Err(node.wrong("a leaf speaks of a class that is not there"));
        }
        let first = weights.all.first().map(|&(class, _)| class);
        let is_binary =
            is_classifier && targets == 2 && weights.all.iter().all(|&(class, _)| Some(class) == first);
        Ok(Self {
            features: features_seen,
            all_positive: weights.all.iter().all(|&(_, weight)| weight >= 0.0),
            weights: weights.all,
            base: node.floats("base_values")?,
            aggregate: aggregate(&node.string("aggregate_function")),
            nodes,
            own: count as u32,
            trees,
            leaves: weights.ranges,
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
        if self.is_binary {
            scores = scores.chunks_exact(2).map(|row| row.iter().sum()).collect();
        }
        let mut outputs = match (self.is_classifier, self.is_binary) {
            (false, _) => Vec::new(),
            (true, true) => {
                let border = if self.all_positive { 0.5 } else { 0.0 };
                labels(node, scores.iter().map(|&score| usize::from(score > border)))?
            }
            (true, false) => labels(node, scores.chunks_exact(self.targets).map(largest))?,
        };
        outputs.push(self.transformed(node, scores, rows)?);
        Ok(outputs)
    }

    /// What the operator makes of scores: of one number a row where the leaves speak of one class of two, else of one for each target.
    pub(super) fn transformed(
        &self,
        node: &Node,
        mut scores: Vec<f32>,
        rows: usize,
    ) -> Result<Tensor, OnnxError> {
        let how = node.string("post_transform");
        if self.is_binary {
            let two = scores.iter().flat_map(|&score| two_classes(score, &how, self.all_positive)).collect();
            return Tensor::new(vec![rows, 2], Values::Floats(two));
        }
        scores.chunks_exact_mut(self.targets).for_each(|row| transform(row, &how));
        Tensor::new(vec![rows, self.targets], Values::Floats(scores))
    }

    /// The node of the file that a row goes to from another: a leaf leads to itself. The second question of an equality is asked at once.
    #[inline]
    pub(super) fn answer(&self, at: u32, row: &[f32]) -> u32 {
        let next = self.nodes[at as usize].step(row);
        if next < self.own { next } else { self.nodes[next as usize].step(row) }
    }

    /// The feature that a node asks for.
    pub(super) fn feature(&self, at: u32) -> usize {
        self.nodes[at as usize].feature as usize
    }

    /// The scores of some rows. Sums are kept in 64 bits: trees are many and their leaves small.
    fn block(&self, scores: &mut [f32], values: &[f32], width: usize) {
        let start = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => 0.0,
            Aggregate::Min => f64::INFINITY,
            Aggregate::Max => f64::NEG_INFINITY,
        };
        let mut sums = vec![start; scores.len()];
        let mut at = [0u32; BLOCK];
        for tree in &self.trees {
            let at = &mut at[..scores.len() / self.targets];
            self.walk(*tree, values, width, at);
            for (&leaf, sums) in at.iter().zip(sums.chunks_exact_mut(self.targets)) {
                let (from, to) = self.leaves[leaf as usize];
                for &(target, weight) in &self.weights[from as usize..to as usize] {
                    let (sum, weight) = (&mut sums[target as usize], f64::from(weight));
                    *sum = match self.aggregate {
                        Aggregate::Sum | Aggregate::Average => *sum + weight,
                        Aggregate::Min => sum.min(weight),
                        Aggregate::Max => sum.max(weight),
                    };
                }
            }
        }
        let trees = if self.aggregate == Aggregate::Average { self.trees.len().max(1) as f64 } else { 1.0 };
        for (row, sums) in scores.chunks_exact_mut(self.targets).zip(sums.chunks_exact(self.targets)) {
            for (at, (score, sum)) in row.iter_mut().zip(sums).enumerate() {
                let sum = if sum.is_finite() { sum / trees } else { 0.0 };
                *score = (sum + f64::from(self.offset(at))) as f32;
            }
        }
    }

    /// What a score begins with. Of two classes of which the leaves name one, the one base value belongs to it, once.
    pub(super) fn offset(&self, target: usize) -> f32 {
        if !self.is_binary {
            return self.base.get(target).copied().unwrap_or(0.0);
        }
        let base =
            if self.base.len() == 2 { self.base[1] } else { self.base.first().copied().unwrap_or(0.0) };
        if target == 1 { base } else { 0.0 }
    }

    /// The leaves that rows fall into. In a shallow tree all rows take as many steps as the deepest leaf is away, side by side and without
    /// a branch that could be guessed wrong; in a deep one each goes as far as it must.
    fn walk(&self, tree: Tree, values: &[f32], width: usize, at: &mut [u32]) {
        at.fill(tree.root);
        if tree.depth <= SHALLOW {
            for _ in 0..tree.depth {
                for (at, row) in at.iter_mut().zip(values.chunks_exact(width.max(1))) {
                    *at = self.nodes[*at as usize].step(row);
                }
            }
            return;
        }
        for (at, row) in at.iter_mut().zip(values.chunks_exact(width.max(1))) {
            let mut next = self.nodes[*at as usize].step(row);
            while next != *at {
                *at = next;
                next = self.nodes[*at as usize].step(row);
            }
        }
    }
}

/// The questions that a node of the file becomes: one, or two for equality, the second of which stands at `extra`.
fn questions(
    test: Test,
    (feature, value): (u32, f32),
    [yes, no]: [u32; 2],
    tracks: bool,
    extra: u32,
) -> (Branch, Option<Branch>) {
    // No number is below minus infinity; nothing is at most NaN.
    let below = if value == f32::NEG_INFINITY { f32::NAN } else { value.next_down() };
    let ask = |value, next, missing_is_yes| Branch { feature, value, next, missing_is_yes };
    let never = value.is_nan();
    match test {
        Test::Leaf => (Branch::leaf(yes), None),
        Test::LessOrEqual => (ask(value, [yes, no], tracks), None),
        Test::Less => (ask(below, [yes, no], tracks), None),
        Test::GreaterOrEqual | Test::Greater | Test::Equal if never => (ask(value, [yes, no], tracks), None),
        // The other way round: what is missing goes to no, unless it is tracked.
        Test::GreaterOrEqual => (ask(below, [no, yes], !tracks), None),
        Test::Greater => (ask(value, [no, yes], !tracks), None),
        Test::Equal => (ask(value, [extra, no], tracks), Some(ask(below, [no, yes], false))),
        // A missing value equals nothing.
        Test::NotEqual => (ask(value, [extra, yes], false), Some(ask(below, [yes, no], false))),
    }
}

/// How many questions the deepest leaf below each root is away. A node may be reached by several ways, and is looked at once.
fn depths(nodes: &[Branch], roots: &[u32]) -> Vec<u32> {
    const UNKNOWN: u32 = u32::MAX;
    let mut depths = vec![UNKNOWN; nodes.len()];
    let mut open = roots.to_vec();
    while let Some(&at) = open.last() {
        let children = || nodes[at as usize].next.into_iter().filter(move |&child| child != at);
        let unknown: Vec<u32> = children().filter(|&child| depths[child as usize] == UNKNOWN).collect();
        if unknown.is_empty() {
            depths[at as usize] = children().map(|child| depths[child as usize] + 1).max().unwrap_or(0);
            open.pop();
        }
        open.extend(unknown);
    }
    roots.iter().map(|&root| depths[root as usize]).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node of the file says of a number, by the words of the standard.
    fn says(test: Test, x: f32, value: f32, tracks: bool) -> bool {
        let answer = match test {
            Test::LessOrEqual => x <= value,
            Test::Less => x < value,
            Test::GreaterOrEqual => x >= value,
            Test::Greater => x > value,
            Test::Equal => x.total_cmp(&value).is_eq() || x.abs() + value.abs() == 0.0,
            Test::NotEqual => !says(Test::Equal, x, value, false),
            Test::Leaf => false,
        };
        answer || tracks && x.is_nan()
    }

    #[test]
    fn every_question_is_one_of_at_most() {
        const NUMBERS: [f32; 9] = [
            f32::NEG_INFINITY,
            -1.5,
            -0.0,
            0.0,
            f32::MIN_POSITIVE,
            1.0,
            1.000_000_1,
            f32::INFINITY,
            f32::NAN,
        ];
        let modes = ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"].map(|name| format!("BRANCH_{name}"));
        for (mode, tracks) in modes.iter().flat_map(|mode| [(mode, false), (mode, true)]) {
            let asked = test(mode.as_bytes()).unwrap();
            for value in &NUMBERS[..8] {
                let (first, second) = questions(asked, (0, *value), [1, 2], tracks, 3);
                let nodes = [Some(first), None, None, second];
                for x in NUMBERS {
                    let mut at = 0;
                    while let Some(Some(branch)) = nodes.get(at) {
                        at = branch.step(&[x]) as usize;
                    }
                    let yes = if says(asked, x, *value, tracks) { 1 } else { 2 };
                    assert_eq!(at, yes, "{mode} {value}, of {x}, missing goes to yes: {tracks}");
                }
            }
        }
    }

    #[test]
    fn a_chain_of_equalities_is_measured_once() {
        let mut nodes: Vec<Branch> = Vec::new();
        for at in 0..64u32 {
            let (leaf, next, extra) = (3 * at + 1, 3 * at + 3, 3 * at + 2);
            let (first, second) = questions(Test::Equal, (0, at as f32), [leaf, next], false, extra);
            nodes.extend([first, Branch::leaf(leaf), second.unwrap()]);
        }
        nodes.push(Branch::leaf(192));
        assert_eq!(depths(&nodes, &[0]), [128]);
    }
}
