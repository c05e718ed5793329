//! Images with a margin of zeros, channels last.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::buffer::unfilled;

/// Images of `size`, `channels` values a pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Images<'a> {
    pub(super) values: &'a [f32],
    pub(super) size: [usize; 2],
    pub(super) channels: usize,
}

/// The images with `before` and `after` rows and columns of zeros around them, and their new size. One pass over the
/// memory; none without a margin.
pub(super) fn pad(images: Images<'_>, before: [usize; 2], after: [usize; 2]) -> (Cow<'_, [f32]>, [usize; 2]) {
    let size = [0, 1].map(|axis| images.size[axis] + before[axis] + after[axis]);
    if size == images.size {
        return (Cow::Borrowed(images.values), size);
    }
    let channels = images.channels;
    let (old_row, new_row) = (images.size[1] * channels, size[1] * channels);
    let (old, new) = (images.size[0] * old_row, size[0] * new_row);
    let batch = images.values.len().checked_div(old).unwrap_or(0);
    let mut padded = unfilled(batch * new);
    padded.par_chunks_mut(new.max(1)).zip(images.values.par_chunks(old.max(1))).for_each(
        |(padded, image)| {
            let (left, right) = (before[1] * channels, after[1] * channels);
            for (y, row) in padded.chunks_exact_mut(new_row).enumerate() {
                let inside = y.checked_sub(before[0]).filter(|&y| y < images.size[0]);
                let Some(y) = inside else {
                    row.fill(0.0);
                    continue;
                };
                row[..left].fill(0.0);
                row[new_row - right..].fill(0.0);
                row[left..left + old_row].copy_from_slice(&image[y * old_row..][..old_row]);
            }
        },
    );
    (Cow::Owned(padded), size)
}
