//! Weighted least squares by the normal equations: small systems, solved by Cholesky's factorisation.

/// The factor of a symmetric positive definite matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    /// The lower triangle, row-major, `size x size`.
    lower: Vec<f64>,
    size: usize,
}

/// A pivot below this share of its diagonal is 0 up to rounding: the columns depend on each other.
const SINGULAR: f64 = 1e-13;

impl Cholesky {
    /// Factors a matrix of which only the lower triangle is read; `None` when it is not positive definite.
    /// `size³ / 3` operations.
    pub(crate) fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        for row in 0..size {
            for column in 0..=row {
                let (left, right) = (row * size, column * size);
                let known: f64 = (0..column).map(|k| matrix[left + k] * matrix[right + k]).sum();
                let rest = matrix[left + column] - known;
                if row != column {
                    matrix[left + column] = rest / matrix[right + column];
                } else if rest > SINGULAR * matrix[left + row].abs() && rest.is_finite() {
                    matrix[left + row] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Self { lower: matrix, size })
    }

    /// The solution for a right side. `2 size²` operations.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (size, lower) = (self.size, &self.lower);
        let mut x = right.to_vec();
        for row in 0..size {
            let known: f64 = (0..row).map(|k| lower[row * size + k] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row * size + row];
        }
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|k| lower[k * size + row] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row * size + row];
        }
        x
    }
}

/// `XᵀWX` of a row-major matrix, its lower triangle, with `ridge` added on the diagonal. `rows * width² / 2` operations.
pub(crate) fn gram(rows: &[f64], width: usize, weights: &[f64], ridge: f64) -> Vec<f64> {
    let mut gram = vec![0.0; width * width];
    for (row, &weight) in rows.chunks_exact(width.max(1)).zip(weights) {
        for (i, &x) in row.iter().enumerate() {
            if x != 0.0 {
                let scaled = weight * x;
                gram[i * width..=i * width + i].iter_mut().zip(row).for_each(|(sum, y)| *sum += scaled * y);
            }
        }
    }
    (0..width).for_each(|i| gram[i * width + i] += ridge);
    gram
}

/// `XᵀWy` of a row-major matrix.
pub(crate) fn moments(rows: &[f64], width: usize, weights: &[f64], y: &[f64]) -> Vec<f64> {
    let mut moments = vec![0.0; width];
    for ((row, weight), y) in rows.chunks_exact(width.max(1)).zip(weights).zip(y) {
        moments.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * y * x);
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_a_singular_one_refused() {
        let rows = [1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 5.0];
        let weights = [1.0, 2.0, 1.0, 0.5];
        let y: Vec<f64> = rows.chunks(2).map(|row| 3.0 * row[0] - 0.5 * row[1]).collect();
        let factor = Cholesky::new(gram(&rows, 2, &weights, 0.0), 2).unwrap();
        let found = factor.solve(&moments(&rows, 2, &weights, &y));
        assert!((found[0] - 3.0).abs() < 1e-12 && (found[1] + 0.5).abs() < 1e-12, "{found:?}");
        let twice = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
        assert_eq!(Cholesky::new(gram(&twice, 2, &[1.0; 3], 0.0), 2), None);
    }
}
