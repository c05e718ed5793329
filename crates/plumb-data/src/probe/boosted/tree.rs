//! One regression tree, grown leaf by leaf where the loss falls most.

use rayon::prelude::*;

use super::bins::Binning;
use super::histogram::{Cut, LeftBins, Sums, best_cut};

/// Leaves of a tree, LightGBM's default.
const LEAVES: usize = 31;
/// Rows of a leaf at least, LightGBM's default; a twentieth of the rows when those are few.
const FEWEST_ROWS: usize = 20;
/// Cells below which a second thread costs more than it brings.
const PARALLEL_CELLS: usize = 1 << 15;

/// A fitted tree.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(f64),
    Fork { feature: usize, left_bins: LeftBins, left: usize, right: usize },
}

impl Tree {
    /// Whether it never forks.
    pub(super) fn is_leaf(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// The value of the leaf that a row falls into.
    pub(super) fn value(&self, bins: &[Vec<u8>], row: usize) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf(value) => return *value,
                Node::Fork { feature, left_bins, left, right } => {
                    at = if goes_left(left_bins, bins[*feature][row]) { *left } else { *right };
                }
            }
        }
    }
}

#[inline]
fn goes_left(left_bins: &LeftBins, bin: u8) -> bool {
    left_bins[usize::from(bin) / 64] >> (bin % 64) & 1 == 1
}

/// Grows trees on binned inputs.
pub(super) struct Grower<'a> {
    binning: &'a Binning,
    bins: &'a [Vec<u8>],
    rows: usize,
    fewest: u32,
}

/// A leaf that may still be forked.
struct Leaf {
    node: usize,
    rows: Vec<u32>,
    total: Sums,
    histograms: Vec<Vec<Sums>>,
    cut: Option<Cut>,
}

impl<'a> Grower<'a> {
    pub(super) fn new(binning: &'a Binning, bins: &'a [Vec<u8>], rows: usize) -> Self {
        let fewest = (rows / FEWEST_ROWS).clamp(1, FEWEST_ROWS) as u32;
        Self { binning, bins, rows, fewest }
    }

    /// Grows one tree on the rows' first and second derivatives and adds its values, times `rate`, to `scores`.
    pub(super) fn grow(&self, gradients: &[[f64; 2]], rate: f64, scores: &mut [f64]) -> Tree {
        let rows: Vec<u32> = (0..self.rows as u32).collect();
        let mut total = Sums::default();
        for &gradient in gradients {
            total.add(gradient);
        }
        let histograms = self.histograms(&rows, gradients);
        let mut nodes = vec![Node::Leaf(0.0)];
        let mut leaves = vec![self.leaf(0, rows, total, histograms)];
        while leaves.len() < LEAVES {
            let Some(best) = most_gain(&leaves) else { break };
            let leaf = leaves.swap_remove(best);
            let Some(cut) = leaf.cut else { break };
            let (left, right) = self.fork(leaf, &cut, gradients, nodes.len());
            let (feature, left_bins) = (cut.feature, cut.left_bins);
            nodes[left.1] = Node::Fork { feature, left_bins, left: left.0.node, right: right.node };
            nodes.extend([Node::Leaf(0.0), Node::Leaf(0.0)]);
            leaves.extend([left.0, right]);
        }
        for leaf in leaves {
            let value = -rate * leaf.total.gradient / leaf.total.curvature.max(f64::MIN_POSITIVE);
            nodes[leaf.node] = Node::Leaf(value);
            leaf.rows.iter().for_each(|&row| scores[row as usize] += value);
        }
        Tree { nodes }
    }

    /// The two sides of a cut, the left one with the node that it came from. Only the smaller side's histograms
    /// are summed up; the other's are what remains.
    fn fork(&self, leaf: Leaf, cut: &Cut, gradients: &[[f64; 2]], next: usize) -> ((Leaf, usize), Leaf) {
        let bins = &self.bins[cut.feature];
        let (left, right): (Vec<u32>, Vec<u32>) =
            leaf.rows.iter().partition(|&&row| goes_left(&cut.left_bins, bins[row as usize]));
        let left_is_smaller = left.len() <= right.len();
        let smaller = self.histograms(if left_is_smaller { &left } else { &right }, gradients);
        let mut larger = leaf.histograms;
        for (larger, smaller) in larger.iter_mut().zip(&smaller) {
            for (sums, taken) in larger.iter_mut().zip(smaller) {
                *sums = sums.minus(*taken);
            }
        }
        let (of_left, of_right) = if left_is_smaller { (smaller, larger) } else { (larger, smaller) };
        let left = self.leaf(next, left, cut.left, of_left);
        let right = self.leaf(next + 1, right, cut.right, of_right);
        ((left, leaf.node), right)
    }

    fn leaf(&self, node: usize, rows: Vec<u32>, total: Sums, histograms: Vec<Vec<Sums>>) -> Leaf {
        let cuts = self.binning.cuts();
        let of_feature =
            |feature: usize| best_cut(&cuts[feature], &histograms[feature], total, feature, self.fewest);
        let found: Vec<Option<Cut>> = if histograms.len() * 256 >= PARALLEL_CELLS {
            (0..histograms.len()).into_par_iter().map(of_feature).collect()
        } else {
            (0..histograms.len()).map(of_feature).collect()
        };
        let better = |best: Option<Cut>, cut: Cut| match best {
            Some(best) if best.gain >= cut.gain => Some(best),
            _ => Some(cut),
        };
        let cut = found.into_iter().flatten().fold(None, better);
        // Without a cut the histograms are of no more use: free them.
        let histograms = if cut.is_some() { histograms } else { Vec::new() };
        Leaf { node, rows, total, histograms, cut }
    }

    /// The histogram of every input over `rows`, each summed in the order of the rows.
    fn histograms(&self, rows: &[u32], gradients: &[[f64; 2]]) -> Vec<Vec<Sums>> {
        let gathered: Vec<[f64; 2]> = rows.iter().map(|&row| gradients[row as usize]).collect();
        let of_feature = |feature: usize| {
            let bins = &self.bins[feature];
            let mut histogram = vec![Sums::default(); self.binning.cuts()[feature].len()];
            for (&row, &gradient) in rows.iter().zip(&gathered) {
                histogram[usize::from(bins[row as usize])].add(gradient);
            }
            histogram
        };
        if rows.len() * self.bins.len() >= PARALLEL_CELLS {
            (0..self.bins.len()).into_par_iter().map(of_feature).collect()
        } else {
            (0..self.bins.len()).map(of_feature).collect()
        }
    }
}

/// The leaf whose cut gains most, the oldest among equals by node.
fn most_gain(leaves: &[Leaf]) -> Option<usize> {
    let gain = |at: usize| leaves[at].cut.map(|cut| cut.gain);
    let candidates = (0..leaves.len()).filter(|&at| gain(at).is_some());
    candidates.max_by(|&a, &b| {
        let by_gain = gain(a).unwrap_or(0.0).total_cmp(&gain(b).unwrap_or(0.0));
        by_gain.then(leaves[b].node.cmp(&leaves[a].node))
    })
}
