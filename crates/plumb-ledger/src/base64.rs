//! Base64 (RFC 4648), for what stands inside a text.

/// The standard alphabet.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The place of each byte in the alphabet; [`NO_LETTER`] for those that are none.
const PLACES: [u8; 256] = {
    let mut places = [NO_LETTER; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        places[ALPHABET[place] as usize] = place as u8;
        place += 1;
    }
    places
};
const NO_LETTER: u8 = 64;

/// The bytes in the standard alphabet, padded.
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * place)) & 63).copied().unwrap_or(b'=');
            out.push(if place <= group.len() { letter as char } else { '=' });
        }
    }
    out
}

/// The bytes that [`base64`] made a text of; none of any other text.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=').as_bytes();
    let is_padded = text.len().is_multiple_of(4) && text.len() - letters.len() < 3;
    let mut out = Vec::with_capacity(letters.len().div_ceil(4) * 3);
    for group in letters.chunks(4) {
        let mut bits = 0_u32;
        for place in 0..4 {
            let letter = group.get(place).copied().unwrap_or(ALPHABET[0]);
            let place = PLACES[usize::from(letter)];
            if place == NO_LETTER {
                return None;
            }
            bits = bits << 6 | u32::from(place);
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        let (known, rest) = bytes.split_at_checked(group.len().checked_sub(1)?)?;
        // Bits that fill up the last letter are zeros, and one letter alone is less than a byte.
        if known.is_empty() || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.extend_from_slice(known);
    }
    is_padded.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_rfc() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (bytes, expected) in cases {
            assert_eq!(base64(bytes.as_bytes()), expected);
            assert_eq!(from_base64(expected).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn other_texts_are_no_bytes() {
        for text in ["Z", "Zg", "Zg=", "Zh==", "Zg===", "Zm8 ", "Zm9v\n", "=", "ZöZ="] {
            assert_eq!(from_base64(text), None, "{text}");
        }
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&base64(&bytes)), Some(bytes));
    }
}
