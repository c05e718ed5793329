//! The page headers of a Parquet file, read before any page is: a decoder allocates what a header declares.
//!
//! Headers are Thrift structs in the compact protocol. Only the two sizes are of interest; the rest is passed over.

use plumb_ledger::Limits;

use super::error::Fault;

/// Checks every page of the column chunk that begins at `start` and is `length` bytes long.
pub(super) fn check(file: &[u8], start: i64, length: i64, limits: &Limits) -> Result<(), Fault> {
    let bounds = usize::try_from(start).ok().zip(usize::try_from(length).ok());
    let chunk = bounds.and_then(|(start, length)| file.get(start..start.checked_add(length)?));
    let mut rest = chunk.ok_or_else(|| torn("a column chunk lies outside the file"))?;
    while !rest.is_empty() {
        let mut header = Compact { bytes: rest };
        let sizes = header.page_sizes().ok_or_else(|| torn("a page header cannot be read"))?;
        if sizes.unpacked > limits.parquet_page_bytes as u64 {
            let what = "a page".to_owned();
            return Err(Fault::Declared { what, bytes: sizes.unpacked, limit: limits.parquet_page_bytes });
        }
        let packed = usize::try_from(sizes.packed).ok();
        rest = packed
            .and_then(|n| header.bytes.get(n..))
            .ok_or_else(|| torn("a page is longer than its column"))?;
    }
    Ok(())
}

fn torn(detail: &str) -> Fault {
    Fault::Torn { format: "Parquet", detail: detail.to_owned() }
}

#[derive(Default)]
struct Sizes {
    unpacked: u64,
    packed: u64,
}

/// What is left of the bytes; every reader takes from the front.
struct Compact<'a> {
    bytes: &'a [u8],
}

/// Structs within structs that a header may hold. Parquet's own go three deep.
const DEPTH: usize = 8;

/// What stands behind the last field of a struct.
const STOP: u8 = 0;

impl Compact<'_> {
    /// The sizes of the page, fields 2 and 3 of its header; what follows is the page itself.
    fn page_sizes(&mut self) -> Option<Sizes> {
        let (mut sizes, mut id) = (Sizes::default(), 0);
        loop {
            let kind = self.field(&mut id)?;
            match (id, kind) {
                (_, STOP) => return Some(sizes),
                (2, 5) => sizes.unpacked = self.zigzag()?.try_into().ok()?,
                (3, 5) => sizes.packed = self.zigzag()?.try_into().ok()?,
                _ => self.skip(kind, DEPTH)?,
            }
        }
    }

    /// The type of the next field, [`STOP`] at the end of the struct.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        if head == STOP {
            return Some(STOP);
        }
        let step = i64::from(head >> 4);
        *id = if step == 0 { self.zigzag()? } else { id.checked_add(step)? };
        Some(head & 0x0F)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => {}
            3 => self.take(1)?,
            4..=6 => drop(self.varint()?),
            7 => self.take(8)?,
            8 => {
                let length = self.varint()?;
                self.take(length)?;
            }
            9 | 10 => self.skip_list(depth)?,
            12 => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        STOP => break,
                        kind => self.skip(kind, depth)?,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn skip_list(&mut self, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        // Every element takes a byte at least, booleans too: a longer list is a lie.
        (length <= self.bytes.len() as u64).then_some(())?;
        for _ in 0..length {
            match head & 0x0F {
                1 | 2 => self.take(1)?,
                kind => self.skip(kind, depth)?,
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    fn take(&mut self, n: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}
