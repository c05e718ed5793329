//! The layer of an image: a tar of given parts, sorted, owned by root, without times, compressed under a fixed header. The same parts
//! make the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;
use tar::{Builder, EntryType, Header};

use super::Part;

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// The compressed tar.
    pub(super) bytes: Vec<u8>,
    /// The digest of the tar before it is compressed.
    pub(super) diff_id: Sha256,
}

/// Passes bytes on and takes their digest.
struct Hashing<W> {
    inner: W,
    hasher: Sha256Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Packs the parts, by path without a slash in front.
pub(super) fn pack(parts: &BTreeMap<String, Part>) -> io::Result<Layer> {
    // Operating system 255 is "unknown": the header is the same wherever it is written.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::default());
    let mut tar = Builder::new(Hashing { inner: gzip, hasher: Sha256Hasher::default() });
    let mut folders = BTreeSet::new();
    for (path, part) in parts {
        for (at, _) in path.match_indices('/') {
            let folder = path.get(..=at).unwrap_or_default();
            if folders.insert(folder) {
                tar.append_data(&mut header(EntryType::Directory, 0o755, 0), folder, io::empty())?;
            }
        }
        let mode = if part.is_program { 0o755 } else { 0o644 };
        tar.append_data(
            &mut header(EntryType::Regular, mode, part.bytes.len()),
            path,
            part.bytes.as_slice(),
        )?;
    }
    let hashing = tar.into_inner()?;
    let bytes = hashing.inner.finish()?;
    Ok(Layer { bytes, diff_id: hashing.hasher.finish() })
}

fn header(kind: EntryType, mode: u32, bytes: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes as u64);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_layer_has_every_folder_once_before_its_files_and_no_clock() {
        let parts = BTreeMap::from([
            ("usr/bin/plumb".to_owned(), Part::program(b"\x7fELF".to_vec())),
            ("bundle/model/model.json".to_owned(), Part::file(b"{}".to_vec())),
            ("bundle/README.md".to_owned(), Part::file(b"# x".to_vec())),
        ]);
        let layer = pack(&parts).unwrap();
        assert_eq!(layer, pack(&parts).unwrap());
        // The time and the system of the header of gzip.
        assert_eq!((&layer.bytes[4..8], layer.bytes[9]), ([0; 4].as_slice(), 255));
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(layer.bytes.as_slice()).read_to_end(&mut tar).unwrap();
        assert_eq!(Sha256::of(&tar), layer.diff_id);
        let mut archive = tar::Archive::new(tar.as_slice());
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
            seen.push((entry.path().unwrap().to_str().unwrap().to_owned(), header.mode().unwrap()));
        }
        let expected = [
            ("bundle/", 0o755),
            ("bundle/README.md", 0o644),
            ("bundle/model/", 0o755),
            ("bundle/model/model.json", 0o644),
            ("usr/", 0o755),
            ("usr/bin/", 0o755),
            ("usr/bin/plumb", 0o755),
        ];
        assert_eq!(seen, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }
}
