//! The leaves that a row put together from two rows can fall into, and the columns that decide it.

use super::cut::Tell;
use super::trees::{Aggregate, Ensemble};

/// An ensemble whose leaves add up.
pub(super) struct Paths<'a> {
    ensemble: &'a Ensemble,
    /// Of each node where the values of its leaf begin and end.
    ranges: Vec<(u32, u32)>,
    /// Scores and what leaves add to them.
    values: Vec<(u32, f64)>,
    /// What scores begin with.
    start: Vec<(u32, f64)>,
    /// How many scores there are.
    pub(super) scores: usize,
    /// Whether the scores are what the operator answers.
    pub(super) is_additive: bool,
}

/// Whose value of a player's columns a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Open,
    Own,
    Other,
}

impl<'a> Paths<'a> {
    /// None where leaves do not add up. `first` is the place of the first score; `how` the transformation of scores.
    pub(super) fn new(ensemble: &'a Ensemble, how: &str, first: u32) -> Option<Self> {
        let trees = match ensemble.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Average => ensemble.trees.len().max(1) as f64,
            Aggregate::Min | Aggregate::Max => return None,
        };
        let is_plain = matches!(how, "" | "NONE");
        // Of two classes the leaves name one. Where its score is a probability the other's is the rest, else there is one score.
        let is_share = ensemble.is_binary && is_plain && ensemble.all_positive;
        let scores = match (ensemble.is_binary, is_share) {
            (true, false) => 1,
            (true, true) => 2,
            _ => ensemble.targets,
        };
        let (mut ranges, mut values) = (Vec::with_capacity(ensemble.leaves.len()), Vec::new());
        for &(from, to) in &ensemble.leaves {
            let start = values.len() as u32;
            for &(target, weight) in ensemble.weights.get(from as usize..to as usize)? {
                let value = f64::from(weight) / trees;
                match (ensemble.is_binary, is_share) {
                    (true, true) => values.extend([(first, -value), (first + 1, value)]),
                    (true, false) => values.push((first, value)),
                    _ => values.push((first + target, value)),
                }
            }
            ranges.push((start, values.len() as u32));
        }
        u32::try_from(values.len()).ok()?;
        let offset = |target: usize| f64::from(ensemble.offset(target));
        let start = match (ensemble.is_binary, is_share) {
            (true, true) => vec![(first, 1.0 - offset(1)), (first + 1, offset(1))],
            (true, false) => vec![(first, offset(1))],
            _ => (0..ensemble.targets).map(|target| (first + target as u32, offset(target))).collect(),
        };
        let is_additive = is_plain && (!ensemble.is_binary || is_share);
        Some(Self { ensemble, ranges, values, start, scores, is_additive })
    }

    /// How many features a row must have.
    pub(super) fn features(&self) -> usize {
        self.ensemble.features
    }

    /// Tells each leaf that either row can lead to: the players whose columns must come from `own`, those whose must come from `other`,
    /// and what it adds. Where both rows answer a question alike, whose value it is does not matter.
    pub(super) fn walk(
        &self,
        (own, other): (&[f32], &[f32]),
        owners: &[Option<u32>],
        players: usize,
        tell: &mut Tell<'_>,
    ) {
        tell(&[], &[], &self.start);
        let mut sides = vec![Side::Open; players];
        let (mut of_own, mut of_other): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        // Ways that are not gone yet: the node, how many players stood on each side, and who joins the other.
        let mut open: Vec<(u32, usize, usize, Option<u32>)> =
            self.ensemble.trees.iter().rev().map(|tree| (tree.root, 0, 0, None)).collect();
        while let Some((mut at, owns, others, joins)) = open.pop() {
            of_own.drain(owns..).for_each(|player| sides[player as usize] = Side::Open);
            of_other.drain(others..).for_each(|player| sides[player as usize] = Side::Open);
            if let Some(player) = joins {
                of_other.push(player);
                sides[player as usize] = Side::Other;
            }
            loop {
                let (mine, theirs) = (self.ensemble.answer(at, own), self.ensemble.answer(at, other));
                if mine == theirs {
                    if mine == at {
                        break;
                    }
                    at = mine;
                    continue;
                }
                let player = owners.get(self.ensemble.feature(at)).copied().flatten();
                // Constants are the same in both rows, so that who differs has an owner.
                let Some((player, side)) =
                    player.and_then(|player| Some((player, sides.get_mut(player as usize)?)))
                else {
                    at = mine;
                    continue;
                };
                at = match side {
                    Side::Own => mine,
                    Side::Other => theirs,
                    Side::Open => {
                        open.push((theirs, of_own.len(), of_other.len(), Some(player)));
                        of_own.push(player);
                        *side = Side::Own;
                        mine
                    }
                };
            }
            let (from, to) = self.ranges[at as usize];
            tell(&of_own, &of_other, &self.values[from as usize..to as usize]);
        }
    }
}
