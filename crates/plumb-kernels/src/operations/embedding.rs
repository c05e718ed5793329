//! Rows of a table by their numbers.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};

/// The rows of `table` that `codes` name; a code past the end names row 0.
///
/// # Shapes
/// `[levels, width]` to `[codes, width]`. The gradient is one pass over the codes, in their order.
pub fn embedding(table: Tensor<2>, codes: &[u32]) -> Tensor<2> {
    let [levels, width] = table.dims();
    let codes: Arc<[u32]> =
        codes.iter().map(|&code| if (code as usize) < levels { code } else { 0 }).collect();
    if !on_cpu(&table) {
        let rows = TensorData::new(codes.iter().map(|&code| i64::from(code)).collect(), [codes.len()]);
        let rows = Tensor::<1, Int>::from_data(rows, &table.device());
        return table.select(0, rows).reshape([codes.len(), width]);
    }
    apply(Rows { codes }, [operand(table)]).0
}

#[derive(Debug, Clone)]
struct Rows {
    codes: Arc<[u32]>,
}

impl Operation<1> for Rows {
    /// The extents of the table.
    type Saved = [usize; 2];

    fn forward(&self, [table]: [FlexTensor; 1]) -> (FlexTensor, [usize; 2]) {
        let table = dense(table);
        let shape = extents(&table);
        let [levels, width] = [shape[0], shape[1]];
        let mut output = unfilled(self.codes.len() * width);
        let rows = output.par_chunks_mut(width.max(1)).with_min_len(crate::sums::rows_at_once(width));
        rows.zip(self.codes.par_iter()).for_each(|(row, &code)| {
            row.copy_from_slice(&values(&table)[code as usize * width..][..width]);
        });
        (array(output, [self.codes.len(), width]), [levels, width])
    }

    fn backward(
        &self,
        [levels, width]: [usize; 2],
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let gradient = dense(gradient);
        let mut found = vec![0.0; levels * width];
        for (row, &code) in values(&gradient).chunks_exact(width.max(1)).zip(&*self.codes) {
            let sums = &mut found[code as usize * width..][..width];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        [Some(array(found, [levels, width]))]
    }
}
