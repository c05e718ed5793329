//! Weights and inputs that follow from their name: `oracles/formula.py`.

/// Numbers in [-1, 1): FNV-1a of the name, then SplitMix64 of each place.
pub(crate) fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> + use<> {
    let step = |seed: u64, byte: u8| (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325, step);
    (1..=count as u64).map(move |place| {
        let mut z = seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}
