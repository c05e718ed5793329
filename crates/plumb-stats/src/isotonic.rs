//! Isotonic regression: the rising steps nearest to the data, by pooling adjacent violators (Ayer et al. 1955).

use serde::{Deserialize, Serialize};

use crate::ranks::ascending;

/// A rising function through knots, straight between them and constant beyond.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Where the knots stand, ascending.
    pub x: Vec<f64>,
    /// Their values, not falling.
    pub y: Vec<f64>,
}

impl Isotonic {
    /// The least squares fit, as scikit-learn's `IsotonicRegression(out_of_bounds="clip")`: rows with the same `x` count as one with
    /// their mean. `None` when lengths differ, there is no row or a number is not finite. One sort and one pass.
    pub fn fit(x: &[f64], y: &[f64]) -> Option<Self> {
        if x.is_empty() || x.len() != y.len() || x.iter().chain(y).any(|value| !value.is_finite()) {
            return None;
        }
        let mut distinct: Vec<Block> = Vec::new();
        for row in ascending(x) {
            let row = row as usize;
            match distinct.last_mut().filter(|block| block.last >= x[row]) {
                Some(block) => block.join(&Block::one(x[row], y[row])),
                None => distinct.push(Block::one(x[row], y[row])),
            }
        }
        let mut pooled: Vec<Block> = Vec::new();
        for mut block in distinct {
            while let Some(before) = pooled.pop_if(|before| before.mean() >= block.mean()) {
                let mut joined = before;
                joined.join(&block);
                block = joined;
            }
            pooled.push(block);
        }
        let mut fitted = Self { x: Vec::new(), y: Vec::new() };
        for block in &pooled {
            fitted.x.push(block.first);
            fitted.y.push(block.mean());
            if block.last > block.first {
                fitted.x.push(block.last);
                fitted.y.push(block.mean());
            }
        }
        Some(fitted)
    }

    /// The value at a point.
    pub fn at(&self, x: f64) -> f64 {
        let above = self.x.partition_point(|knot| *knot < x);
        match (above.checked_sub(1), self.x.get(above)) {
            (_, None) => self.y.last().copied().unwrap_or(f64::NAN),
            (None, Some(_)) => self.y[0],
            (Some(below), Some(&right)) => {
                let (left, low, high) = (self.x[below], self.y[below], self.y[above]);
                low + (high - low) * (x - left) / (right - left)
            }
        }
    }
}

/// Neighbouring rows with one value.
struct Block {
    first: f64,
    last: f64,
    sum: f64,
    rows: f64,
}

impl Block {
    fn one(x: f64, y: f64) -> Self {
        Self { first: x, last: x, sum: y, rows: 1.0 }
    }

    fn mean(&self) -> f64 {
        self.sum / self.rows
    }

    fn join(&mut self, next: &Self) {
        self.last = next.last;
        self.sum += next.sum;
        self.rows += next.rows;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn violators_are_pooled() {
        let fitted = Isotonic::fit(&[3.0, 1.0, 2.0, 4.0], &[0.0, 1.0, 3.0, 5.0]).unwrap();
        assert_eq!((fitted.x, fitted.y), (vec![1.0, 2.0, 3.0, 4.0], vec![1.0, 1.5, 1.5, 5.0]));
        let falling = Isotonic::fit(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]).unwrap();
        assert_eq!((falling.at(-1.0), falling.at(2.5), falling.at(9.0)), (2.0, 2.0, 2.0));
        assert_eq!(Isotonic::fit(&[f64::NAN], &[1.0]), None);
    }

    proptest! {
        #[test]
        fn it_rises_and_keeps_the_mean(points in prop::collection::vec((0u8..20, -5.0f64..5.0), 1..60)) {
            let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|(x, y)| (f64::from(*x), *y)).unzip();
            let fitted = Isotonic::fit(&x, &y).unwrap();
            prop_assert!(fitted.y.is_sorted() && fitted.x.is_sorted_by(|a, b| a < b));
            let mean: f64 = y.iter().sum::<f64>();
            let of_fit: f64 = x.iter().map(|x| fitted.at(*x)).sum();
            prop_assert!((mean - of_fit).abs() < 1e-9, "{mean} {of_fit}");
        }
    }
}
