//! Bytes to the numbers that a network takes in.

/// Writes `(byte / 255 - mean) / deviation` of each channel, channels last. A byte is looked up in a table of its
/// channel: 1 byte read and 4 written a number.
pub fn to_floats(picture: &crate::pictures::Picture, mean: &[f32], deviation: &[f32], out: &mut [f32]) {
    let channels = picture.channels().count();
    let table = |channel: usize| {
        let mean = mean.get(channel).copied().unwrap_or(0.0);
        let deviation = deviation.get(channel).copied().unwrap_or(1.0);
        let mut table = [0.0f32; 256];
        for (byte, number) in table.iter_mut().enumerate() {
            *number = (byte as f32 / 255.0 - mean) / deviation;
        }
        table
    };
    let tables: Vec<[f32; 256]> = (0..channels).map(table).collect();
    for (numbers, bytes) in out.chunks_exact_mut(channels).zip(picture.pixels().chunks_exact(channels)) {
        for ((number, &byte), table) in numbers.iter_mut().zip(bytes).zip(&tables) {
            *number = table[usize::from(byte)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::{Channels, Picture};

    #[test]
    fn each_channel_has_its_own_moments() {
        let picture = Picture::new(2, 1, Channels::Rgb, vec![0, 255, 51, 255, 0, 102]).unwrap();
        let mut out = [0.0; 6];
        to_floats(&picture, &[0.5, 0.0, 0.2], &[0.5, 2.0, 0.1], &mut out);
        let wanted = [-1.0, 0.5, 0.0, 1.0, 0.0, 2.0];
        assert!(out.iter().zip(wanted).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6), "{out:?}");
    }
}
