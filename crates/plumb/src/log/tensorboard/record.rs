//! Records of an event file: `length u64 | crc(length) | data | crc(data)`, little-endian, the checksums CRC-32C masked as
//! TensorFlow does.

use std::io::{self, Write};

/// Writes one record.
pub(super) fn write(to: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    to.write_all(&length)?;
    to.write_all(&masked(crc32c(&length)).to_le_bytes())?;
    to.write_all(data)?;
    to.write_all(&masked(crc32c(data)).to_le_bytes())
}

/// A checksum of bytes that hold checksums themselves would be weak: TensorFlow turns and shifts it.
const fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a byte at a time by a table.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// The data of the records of a file, each held against its checksums.
#[cfg(test)]
pub(super) fn read(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut take = |count: usize| {
        let (taken, rest) = bytes.split_at(count);
        bytes = rest;
        (taken.to_vec(), rest.is_empty())
    };
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    loop {
        let (length, _) = take(8);
        assert_eq!(number(&take(4).0), masked(crc32c(&length)));
        let (data, _) = take(u64::from_le_bytes(length.try_into().unwrap()) as usize);
        let (crc, last) = take(4);
        assert_eq!(number(&crc), masked(crc32c(&data)));
        records.push(data);
        if last {
            return records;
        }
    }
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
        let mut file = Vec::new();
        let written: [&[u8]; 3] = [b"one", b"", &[7; 300]];
        for data in written {
            write(&mut file, data).unwrap();
        }
        assert_eq!(read(&file), written);
    }
}
