//! Reduced pictures kept on disk: a photograph is decoded and resized once, whatever the number of runs.
//!
//! A file is named after the SHA-256 of the picture's own file, the side that it was reduced to and the version of this code, so it
//! can never be another picture's; it ends in a digest of its bytes. Whatever is wrong with a file, the picture is decoded
//! again. The folder may be deleted at any time.

use std::fs::File;
use std::path::{Path, PathBuf};

use plumb_ledger::digest::xxh3;
use plumb_ledger::{Sha256, atomic};

use crate::pictures::{Channels, Picture};

/// To be counted up when decoding or resizing gives other pixels.
const VERSION: u32 = 1;
/// Width, height, channels, digest of all before it.
const HEAD: usize = 12;
const TAIL: usize = 8;
/// The share of the limit that is left when files are removed, so that it does not happen at every run.
const LEFT: f64 = 0.9;

/// A folder of reduced pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureCache {
    /// Where they lie.
    pub folder: PathBuf,
    /// Bytes of all together, after [`PictureCache::trim`].
    pub most: u64,
}

impl PictureCache {
    fn path(&self, file: &Sha256, side: usize) -> PathBuf {
        let digest = file.as_str();
        let (first, rest) = digest.split_at_checked(2).unwrap_or(("00", digest));
        self.folder.join(first).join(format!("{rest}-{side}-{VERSION}"))
    }

    /// The picture of a file with this digest, reduced to `side`; none when it is not there or damaged. Counts as used now.
    pub fn get(&self, file: &Sha256, side: usize) -> Option<Picture> {
        let path = self.path(file, side);
        let bytes = std::fs::read(&path).ok()?;
        let picture = unpack(&bytes)?;
        // The same length again marks the file as changed now. A folder that cannot be written to is of use all the same.
        let _marked =
            File::options().append(true).open(path).and_then(|file| file.set_len(bytes.len() as u64));
        Some(picture)
    }

    /// Keeps a picture; a full or read-only disk is no error.
    pub fn put(&self, file: &Sha256, side: usize, picture: &Picture) {
        let path = self.path(file, side);
        if path.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) {
            let _kept = atomic::write_file(&path, &pack(picture));
        }
    }

    /// Removes the files that were used longest ago until the rest fits. Files of others are never in `folder`'s two levels.
    pub fn trim(&self) {
        let mut files: Vec<_> = folders(&self.folder).flat_map(files).collect();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if bytes <= self.most {
            return;
        }
        files.sort();
        for (_, size, path) in files {
            if bytes as f64 <= LEFT * self.most as f64 {
                return;
            }
            if std::fs::remove_file(path).is_ok() {
                bytes -= size;
            }
        }
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().len() == 2).map(|entry| entry.path())
}

/// When each file of a folder was marked last, its bytes, its path.
fn files(folder: PathBuf) -> impl Iterator<Item = (impl Ord, u64, PathBuf)> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((meta.modified().ok()?, meta.len(), entry.path()))
    })
}

fn pack(picture: &Picture) -> Vec<u8> {
    let extents = [picture.width(), picture.height(), picture.channels().count()];
    let mut bytes = extents.map(|extent| (extent as u32).to_le_bytes()).concat();
    bytes.extend_from_slice(picture.pixels());
    let digest = xxh3(&bytes);
    bytes.extend_from_slice(&digest.to_le_bytes());
    bytes
}

fn unpack(bytes: &[u8]) -> Option<Picture> {
    let (bytes, digest) = bytes.split_at_checked(bytes.len().checked_sub(TAIL)?)?;
    if xxh3(bytes).to_le_bytes() != digest {
        return None;
    }
    let (head, pixels) = bytes.split_at_checked(HEAD)?;
    let extent = |at: usize| Some(u32::from_le_bytes(*head.as_chunks::<4>().0.get(at)?) as usize);
    let channels = if extent(2)? == 1 { Channels::Grey } else { Channels::Rgb };
    Picture::new(extent(0)?, extent(1)?, channels, pixels.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(level: u8) -> Picture {
        Picture::new(3, 2, Channels::Rgb, vec![level; 18]).unwrap()
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_damaged_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PictureCache { folder: folder.path().to_owned(), most: 1 << 20 };
        let (one, other) = (Sha256::of(b"one"), Sha256::of(b"other"));
        cache.put(&one, 256, &picture(7));
        assert_eq!(cache.get(&one, 256), Some(picture(7)));
        assert_eq!((cache.get(&one, 128), cache.get(&other, 256)), (None, None));
        let path = cache.path(&one, 256);
        let whole = std::fs::read(&path).unwrap();
        for end in 0..whole.len() {
            atomic::write_file(&path, &whole[..end]).unwrap();
            assert_eq!(cache.get(&one, 256), None, "{end}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            atomic::write_file(&path, &bytes).unwrap();
            assert_eq!(cache.get(&one, 256), None, "{at}");
        }
    }

    #[test]
    fn the_longest_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let size = pack(&picture(0)).len() as u64;
        let cache = PictureCache { folder: folder.path().to_owned(), most: 4 * size };
        let names: Vec<Sha256> = (0..6u8).map(|name| Sha256::of(&[name])).collect();
        for (age, name) in names.iter().enumerate() {
            cache.put(name, 8, &picture(age as u8));
            let file = File::options().append(true).open(cache.path(name, 8)).unwrap();
            let ago = std::time::Duration::from_secs(1000 - age as u64);
            file.set_modified(file.metadata().unwrap().modified().unwrap() - ago).unwrap();
        }
        assert!(cache.get(&names[0], 8).is_some(), "used now");
        cache.trim();
        let left: Vec<bool> = names.iter().map(|name| cache.get(name, 8).is_some()).collect();
        assert_eq!(left, [true, false, false, false, true, true]);
    }

    #[test]
    fn a_folder_that_cannot_be_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = PictureCache { folder: file.path().join("under a file"), most: 0 };
        cache.put(&Sha256::of(b"one"), 8, &picture(1));
        cache.trim();
        assert_eq!(cache.get(&Sha256::of(b"one"), 8), None);
    }
}
