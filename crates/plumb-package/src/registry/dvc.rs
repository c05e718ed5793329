//! DVC knows a file by its MD5: the pointer file that stands beside a bundle so that DVC tracks it.

use std::fmt::Write as _;

/// The text of `FILE.dvc` for a file of these bytes (DVC 3).
pub fn dvc_pointer(file: &str, bytes: &[u8]) -> String {
    let path = serde_json::Value::from(file);
    format!("outs:\n- md5: {}\n  size: {}\n  hash: md5\n  path: {path}\n", md5(bytes), bytes.len())
}

/// Bits that each step turns by (RFC 1321, 3.4), four of each round.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// MD5 as 32 digits. It names a file for DVC and is trusted by nobody here: that a file is the right one is said by its SHA-256.
fn md5(bytes: &[u8]) -> String {
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let whole = bytes.len() - bytes.len() % 64;
    let (blocks, rest) = bytes.split_at(whole);
    blocks.chunks_exact(64).for_each(|block| take(&mut state, block));
    let mut last = rest.to_vec();
    last.push(0x80);
    while last.len() % 64 != 56 {
        last.push(0);
    }
    last.extend((bytes.len() as u64).wrapping_mul(8).to_le_bytes());
    last.chunks_exact(64).for_each(|block| take(&mut state, block));
    let mut text = String::with_capacity(32);
    for byte in state.iter().flat_map(|word| word.to_le_bytes()) {
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

fn take(state: &mut [u32; 4], block: &[u8]) {
    let mut words = [0u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..64usize {
        let (mixed, at) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), (7 * step) % 16),
        };
        let sine = (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
        let sum = a.wrapping_add(mixed).wrapping_add(sine).wrapping_add(words[at]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(TURNS[step / 16][step % 4]));
    }
    for (kept, new) in state.iter_mut().zip([a, b, c, d]) {
        *kept = kept.wrapping_add(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_of_the_rfc() {
        let eighty = "1234567890".repeat(8);
        for (text, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (eighty.as_str(), "57edf4a22be3c955ac49da2e2107b67a"),
        ] {
            assert_eq!(md5(text.as_bytes()), digest, "{text}");
        }
    }

    #[test]
    fn no_name_breaks_the_pointer() {
        let text = dvc_pointer("a\"\n- x.plumb", b"abc");
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.ends_with("  path: \"a\\\"\\n- x.plumb\"\n"), "{text}");
    }
}
