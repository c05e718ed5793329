//! TensorBoard event files: scalars of the history and pictures of a network, for people who have its page open anyway.
//!
//! A file is a row of records `length u64 | crc(length) | data | crc(data)`, little-endian, the checksums CRC-32C
//! masked as TensorFlow does. The data is a protobuf `Event`, of which a few fields are written by hand here.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use plumb_data::pictures::{Picture, png};

/// An event file, open for appending.
#[derive(Debug)]
pub(crate) struct EventFile {
    file: io::BufWriter<File>,
}

impl EventFile {
    /// Starts a new file in `folder`. TensorBoard joins the files of a folder, so a resumed run has several.
    #[expect(
        clippy::disallowed_methods,
        reason = "a log that grows; a torn last record is skipped by its readers"
    )]
    pub(crate) fn create(folder: &Path, unix_ms: u64) -> io::Result<Self> {
        let name = format!("events.out.tfevents.{:010}.plumb.{}.0", unix_ms / 1000, std::process::id());
        let mut file = Self { file: io::BufWriter::new(File::create(folder.join(name))?) };
        let mut event = time_field(unix_ms);
        bytes_field(&mut event, 3, b"brain.Event:2");
        file.record(&event)?;
        Ok(file)
    }

    /// Writes scalars of one step.
    pub(crate) fn scalars(&mut self, unix_ms: u64, step: u64, scalars: &[(&str, f64)]) -> io::Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut of_tag = Vec::new();
            bytes_field(&mut of_tag, 1, tag.as_bytes());
            key(&mut of_tag, 2, FIXED32);
            of_tag.extend((*value as f32).to_le_bytes());
            bytes_field(&mut summary, 1, &of_tag);
        }
        self.summary(unix_ms, step, &summary)
    }

    /// Writes a picture of one step, as a PNG file.
    pub(crate) fn picture(
        &mut self,
        unix_ms: u64,
        step: u64,
        tag: &str,
        picture: &Picture,
    ) -> io::Result<()> {
        let mut image = Vec::new();
        let numbers = [picture.height(), picture.width(), picture.channels().count()];
        for (field, number) in (1..).zip(numbers) {
            key(&mut image, field, VARINT);
            varint(&mut image, number as u64);
        }
        bytes_field(&mut image, 4, &png(picture, usize::MAX));
        let mut of_tag = Vec::new();
        bytes_field(&mut of_tag, 1, tag.as_bytes());
        bytes_field(&mut of_tag, 4, &image);
        let mut summary = Vec::new();
        bytes_field(&mut summary, 1, &of_tag);
        self.summary(unix_ms, step, &summary)
    }

    fn summary(&mut self, unix_ms: u64, step: u64, summary: &[u8]) -> io::Result<()> {
        let mut event = time_field(unix_ms);
        key(&mut event, 2, VARINT);
        varint(&mut event, step);
        bytes_field(&mut event, 5, summary);
        self.record(&event)
    }

    /// Hands everything written so far to the system.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn record(&mut self, data: &[u8]) -> io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&masked_crc(&length).to_le_bytes())?;
        self.file.write_all(data)?;
        self.file.write_all(&masked_crc(data).to_le_bytes())
    }
}

/// Wire types of protobuf.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

fn key(out: &mut Vec<u8>, field: u64, wire_type: u64) {
    varint(out, field << 3 | wire_type);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    key(out, field, BYTES);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn time_field(unix_ms: u64) -> Vec<u8> {
    let mut out = Vec::new();
    key(&mut out, 1, FIXED64);
    out.extend((unix_ms as f64 / 1000.0).to_le_bytes());
    out
}

fn masked_crc(bytes: &[u8]) -> u32 {
    let crc = crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: an event has a few hundred bytes, one with a picture ten thousand.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let step = |crc: u32, _| (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283, "the check value of the polynomial's catalogue entry");
    }

    #[test]
    fn records_tile_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = EventFile::create(folder.path(), 1_700_000_000_000).unwrap();
        events.scalars(1_700_000_000_500, 300, &[("train/loss", 0.25)]).unwrap();
        let pixels = vec![9; 2 * 3];
        let picture = Picture::new(3, 2, plumb_data::pictures::Channels::Grey, pixels).unwrap();
        events.picture(1_700_000_000_500, 300, "filters", &picture).unwrap();
        events.flush().unwrap();
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(path).unwrap();
        let mut at = 0;
        let mut records = 0;
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let data = &bytes[at + 12..at + 12 + length];
            let crc = u32::from_le_bytes(bytes[at + 12 + length..at + 16 + length].try_into().unwrap());
            assert_eq!(crc, masked_crc(data));
            at += 16 + length;
            records += 1;
        }
        assert_eq!((records, at), (3, bytes.len()));
    }
}
