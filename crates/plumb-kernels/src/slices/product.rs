//! Products of stacks of matrices.

use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::product::{Matrix, Product, Start};

/// The products of `count` pairs of matrices, `[m, k]` by `[k, n]`, or by `[n, k]` where the right ones are `turned`. Panics where a slice does
/// not hold them.
pub fn products(a: &[f32], b: &[f32], count: usize, [m, k, n]: [usize; 3], turned: bool) -> Vec<f32> {
    assert!(a.len() == count * m * k && b.len() == count * k * n, "matrices of other extents");
    let mut output = unfilled(count * m * n);
    if m * n == 0 {
        return output;
    }
    let product = |index: usize| {
        let b = &b[index * k * n..][..k * n];
        let b = if turned { Matrix::rows(b, k).transposed() } else { Matrix::rows(b, n) };
        Product { m, n, k, a: Matrix::rows(&a[index * m * k..][..m * k], k), b, start: Start::Zero }
    };
    if count == 1 {
        product(0).compute(&mut output);
    } else {
        output.par_chunks_mut(m * n).enumerate().for_each(|(index, c)| product(index).compute_here(c, n));
    }
    output
}
