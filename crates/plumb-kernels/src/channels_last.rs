//! Images whose channels are neighbours in memory, behind the usual `[batch, channels, height, width]`.
//!
//! Kernels on images leave their output this way, so a chain of them turns nothing round.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::operation::{array, extents};
use crate::turn::turn;

/// `[batch, height, width, channels]` of a tensor `[batch, channels, height, width]`: a view where its memory is that
/// way already, else one pass.
pub(crate) fn channels_last(images: &FlexTensor) -> FlexTensor {
    let view = images.permute(&[0, 2, 3, 1]);
    if view.as_slice::<f32>().is_some() {
        return view;
    }
    let &[batch, channels, height, width] = extents(images).as_slice() else { return view };
    let Some(planes) = images.as_slice::<f32>() else { return view.to_contiguous() };
    let turned = turned(planes, channels, height * width);
    array(turned, [batch, height, width, channels])
}

/// The usual view of `[batch, height, width, channels]`.
pub(crate) fn channels_first(images: &FlexTensor) -> FlexTensor {
    images.permute(&[0, 3, 1, 2])
}

/// Each of the matrices `[rows, columns]` turned round.
fn turned(matrices: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    /// Columns of one task.
    const COLUMNS: usize = 64;
    let len = (rows * columns).max(1);
    let mut turned = unfilled(matrices.len());
    let tasks = turned.par_chunks_mut(len).zip(matrices.par_chunks(len)).flat_map(|(turned, matrix)| {
        turned
            .par_chunks_mut((COLUMNS * rows).max(1))
            .enumerate()
            .map(move |(part, turned)| (part, turned, matrix))
    });
    tasks.for_each(|(part, turned, matrix)| {
        let first = part * COLUMNS;
        turn(&matrix[first..], [rows, columns], turned, [COLUMNS.min(columns - first), rows]);
    });
    turned
}
