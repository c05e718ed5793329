//! Archives of stored files, as PyTorch writes them: found through the directory at the end, nothing is unpacked.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{PretrainedError, damaged};

/// Where each file of an archive lies.
pub(super) type Entries<'a> = BTreeMap<&'a str, Range<usize>>;

const FORMAT: &str = "PyTorch archive";
/// The ends of an archive: the directory's end, its 64-bit form and where that is found.
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
/// The beginning of an entry of the directory, and of a file.
const ENTRY: &[u8] = b"PK\x01\x02";
const FILE: &[u8] = b"PK\x03\x04";
/// Bytes of the directory's end, and the longest comment behind it.
const END_BYTES: usize = 22;
const COMMENT: usize = 65_535;
/// A 32-bit number that stands for a 64-bit one elsewhere.
const ELSEWHERE: u64 = 0xFFFF_FFFF;
/// The field that holds them.
const EXTRA64: u64 = 1;

/// Whether bytes begin as an archive does.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(FILE)
}

/// The files of an archive by name. A compressed file is an error; PyTorch compresses none.
pub(super) fn entries(bytes: &[u8]) -> Result<Entries<'_>, PretrainedError> {
    let first = bytes.len().saturating_sub(END_BYTES + COMMENT);
    let end = (first..bytes.len().saturating_sub(END_BYTES - 1))
        .rev()
        .find(|&at| bytes[at..].starts_with(END))
        .ok_or_else(|| damaged(FORMAT, "its directory is missing: the file is cut off"))?;
    let (mut count, mut at) = (number(bytes, end + 10, 2)?, number(bytes, end + 16, 4)?);
    if let Some(locator) = end.checked_sub(20).filter(|&at| bytes[at..].starts_with(LOCATOR)) {
        let end64 = place(number(bytes, locator + 8, 8)?)?;
        if !part(bytes, end64, 4)?.starts_with(END64) {
            return Err(damaged(FORMAT, "its directory is not where it says"));
        }
        (count, at) = (number(bytes, end64 + 32, 8)?, number(bytes, end64 + 48, 8)?);
    }
    let mut entries = Entries::new();
    let mut at = place(at)?;
    for _ in 0..count {
        let (name, range, next) = entry(bytes, at)?;
        entries.insert(name, range);
        at = next;
    }
    Ok(entries)
}

/// The file of an entry, and where the next entry begins.
fn entry(bytes: &[u8], at: usize) -> Result<(&str, Range<usize>, usize), PretrainedError> {
    if part(bytes, at, 4)? != ENTRY {
        return Err(damaged(FORMAT, "its directory is broken"));
    }
    let lengths = [28, 30, 32].map(|field| number(bytes, at + field, 2));
    let [name_len, extra_len, comment_len] = lengths;
    let (name_len, extra_len) = (place(name_len?)?, place(extra_len?)?);
    let name =
        std::str::from_utf8(part(bytes, at + 46, name_len)?).map_err(|error| damaged(FORMAT, error))?;
    if number(bytes, at + 10, 2)? != 0 {
        return Err(damaged(FORMAT, format!("`{name}` is compressed, which PyTorch never does")));
    }
    let mut sizes = [number(bytes, at + 24, 4)?, number(bytes, at + 20, 4)?, number(bytes, at + 42, 4)?];
    from_extra(part(bytes, at + 46 + name_len, extra_len)?, &mut sizes)?;
    let [size, _, header] = sizes;
    let header = place(header)?;
    if part(bytes, header, 4)? != FILE {
        return Err(damaged(FORMAT, format!("`{name}` is not where the directory says")));
    }
    let skipped = number(bytes, header + 26, 2)? + number(bytes, header + 28, 2)?;
    let start = place(header as u64 + 30 + skipped)?;
    part(bytes, start, place(size)?)?;
    let next = at + 46 + name_len + extra_len + place(comment_len?)?;
    Ok((name, start..start + place(size)?, next))
}

/// Takes sizes that do not fit 32 bits from the field for them, in its order.
fn from_extra(mut extra: &[u8], sizes: &mut [u64; 3]) -> Result<(), PretrainedError> {
    while extra.len() >= 4 {
        let (kind, len) = (number(extra, 0, 2)?, place(number(extra, 2, 2)?)?);
        let field = part(extra, 4, len)?;
        if kind == EXTRA64 {
            for (index, size) in sizes.iter_mut().filter(|size| **size == ELSEWHERE).enumerate() {
                *size = number(field, 8 * index, 8)?;
            }
        }
        extra = &extra[4 + len..];
    }
    Ok(())
}

fn place(number: u64) -> Result<usize, PretrainedError> {
    usize::try_from(number).map_err(|error| damaged(FORMAT, error))
}

/// A little-endian number of `len` bytes.
fn number(bytes: &[u8], at: usize, len: usize) -> Result<u64, PretrainedError> {
    Ok(part(bytes, at, len)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn part(bytes: &[u8], at: usize, len: usize) -> Result<&[u8], PretrainedError> {
    let end = at.checked_add(len);
    end.and_then(|end| bytes.get(at..end)).ok_or_else(|| damaged(FORMAT, format!("it ends before byte {at}")))
}
