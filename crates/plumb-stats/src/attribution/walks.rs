//! Shapley values by permutations: players join one after the other, in a random order and in its reverse (Mitchell et al. 2022).

use plumb_ledger::Stream;

/// Orders in which players join. They stand in pairs, each followed by its reverse: what is left of chance is then of second order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walks {
    orders: Vec<Vec<u32>>,
}

/// What the players add by the walks.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// The mean over all walks.
    pub values: Vec<f64>,
    /// Its standard error over the pairs of walks; 0 of one pair.
    pub errors: Vec<f64>,
}

impl Walks {
    /// `pairs` random orders, each followed by its reverse.
    pub fn new(players: usize, pairs: usize, stream: Stream) -> Self {
        let pair = |at: usize| {
            let order = stream.at(at as u64).permutation(players);
            let reverse = order.iter().rev().copied().collect();
            [order, reverse]
        };
        Self { orders: (0..pairs).flat_map(pair).collect() }
    }

    /// Orders that were chosen elsewhere, each followed by its reverse.
    pub fn given(orders: Vec<Vec<u32>>) -> Self {
        Self { orders }
    }

    /// The orders.
    pub fn orders(&self) -> &[Vec<u32>] {
        &self.orders
    }

    /// What each player adds, from the model's output along each walk: with none, with the first, ..., with all. `None` when a
    /// walk does not have one value more than players.
    pub fn attribute(&self, along: &[Vec<f64>]) -> Option<Walked> {
        let players = self.orders.first()?.len();
        let fits = |values: &Vec<f64>| values.len() == players + 1;
        if along.len() != self.orders.len() || !along.iter().all(fits) {
            return None;
        }
        let mut pairs = vec![vec![0.0; players]; self.orders.len().div_ceil(2)];
        for (walk, (order, values)) in self.orders.iter().zip(along).enumerate() {
            let walks = if walk + 1 == self.orders.len() && walk % 2 == 0 { 1.0 } else { 2.0 };
            for (&player, step) in order.iter().zip(values.windows(2)) {
                *pairs[walk / 2].get_mut(player as usize)? += (step[1] - step[0]) / walks;
            }
        }
        let count = pairs.len() as f64;
        let of = |player: usize| {
            let added: Vec<f64> = pairs.iter().map(|pair| pair[player]).collect();
            let mean = added.iter().sum::<f64>() / count;
            (mean, crate::describe::variance(&added).map_or(0.0, |variance| (variance / count).sqrt()))
        };
        let (values, errors) = (0..players).map(of).unzip();
        Some(Walked { values, errors })
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn walks_are_additive_and_pairs_cancel_pairwise_interactions() {
        let worth = |joined: &[u32]| {
            let on = |player: u32| f64::from(u8::from(joined.contains(&player)));
            on(0) + 4.0 * on(1) * on(2)
        };
        let walks = Walks::new(3, 5, Seed(0).stream("x"));
        let along: Vec<Vec<f64>> = walks
            .orders()
            .iter()
            .map(|order| (0..=order.len()).map(|joined| worth(&order[..joined])).collect())
            .collect();
        let found = walks.attribute(&along).unwrap();
        assert_eq!((found.values, found.errors), (vec![1.0, 2.0, 2.0], vec![0.0; 3]));
        assert_eq!(walks.attribute(&along[1..]), None);
        assert_eq!(Walks::new(3, 0, Seed(0).stream("x")).attribute(&[]), None);
    }
}
