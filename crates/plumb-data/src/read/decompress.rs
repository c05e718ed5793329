//! gzip and Zstandard, known by their first bytes and bounded in what they may become.

use std::io::{self, BufReader, Read};

use super::error::Fault;

/// What a small file may become whatever the ratio: 1 MiB of one repeated line compresses past 1,000 to 1.
const ALWAYS_ALLOWED: u64 = 1 << 20;

/// The stream of decompressed bytes; a plain stream passes unchanged.
///
/// `size` is the compressed size in bytes; more than `size * ratio` bytes end in [`Fault::Bomb`].
pub(super) fn decompress<'a>(
    stream: impl Read + 'a,
    head: &[u8],
    size: u64,
    ratio: usize,
) -> Result<Box<dyn Read + 'a>, Fault> {
    let left = size.saturating_mul(ratio as u64).max(ALWAYS_ALLOWED);
    if head.starts_with(&[0x1F, 0x8B]) {
        let inner = flate2::read::MultiGzDecoder::new(BufReader::new(stream));
        return Ok(Box::new(Bounded { inner, left, ratio }));
    }
    if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        let inner = zstd::stream::read::Decoder::new(stream)?;
        return Ok(Box::new(Bounded { inner, left, ratio }));
    }
    Ok(Box::new(stream))
}

struct Bounded<R> {
    inner: R,
    left: u64,
    ratio: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Bomb(self.ratio))),
        }
        Ok(n)
    }
}

/// The fault on its way through `std::io::Read`.
#[derive(Debug, thiserror::Error)]
#[error("decompresses to more than {0} times its size")]
struct Bomb(usize);

/// The fault that an error of a stream stands for.
pub(super) fn stream_fault(error: io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()) {
        Some(bomb) => Fault::Bomb(bomb.0),
        None => Fault::Io(error),
    }
}
