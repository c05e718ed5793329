//! Games that are sums of terms, each of which only some coalitions have, and their Shapley values in closed form.
//!
//! A row put together from a row that is explained and a background row falls into a leaf of a tree if the columns that the way there asks
//! come from the right one of both. So each leaf that either row can lead to is such a term, and so is what a column adds to a linear model.

/// Terms of the scores of a model for one row and one background row.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    heads: Vec<Head>,
    players: Vec<u32>,
    values: Vec<(u32, f64)>,
}

/// Where the parts of a term begin: its own players, the others, its values.
#[derive(Debug, Clone, Copy)]
struct Head {
    own: usize,
    other: usize,
    values: usize,
}

/// A coalition has the term if it holds all of `own` and none of `other`. No player is in both, nor twice in one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term<'a> {
    /// Players that must be in.
    pub own: &'a [u32],
    /// Players that must be out.
    pub other: &'a [u32],
    /// What it adds: the place of a score and a number.
    pub values: &'a [(u32, f64)],
}

impl Terms {
    /// Forgets all terms.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.players.clear();
        self.values.clear();
    }

    /// Adds a term; one without values is left out.
    pub fn push(&mut self, own: &[u32], other: &[u32], values: &[(u32, f64)]) {
        if values.is_empty() {
            return;
        }
        let from = self.players.len();
        self.heads.push(Head { own: from, other: from + own.len(), values: self.values.len() });
        self.players.extend_from_slice(own);
        self.players.extend_from_slice(other);
        self.values.extend_from_slice(values);
    }

    /// Each term, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = Term<'_>> {
        let end = Head { own: self.players.len(), other: self.players.len(), values: self.values.len() };
        let ends = self.heads.iter().skip(1).chain(std::iter::once(&end)).copied().collect::<Vec<_>>();
        self.heads.iter().zip(ends).map(|(head, end)| Term {
            own: &self.players[head.own..head.other],
            other: &self.players[head.other..end.own],
            values: &self.values[head.values..end.values],
        })
    }

    /// The players that any term asks for, ascending.
    pub fn players(&self) -> Vec<u32> {
        let mut players = self.players.clone();
        players.sort_unstable();
        players.dedup();
        players
    }
}

/// Sizes up to which shares are kept in a table.
const SIZES: usize = 32;

/// Shapley values of terms in closed form (Lundberg et al. 2020, interventional TreeSHAP): exact for any number of players.
#[derive(Debug, Clone)]
pub struct ClosedForm {
    shares: Vec<f64>,
}

impl Default for ClosedForm {
    fn default() -> Self {
        Self::new()
    }
}

impl ClosedForm {
    /// The shares of players in terms of all small sizes.
    pub fn new() -> Self {
        Self { shares: (0..SIZES * SIZES).map(|at| share(at / SIZES, at % SIZES)).collect() }
    }

    fn share(&self, side: usize, opposite: usize) -> f64 {
        if side < SIZES && opposite < SIZES {
            self.shares[side * SIZES + opposite]
        } else {
            share(side, opposite)
        }
    }

    /// Adds what each player gets of each term to `values`, `scores x players`. As many operations as the terms have players.
    pub fn add(&self, terms: &Terms, players: usize, values: &mut [f64]) {
        for term in terms.iter() {
            let own = self.share(term.own.len(), term.other.len());
            let other = self.share(term.other.len(), term.own.len());
            for &(score, value) in term.values {
                let values = &mut values[score as usize * players..][..players];
                term.own.iter().for_each(|&player| values[player as usize] += own * value);
                term.other.iter().for_each(|&player| values[player as usize] -= other * value);
            }
        }
    }
}

/// The share of a player in a unit term: `(side - 1)! opposite! / (side + opposite)!`, by how many players stand on its side.
fn share(side: usize, opposite: usize) -> f64 {
    if side == 0 {
        return 0.0;
    }
    let binomial = (1..=opposite).fold(1.0, |product, at| product * (side + at) as f64 / at as f64);
    1.0 / (side as f64 * binomial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::exact;

    #[test]
    fn the_closed_form_is_the_definition() {
        let mut terms = Terms::default();
        terms.push(&[], &[], &[(0, 5.0)]);
        terms.push(&[0, 2], &[1], &[(0, 3.0), (1, -1.0)]);
        terms.push(&[], &[3, 0], &[(0, 0.5)]);
        terms.push(&[4], &[], &[(1, 2.0)]);
        terms.push(&[1, 2, 3], &[0, 4], &[(1, 7.0)]);
        let mut found = vec![0.0; 10];
        ClosedForm::new().add(&terms, 5, &mut found);
        for score in 0..2u32 {
            let has = |term: &Term<'_>, code: u32| {
                let inside = |player: &u32| code >> player & 1 == 1;
                term.own.iter().all(inside) && !term.other.iter().any(inside)
            };
            let value = |term: &Term<'_>| {
                term.values.iter().filter(|(of, _)| *of == score).map(|(_, value)| value).sum::<f64>()
            };
            let worth =
                |code: u32| terms.iter().filter(|term| has(term, code)).map(|term| value(&term)).sum::<f64>();
            let expected = exact(&(0..32).map(worth).collect::<Vec<_>>()).unwrap();
            for (a, b) in found[score as usize * 5..][..5].iter().zip(&expected) {
                assert!((a - b).abs() < 1e-12, "{found:?} {expected:?}");
            }
        }
        assert_eq!(terms.players(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn shares_of_many_players_stay_finite() {
        assert!((share(40, 0) - 1.0 / 40.0).abs() < 1e-15);
        assert!(share(2000, 2000) >= 0.0);
        let form = ClosedForm::new();
        assert!((form.share(33, 1) - 1.0 / (33.0 * 34.0)).abs() < 1e-15);
    }
}
