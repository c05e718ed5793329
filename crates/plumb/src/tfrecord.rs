//! TensorFlow's records, of which event files are made: `length u64 | crc(length) | data | crc(data)`, little-endian, the
//! checksums CRC-32C, turned and shifted, because one of bytes that hold checksums themselves would be weak.

use std::io::{self, Write};

/// Bytes of a record that is read at most: pictures and graphs stand between the numbers.
const LONGEST: usize = 256 << 20;

/// Writes one record.
pub(crate) fn write(to: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    to.write_all(&length)?;
    to.write_all(&masked_crc(&length).to_le_bytes())?;
    to.write_all(data)?;
    to.write_all(&masked_crc(data).to_le_bytes())
}

/// The records of a file, and what is wrong with the rest of it.
#[derive(Debug, Default)]
pub(crate) struct Records<'a> {
    /// The data of each record whose checksums hold.
    pub(crate) whole: Vec<&'a [u8]>,
    /// Records whose data does not have its checksum.
    pub(crate) damaged: usize,
    /// Bytes at the end that are no record: one that was being written, or damage that hides where the next begins.
    pub(crate) unread: usize,
}

/// Cuts a file into its records. One pass; nothing is copied.
pub(crate) fn cut(bytes: &[u8]) -> Records<'_> {
    let mut records = Records::default();
    let mut rest = bytes;
    while let Some((data, holds, after)) = next(rest) {
        if holds {
            records.whole.push(data);
        } else {
            records.damaged += 1;
        }
        rest = after;
    }
    records.unread = rest.len();
    records
}

/// The data of the first record, whether it has its checksum, and what follows it.
fn next(bytes: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    if masked_crc(length) != u32::from_le_bytes(*crc) {
        return None;
    }
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length <= LONGEST)?;
    let (data, rest) = rest.split_at_checked(length)?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    Some((data, masked_crc(data) == u32::from_le_bytes(*crc), rest))
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a byte at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const TABLE: [u32; 256] = table();

/// The remainders of all bytes by the Castagnoli polynomial.
const fn table() -> [u32; 256] {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// One record alone.
#[cfg(test)]
pub(crate) fn record(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, data).unwrap();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283, "the check value of the polynomial's catalogue entry");
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa, "RFC 3720, B.4");
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43, "RFC 3720, B.4");
    }

    #[test]
    fn records_tile_the_file() {
        let written: [&[u8]; 3] = [b"one", b"", &[7; 300]];
        let file = written.map(record).concat();
        assert_eq!(cut(&file).whole, written);
    }

    #[test]
    fn a_torn_tail_is_told_and_a_damaged_record_passed_over() {
        let mut bytes = [record(b"one"), record(b"two"), record(b"three")].concat();
        let cut_at = |bytes: &[u8]| (cut(bytes).whole.len(), cut(bytes).damaged, cut(bytes).unread);
        assert_eq!(cut_at(&bytes), (3, 0, 0));
        assert_eq!(cut_at(&bytes[..bytes.len() - 1]), (2, 0, 20));
        let in_second = record(b"one").len() + 12;
        bytes[in_second] ^= 1;
        assert_eq!((cut_at(&bytes), cut(&bytes).whole[1]), ((2, 1, 0), &b"three"[..]));
        // The length of the second: where the third begins is lost.
        bytes[in_second - 12] ^= 1;
        assert_eq!(cut_at(&bytes), (1, 0, bytes.len() - record(b"one").len()));
        let huge =
            [u64::MAX.to_le_bytes().as_slice(), &masked_crc(&u64::MAX.to_le_bytes()).to_le_bytes()].concat();
        assert_eq!(cut_at(&huge), (0, 0, 12));
    }
}
