//! Bytes to the numbers that a network takes in.

use crate::pictures::Picture;

/// `(byte / 255 - mean) / deviation` of each channel, looked up: 1 byte read and 4 written a number.
#[derive(Debug, Clone)]
pub struct Normaliser {
    /// For each channel, the number of each byte.
    tables: Vec<[f32; 256]>,
}

impl Normaliser {
    /// For channels of these moments, on a scale from 0 to 1.
    pub fn new(mean: &[f32], deviation: &[f32]) -> Self {
        let table = |(mean, deviation): (&f32, &f32)| {
            let mut table = [0.0f32; 256];
            for (byte, number) in table.iter_mut().enumerate() {
                *number = (byte as f32 / 255.0 - mean) / deviation;
            }
            table
        };
        Self { tables: mean.iter().zip(deviation).map(table).collect() }
    }

    /// Writes the numbers of a picture that has as many channels, channels last.
    pub fn apply(&self, picture: &Picture, out: &mut [f32]) {
        let channels = self.tables.len().max(1);
        for (numbers, bytes) in out.chunks_exact_mut(channels).zip(picture.pixels().chunks_exact(channels)) {
            for ((number, &byte), table) in numbers.iter_mut().zip(bytes).zip(&self.tables) {
                *number = table[usize::from(byte)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Channels;

    #[test]
    fn each_channel_has_its_own_moments() {
        let picture = Picture::new(2, 1, Channels::Rgb, vec![0, 255, 51, 255, 0, 102]).unwrap();
        let mut out = [0.0; 6];
        Normaliser::new(&[0.5, 0.0, 0.2], &[0.5, 2.0, 0.1]).apply(&picture, &mut out);
        let wanted = [-1.0, 0.5, 0.0, 1.0, 0.0, 2.0];
        assert!(out.iter().zip(wanted).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6), "{out:?}");
    }
}
