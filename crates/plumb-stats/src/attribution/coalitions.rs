//! Which coalitions of inputs KernelSHAP asks for (Lundberg, Lee 2017), and how much each counts.

use std::collections::HashMap;

use plumb_ledger::Stream;

/// Coalitions of players with their weights; the empty one and the whole are not among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Coalitions {
    players: usize,
    /// Whether each player is in it, coalition by coalition.
    members: Vec<bool>,
    weights: Vec<f64>,
}

/// Slack of the comparison that decides whether all coalitions of a size fit, as in `shap`.
const SLACK: f64 = 1e-8;

impl Coalitions {
    /// At most `budget` coalitions of `players`, chosen as `shap.KernelExplainer` does: all of the smallest and largest
    /// sizes as long as the budget holds them, then drawn ones with their complements, each counted as often as it was drawn.
    /// With a budget of `2^players - 2` all coalitions are there and the Shapley values are exact.
    pub fn new(players: usize, budget: usize, stream: Stream) -> Self {
        let mut chosen = Self { players, members: Vec::new(), weights: Vec::new() };
        if players >= 2 {
            let sizes = Sizes::new(players);
            let whole = chosen.enumerate(&sizes, budget);
            chosen.draw(&sizes, whole, budget, stream);
        }
        chosen
    }

    /// Coalitions that were chosen elsewhere: `members` row by row. `None` when the lengths do not agree.
    pub fn given(players: usize, members: Vec<bool>, weights: Vec<f64>) -> Option<Self> {
        let fits = players > 0 && weights.len().checked_mul(players) == Some(members.len());
        fits.then_some(Self { players, members, weights })
    }

    /// How many players there are.
    pub fn players(&self) -> usize {
        self.players
    }

    /// How many coalitions there are.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Each coalition: who is in it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[bool]> {
        self.members.chunks_exact(self.players.max(1))
    }

    /// The weight of each.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Takes all coalitions of whole sizes while the budget lasts; answers how many sizes.
    fn enumerate(&mut self, sizes: &Sizes, budget: usize) -> usize {
        let mut left = budget as f64;
        let mut shares = sizes.shares.clone();
        for (place, &share) in sizes.shares.iter().enumerate() {
            let (size, is_paired) = (place + 1, sizes.is_paired(place + 1));
            let count = binomial(self.players, size);
            let all = if is_paired { 2.0 * count } else { count };
            if left * shares[place] / all < 1.0 - SLACK {
                return place;
            }
            left -= all;
            if shares[place] < 1.0 {
                let rest = 1.0 - shares[place];
                for share in &mut shares {
                    *share /= rest;
                }
            }
            self.all_of_size(size, is_paired, share / all);
        }
        sizes.shares.len()
    }

    fn all_of_size(&mut self, size: usize, is_paired: bool, weight: f64) {
        let mut places: Vec<usize> = (0..size).collect();
        loop {
            let mut members = vec![false; self.players];
            for &place in &places {
                members[place] = true;
            }
            if is_paired {
                let others: Vec<bool> = members.iter().map(|inside| !inside).collect();
                self.push(&members, weight);
                self.push(&others, weight);
            } else {
                self.push(&members, weight);
            }
            if !advance(&mut places, self.players) {
                return;
            }
        }
    }

    fn push(&mut self, members: &[bool], weight: f64) {
        self.members.extend_from_slice(members);
        self.weights.push(weight);
    }

    /// Draws coalitions of the sizes that did not fit whole, each with its complement, until the budget is used.
    fn draw(&mut self, sizes: &Sizes, whole: usize, budget: usize, stream: Stream) {
        let fixed = self.len();
        if whole == sizes.shares.len() || fixed >= budget {
            return;
        }
        let rest: f64 = sizes.shares[whole..].iter().sum();
        let mut seen: HashMap<Vec<bool>, usize> = HashMap::new();
        // As many draws as `shap` allows itself: drawing the same ones again must end.
        for draw in 0..4 * (budget - fixed) as u64 {
            if self.len() >= budget {
                break;
            }
            let size = sizes.draw(whole, stream.uniform(draw));
            let order = stream.at(draw).permutation(self.players);
            let mut members = vec![false; self.players];
            order.iter().take(size).for_each(|&player| members[player as usize] = true);
            self.count(&members, &mut seen);
            if sizes.is_paired(size) && self.len() < budget {
                let others: Vec<bool> = members.iter().map(|inside| !inside).collect();
                self.count(&others, &mut seen);
            }
        }
        let drawn: f64 = self.weights[fixed..].iter().sum();
        self.weights[fixed..].iter_mut().for_each(|weight| *weight *= rest / drawn);
    }

    fn count(&mut self, members: &[bool], seen: &mut HashMap<Vec<bool>, usize>) {
        if let Some(&place) = seen.get(members) {
            self.weights[place] += 1.0;
        } else {
            seen.insert(members.to_vec(), self.len());
            self.push(members, 1.0);
        }
    }
}

/// The sizes of coalitions up to half of the players; a size below half stands for its complement too.
struct Sizes {
    players: usize,
    /// The share of the kernel's weight, by size from 1.
    shares: Vec<f64>,
}

impl Sizes {
    fn new(players: usize) -> Self {
        let m = players as f64;
        let kernel = |size: usize| {
            let weight = (m - 1.0) / (size as f64 * (m - size as f64));
            if 2 * size < players { 2.0 * weight } else { weight }
        };
        let weights: Vec<f64> = (1..=players / 2).map(kernel).collect();
        let total: f64 = weights.iter().sum();
        Self { players, shares: weights.iter().map(|weight| weight / total).collect() }
    }

    fn is_paired(&self, size: usize) -> bool {
        2 * size < self.players
    }

    /// A size beyond the first `whole`, by the weight of one of its coalitions and not of the complement too.
    fn draw(&self, whole: usize, u: f64) -> usize {
        let half = |place: usize| if self.is_paired(place + 1) { 0.5 } else { 1.0 } * self.shares[place];
        let total: f64 = (whole..self.shares.len()).map(half).sum();
        let mut left = u * total;
        for place in whole..self.shares.len() {
            left -= half(place);
            if left < 0.0 {
                return place + 1;
            }
        }
        self.shares.len()
    }
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

/// The next combination of places below `n` in lexicographic order; false after the last.
fn advance(places: &mut [usize], n: usize) -> bool {
    let size = places.len();
    let Some(at) = (0..size).rev().find(|&at| places[at] < n - size + at) else { return false };
    places[at] += 1;
    for next in at + 1..size {
        places[next] = places[next - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn a_budget_for_all_holds_each_once() {
        for players in 2..9 {
            let all = (1usize << players) - 2;
            let chosen = Coalitions::new(players, all, Seed(0).stream("x"));
            let mut codes: Vec<usize> = chosen
                .iter()
                .map(|members| {
                    members.iter().enumerate().map(|(at, &inside)| usize::from(inside) << at).sum()
                })
                .collect();
            codes.sort_unstable();
            assert_eq!(codes, (1..=all).collect::<Vec<_>>(), "{players} players");
            assert!((chosen.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_small_budget_is_kept_and_its_weights_sum_to_one() {
        for (players, budget) in [(10, 50), (30, 100), (30, 2000), (200, 450)] {
            let chosen = Coalitions::new(players, budget, Seed(1).stream("x"));
            assert!(chosen.len() <= budget && chosen.len() * 10 > budget * 9, "{} of {budget}", chosen.len());
            assert!((chosen.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(chosen.iter().all(|members| members.contains(&true) && members.contains(&false)));
        }
        assert!(Coalitions::new(1, 10, Seed(0).stream("x")).is_empty());
    }
}
