//! KernelSHAP: Shapley values as the solution of a weighted least squares problem (Lundberg, Lee 2017).

use super::Coalitions;
use crate::least_squares::{Cholesky, gram, moments};

/// The problem for some coalitions, factored once for all outputs of a model.
///
/// Convention: `shap.KernelExplainer(...).shap_values(x, l1_reg=False)`. The sum of the values is held by elimination of the
/// last player, so they are additive by construction.
#[derive(Debug, Clone)]
pub struct KernelShap<'a> {
    coalitions: &'a Coalitions,
    /// Whether each other player is in, minus whether the last one is: row by row.
    rows: Vec<f64>,
    factor: Option<Cholesky>,
}

impl<'a> KernelShap<'a> {
    /// `None` when the coalitions are too few to tell the players apart. `coalitions * players²` operations.
    pub fn new(coalitions: &'a Coalitions) -> Option<Self> {
        let others = coalitions.players().checked_sub(1)?;
        let row = |members: &[bool]| {
            let last = f64::from(u8::from(members[others]));
            members[..others]
                .iter()
                .map(move |&inside| f64::from(u8::from(inside)) - last)
                .collect::<Vec<_>>()
        };
        let rows: Vec<f64> = coalitions.iter().flat_map(row).collect();
        let factor = match others {
            0 => None,
            _ => Some(Cholesky::new(gram(&rows, others, coalitions.weights(), 0.0), others)?),
        };
        Some(Self { coalitions, rows, factor })
    }

    /// What each player adds to the way from `empty` (the model without any of them) to `full` (with all), from the model's
    /// mean output for each coalition. `None` when there are not as many values as coalitions.
    pub fn attribute(&self, values: &[f64], empty: f64, full: f64) -> Option<Vec<f64>> {
        if values.len() != self.coalitions.len() {
            return None;
        }
        let others = self.coalitions.players() - 1;
        let Some(factor) = &self.factor else { return Some(vec![full - empty]) };
        let beyond = |(value, members): (&f64, &[bool])| {
            value - empty - if members[others] { full - empty } else { 0.0 }
        };
        let y: Vec<f64> = values.iter().zip(self.coalitions.iter()).map(beyond).collect();
        let mut shares = factor.solve(&moments(&self.rows, others, self.coalitions.weights(), &y));
        let rest = full - empty - shares.iter().sum::<f64>();
        shares.push(rest);
        Some(shares)
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::attribution::exact;

    /// A game of products, so that players need each other.
    fn worth(members: &[bool]) -> f64 {
        let on = |at: usize| f64::from(u8::from(members[at]));
        2.0 * on(0) - on(1) + 3.0 * on(0) * on(2) + on(1) * on(2) * on(3)
    }

    #[test]
    fn all_coalitions_give_the_exact_values() {
        let coalitions = Coalitions::new(4, 14, Seed(0).stream("x"));
        let values: Vec<f64> = coalitions.iter().map(worth).collect();
        let found = KernelShap::new(&coalitions).unwrap().attribute(&values, 0.0, worth(&[true; 4])).unwrap();
        let by_code: Vec<f64> =
            (0..16).map(|code: u32| worth(&[0, 1, 2, 3].map(|at| code >> at & 1 == 1))).collect();
        let expected = exact(&by_code).unwrap();
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
        assert!((found.iter().sum::<f64>() - 5.0).abs() < 1e-12);
    }

    #[test]
    fn one_player_gets_all_and_too_few_coalitions_are_refused() {
        let one = Coalitions::given(1, Vec::new(), Vec::new()).unwrap();
        assert_eq!(KernelShap::new(&one).unwrap().attribute(&[], 1.0, 3.0), Some(vec![2.0]));
        let few = Coalitions::new(6, 2, Seed(0).stream("x"));
        assert!(KernelShap::new(&few).is_none());
    }
}
