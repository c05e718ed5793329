//! The numbers that weights are stored as.

use half::{bf16, f16};

/// A type of number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// 64-bit floats.
    F64,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// The upper half of 32-bit floats.
    Bf16,
    /// Whole numbers or truths of so many bytes, which no weights are.
    Whole(usize),
}

impl Number {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Whole(bytes) => bytes,
        }
    }

    /// The numbers of some bytes, little-endian; none for whole numbers.
    pub(super) fn floats(self, bytes: &[u8]) -> Option<Vec<f32>> {
        let floats = match self {
            Self::F64 => each(bytes, |of| f64::from_le_bytes(of) as f32),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F16 => each(bytes, |of| f16::from_le_bytes(of).to_f32()),
            Self::Bf16 => each(bytes, |of| bf16::from_le_bytes(of).to_f32()),
            Self::Whole(_) => return None,
        };
        Some(floats)
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|of| number(*of)).collect()
}
