//! Near copies among pictures: encoded anew, resized, brighter or darker, a little noisier.
//!
//! Brightness in 8 x 8 fields, standardised, is a vector of 64; near copies are close to each other in any direction. A
//! few random directions, each cut into cells, put candidates into buckets; the pictures themselves then decide.
//!
//! Cost for `n` pictures: 3,000 products each for the directions, then the bucket's neighbours; a pair is compared at 32 x 32
//! fields only where its thumbnails agree.

use plumb_ledger::Seed;
use plumb_ledger::digest::xxh3;
use rayon::prelude::*;

use super::{Filter, PictureSet, Rect, THUMBNAIL, Thumbnail, resize};

/// Correlation of brightness from which two pictures are near copies.
///
/// Measured on 5,000 pictures of Fashion-MNIST and of MNIST: 0.1 % and none of them have such a neighbour by nature. Of
/// copies saved as JPEG of quality 75, a fifth brighter or with noise of 8 levels 90 % and more have it.
pub const NEAR_COPY: f64 = 0.99;

/// The same of thumbnails, in which noise is averaged away: what is below is not looked at.
const NEAR_THUMBNAIL: f32 = 0.995;
/// Deviation of brightness, in levels, below which a picture is blank and like every other blank one.
const BLANK: f32 = 2.0;
/// Buckets by so many directions, with other directions each time: a near copy is missed once in two hundred times.
const DIRECTIONS: usize = 8;
const TURNS: usize = 6;
/// Width of a cell in deviations: ten times the distance of near copies along a direction.
const WIDTH: f32 = 0.5;
/// Each picture is compared with this many before it in its bucket.
const WINDOW: usize = 8;
/// The side at which pairs are compared.
const SIDE: usize = 32;

/// A thumbnail with mean 0 and deviation 1.
type Vector = [f32; THUMBNAIL * THUMBNAIL];

/// Pairs of near copies that are not equal: the later one, an earlier one. Ordered; a later one may have several.
pub fn near_copies(set: &PictureSet) -> Vec<(u32, u32)> {
    let vectors: Vec<Option<Vector>> =
        (0..set.len()).into_par_iter().map(|index| standardised(set.thumbnail(index)?)).collect();
    let mut pairs: Vec<(u32, u32)> = (0..TURNS).flat_map(|turn| candidates(&vectors, turn)).collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs.into_par_iter().filter(|&(later, earlier)| is_near(set, later as usize, earlier as usize)).collect()
}

fn standardised(thumbnail: &Thumbnail) -> Option<Vector> {
    let values = thumbnail.map(f32::from);
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
    (deviation >= BLANK).then(|| values.map(|value| (value - mean) / deviation))
}

