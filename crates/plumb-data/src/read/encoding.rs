//! Text encodings: byte order marks, UTF-16, and the choice between UTF-8 and Windows-1252.
//!
//! UTF-16 is turned into UTF-8 on the way in. UTF-8 and Windows-1252 agree on every byte that a delimiter, a quote
//! or a line end is made of, so records are cut first and the choice is made when the whole file has been seen.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A byte that is never valid UTF-8: it stands for what could not be decoded, so that its row is found and listed.
const UNDECODABLE: u8 = 0xFF;

/// The stream as UTF-8 (or Windows-1252) without its byte order mark.
pub(super) fn decode<'a>(stream: impl Read + 'a, head: &[u8]) -> Box<dyn Read + 'a> {
    let (encoding, mark) = match Encoding::for_bom(head) {
        Some(found) => found,
        None => (guess(head), 0),
    };
    let body = SkipBytes { inner: stream, left: mark };
    if encoding == UTF_8 {
        return Box::new(body);
    }
    let decoder = encoding.new_decoder_without_bom_handling();
    Box::new(Utf16 { inner: body, decoder, raw: vec![0; 1 << 15], text: Vec::new(), given: 0, done: false })
}

/// UTF-16 without a mark shows in its zero bytes: in Latin text every second one.
fn guess(head: &[u8]) -> &'static Encoding {
    let pairs = head.len() / 2;
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if pairs >= 2 && odd * 2 > pairs && even * 10 < pairs {
        UTF_16LE
    } else if pairs >= 2 && even * 2 > pairs && odd * 10 < pairs {
        UTF_16BE
    } else {
        UTF_8
    }
}

struct SkipBytes<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for SkipBytes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left > 0 {
            let mut mark = [0; 4];
            let n = self.inner.read(&mut mark[..self.left.min(4)])?;
            if n == 0 {
                return Ok(0);
            }
            self.left -= n;
        }
        self.inner.read(buffer)
    }
}

struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    done: bool,
}

impl<R: Read> Utf16<R> {
    fn refill(&mut self) -> io::Result<()> {
        let n = self.inner.read(&mut self.raw)?;
        self.done = n == 0;
        self.text.clear();
        self.given = 0;
        let mut taken = 0;
        loop {
            let filled = self.text.len();
            // Two bytes of UTF-16 are at most three of UTF-8; the rest is room for a pending surrogate.
            self.text.resize(filled + (n - taken) * 2 + 16, 0);
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
                &self.raw[taken..n],
                &mut self.text[filled..],
                self.done,
            );
            taken += read;
            self.text.truncate(filled + written);
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.text.push(UNDECODABLE),
            }
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.done {
            self.refill()?;
        }
        let n = (self.text.len() - self.given).min(buffer.len());
        buffer[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// The text of Windows-1252 bytes; every byte has a meaning.
pub(super) fn windows_1252(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}
