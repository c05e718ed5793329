//! Pooling of images, channels last.

use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::vector::vectorized;

/// A window that moves over images, and their extents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width of an image.
    pub size: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// Height and width of the window; not 0.
    pub kernel: [usize; 2],
    /// Pixels from one place of the window to the next; not 0.
    pub stride: [usize; 2],
    /// Pixels before each axis.
    pub before: [usize; 2],
    /// Height and width of the result.
    pub output: [usize; 2],
}

impl Window {
    /// The pixels of an image that lie under the window at a place, by axis.
    fn under(&self, place: usize, axis: usize) -> std::ops::Range<usize> {
        let first = place * self.stride[axis];
        let inside = |at: usize| at.saturating_sub(self.before[axis]).min(self.size[axis]);
        inside(first)..inside(first + self.kernel[axis])
    }

    /// Fills `output` row by row: `at(image, y, x, channels of the result)`.
    fn each<T: Send, I: Sync>(
        &self,
        images: &[I],
        output: &mut [T],
        at: impl Fn(&[I], [usize; 2], &mut [T]) + Sync,
    ) {
        let row = (self.output[1] * self.channels).max(1);
        let image_len = self.size[0] * self.size[1] * self.channels;
        output.par_chunks_mut(row).enumerate().for_each(|(line, row)| {
            let image = &images[line / self.output[0].max(1) * image_len..][..image_len];
            vectorized(
                #[inline(always)]
                || {
                    for (x, channels) in row.chunks_mut(self.channels.max(1)).enumerate() {
                        at(image, [line % self.output[0].max(1), x], channels);
                    }
                },
            );
        });
    }

    fn len(&self, images: usize) -> usize {
        let image = (self.size[0] * self.size[1] * self.channels).max(1);
        images / image * self.output[0] * self.output[1] * self.channels
    }
}

/// The largest entry under each window, for each channel; `least` where there is none. The padding never wins.
pub fn max_pool<T: Copy + PartialOrd + Send + Sync>(images: &[T], window: &Window, least: T) -> Vec<T> {
    let mut output = vec![least; window.len(images.len())];
    window.each(
        images,
        &mut output,
        #[inline(always)]
        |image, [y, x], tops| {
            for row in window.under(y, 0) {
                for column in window.under(x, 1) {
                    let pixel =
                        &image[(row * window.size[1] + column) * window.channels..][..window.channels];
                    for (top, value) in tops.iter_mut().zip(pixel) {
                        *top = if *top > *value { *top } else { *value };
                    }
                }
            }
        },
    );
    output
}

/// The mean under each window, for each channel; pixels of the padding count where `with_padding`.
pub fn average_pool(images: &[f32], window: &Window, with_padding: bool) -> Vec<f32> {
    let mut output = vec![0.0f32; window.len(images.len())];
    window.each(
        images,
        &mut output,
        #[inline(always)]
        |image, [y, x], sums| {
            let (rows, columns) = (window.under(y, 0), window.under(x, 1));
            let count =
                if with_padding { window.kernel[0] * window.kernel[1] } else { rows.len() * columns.len() };
            for row in rows {
                for column in columns.clone() {
                    let pixel =
                        &image[(row * window.size[1] + column) * window.channels..][..window.channels];
                    sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
                }
            }
            let scale = 1.0 / count.max(1) as f32;
            sums.iter_mut().for_each(|sum| *sum *= scale);
        },
    );
    output
}

/// The mean over all `pixels` of each image, for each of its `channels`.
pub fn global_average(images: &[f32], [pixels, channels]: [usize; 2]) -> Vec<f32> {
    let len = (pixels * channels).max(1);
    let mut output = unfilled(images.len() / len * channels);
    output.par_chunks_mut(channels.max(1)).zip(images.par_chunks(len)).for_each(|(sums, image)| {
        vectorized(
            #[inline(always)]
            || {
                sums.fill(0.0);
                for pixel in image.chunks(channels.max(1)) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
                }
                let scale = 1.0 / pixels.max(1) as f32;
                sums.iter_mut().for_each(|sum| *sum *= scale);
            },
        );
    });
    output
}