fn product(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Pairs in a bucket of one turn's directions whose thumbnails agree.
fn candidates(vectors: &[Option<Vector>], turn: usize) -> Vec<(u32, u32)> {
    let stream = Seed(0).stream("near copies").at(turn as u64);
    let directions: [Vector; DIRECTIONS] = std::array::from_fn(|direction| {
        let stream = stream.at(direction as u64);
        let raw: Vector = std::array::from_fn(|place| stream.normal(place as u64) as f32);
        let length = product(&raw, &raw).sqrt();
        raw.map(|value| value / length)
    });
    let place = |(index, vector): (usize, &Option<Vector>)| {
        let vector = vector.as_ref()?;
        let along = directions.each_ref().map(|direction| product(direction, vector));
        let cells = along.map(|along| ((along / WIDTH).floor() as i32).to_le_bytes());
        Some((xxh3(cells.as_flattened()), along[0].to_bits(), index as u32))
    };
    let mut places: Vec<(u64, u32, u32)> = vectors.par_iter().enumerate().filter_map(place).collect();
    places.par_sort_unstable();
    let near = |&(_, _, a): &(u64, u32, u32), &(_, _, b): &(u64, u32, u32)| {
        let (Some(of_a), Some(of_b)) = (&vectors[a as usize], &vectors[b as usize]) else { return None };
        let agree = product(of_a, of_b) >= NEAR_THUMBNAIL * of_a.len() as f32;
        agree.then(|| (a.max(b), a.min(b)))
    };
    let buckets: Vec<&[(u64, u32, u32)]> = places.chunk_by(|a, b| a.0 == b.0).collect();
    let in_bucket = |bucket: &&[(u64, u32, u32)]| {
        let mut pairs = Vec::new();
        for (at, place) in bucket.iter().enumerate() {
            pairs.extend(
                bucket[at.saturating_sub(WINDOW)..at].iter().filter_map(|before| near(before, place)),
            );
        }
        pairs
    };
    buckets.par_iter().flat_map_iter(in_bucket).collect()
}

/// Whether two unequal pictures agree in brightness at 32 x 32 fields, or at their own where they have fewer.
fn is_near(set: &PictureSet, a: usize, b: usize) -> bool {
    if set.digest(a) == set.digest(b) {
        return false;
    }
    let side = |index: usize| set.extents(index).map_or(SIDE, |(width, height)| width.min(height));
    let side = side(a).min(side(b)).min(SIDE);
    let (Some(a), Some(b)) = (brightness(set, a, side), brightness(set, b, side)) else { return false };
    correlation(&a, &b) >= NEAR_COPY
}

fn brightness(set: &PictureSet, index: usize, side: usize) -> Option<Vec<u8>> {
    let picture = set.get(index)?.grey();
    let whole = Rect::whole(picture.width(), picture.height());
    Some(resize(&picture, whole, side, side, Filter::Box).pixels().to_vec())
}

fn correlation(a: &[u8], b: &[u8]) -> f64 {
    let count = a.len().max(1) as f64;
    let mean = |of: &[u8]| of.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        (both, of_a, of_b) = (both + a * b, of_a + a * a, of_b + b * b);
    }
    if of_a > 0.0 && of_b > 0.0 { both / (of_a * of_b).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::{Channels, Picture};

    /// Waves of its own for each number.
    fn picture(number: u64) -> Picture {
        let stream = Seed(7).stream("waves").at(number);
        let waves: Vec<[f64; 4]> =
            (0..6).map(|wave| std::array::from_fn(|of| stream.at(wave).normal(of as u64))).collect();
        let level = |at: usize| {
            let (x, y) = ((at % 40) as f64 / 40.0, (at / 40) as f64 / 40.0);
            let sum: f64 = waves.iter().map(|[a, b, c, d]| d * (5.0 * (a * x + b * y) + c).sin()).sum();
            (128.0 + 40.0 * sum).clamp(0.0, 255.0) as u8
        };
        Picture::new(40, 40, Channels::Grey, (0..1600).map(level).collect()).unwrap()
    }

    fn changed(number: u64, change: impl Fn(usize, u8) -> u8) -> Picture {
        let picture = picture(number);
        let pixels = picture.pixels().iter().enumerate().map(|(at, &level)| change(at, level)).collect();
        Picture::new(40, 40, Channels::Grey, pixels).unwrap()
    }

    #[test]
    fn near_copies_are_found_and_others_are_not() {
        let noise = Seed(1).stream("noise");
        let mut pictures: Vec<Picture> = (0..400).map(picture).collect();
        // Darker, noisier, smaller, equal, blank twice.
        pictures.push(changed(3, |_, level| (f64::from(level) * 0.8) as u8));
        pictures.push(changed(4, |at, level| {
            (f64::from(level) + 6.0 * noise.normal(at as u64)).clamp(0.0, 255.0) as u8
        }));
        pictures.push(resize(&picture(5), Rect::whole(40, 40), 34, 34, Filter::Bilinear));
        pictures.push(picture(6));
        pictures.push(changed(7, |_, _| 9));
        pictures.push(changed(8, |_, _| 200));
        let set: PictureSet = pictures.into_iter().collect();
        assert_eq!(near_copies(&set), [(400, 3), (401, 4), (402, 5)]);
    }
}
