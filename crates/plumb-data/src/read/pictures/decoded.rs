//! Many picture files, decoded in parallel, in their order.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;
use rayon::prelude::*;

use super::PictureCache;
use crate::pictures::{self, Picture, PictureLimits, PictureSet};
use crate::read::error::Fault;
use crate::read::{BadRow, Faults, Meter, ReadOptions};

/// Files that are decoded before the next ones are begun. 256: reduced photographs of so many fill about 70 MiB.
const BLOCK: usize = 256;

/// Bytes of a picture file. 256 MiB: one of 2^26 pixels that is not compressed has 192.
const FILE_BYTES: u64 = 256 << 20;

/// What became of the files.
pub(super) struct Decoded {
    /// The pictures that could be decoded, in order.
    pub(super) set: PictureSet,
    /// Which of the files they are.
    pub(super) rows: Vec<usize>,
    /// The files that could not be decoded.
    pub(super) bad: Faults,
    /// The digest over the digests of all files.
    pub(super) digest: Sha256,
}

impl Decoded {
    /// An error when more pictures are bad than good.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match self.bad.listed.first() {
            Some(first) if self.rows.len() < self.bad.total => Err(Fault::MostlyBadPictures {
                bad: self.bad.total,
                files: self.bad.total + self.rows.len(),
                path: first.path.display().to_string(),
                reason: first.reason.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// A file to be decoded.
pub(super) struct PictureFile {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// How it is named to the person.
    pub(super) shown: PathBuf,
    /// Its row, from 1, in the table that names it; 0 when no table does.
    pub(super) line: u64,
}

/// Reads and decodes all files; pictures whose shorter side is longer than the limit are reduced to it.
pub(super) fn decode_all(
    files: &[PictureFile],
    options: &ReadOptions,
    meter: &Meter<'_>,
) -> Result<Decoded, Fault> {
    let limits = &options.limits;
    let store = Store { side: limits.picture_side, cache: options.pictures.as_ref() };
    let mut decoded = Decoded {
        set: PictureSet::default(),
        rows: Vec::new(),
        bad: Faults::new(limits.bad_rows_listed),
        digest: Sha256::of(&[]),
    };
    let mut digest = Sha256Hasher::default();
    for (block, files) in files.chunks(BLOCK).enumerate() {
        let pictures: Vec<_> = files.par_iter().map(|file| store.picture_of(&file.path)).collect();
        for (place, (file, outcome)) in files.iter().zip(pictures).enumerate() {
            digest.update(outcome.digest.as_str().as_bytes());
            meter.advance(outcome.bytes);
            match outcome.picture {
                Ok(picture) => {
                    decoded.set.push(&picture);
                    decoded.rows.push(block * BLOCK + place);
                }
                Err(reason) => decoded.bad.add(BadRow {
                    path: file.shown.clone(),
                    line: file.line,
                    column: None,
                    reason,
                }),
            }
        }
        if decoded.set.bytes() > limits.table_bytes {
            return Err(Fault::TableTooBig(limits.table_bytes));
        }
    }
    if let Some(cache) = store.cache {
        cache.trim();
    }
    decoded.digest = digest.finish();
    Ok(decoded)
}

struct Outcome {
    picture: Result<Picture, String>,
    digest: Sha256,
    bytes: u64,
}

/// Where pictures come from, and how large they become.
struct Store<'a> {
    side: usize,
    cache: Option<&'a PictureCache>,
}

impl Store<'_> {
    fn picture_of(&self, path: &Path) -> Outcome {
        match bytes_of(path) {
            Err(reason) => Outcome { picture: Err(reason), digest: Sha256::of(&[]), bytes: 0 },
            Ok(bytes) => {
                let digest = Sha256::of(&bytes);
                let picture = self.reduced(&bytes, &digest);
                Outcome { picture, digest, bytes: bytes.len() as u64 }
            }
        }
    }

    /// The picture of some bytes, reduced where it is larger than the limit; what was reduced before need not be decoded.
    fn reduced(&self, bytes: &[u8], digest: &Sha256) -> Result<Picture, String> {
        if let Some(kept) = self.cache.and_then(|cache| cache.get(digest, self.side)) {
            return Ok(kept);
        }
        let picture = pictures::decode(bytes, &PictureLimits::DEFAULT).map_err(|fault| fault.to_string())?;
        if picture.width().min(picture.height()) <= self.side {
            return Ok(picture);
        }
        let reduced = pictures::shorter_side(&picture, self.side);
        if let Some(cache) = self.cache {
            cache.put(digest, self.side, &reduced);
        }
        Ok(reduced)
    }
}

/// The bytes of a regular file; a FIFO is never waited for.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let meta = std::fs::metadata(path).map_err(|cause| cause.to_string())?;
    if !meta.is_file() {
        return Err("not a regular file".to_owned());
    }
    if meta.len() > FILE_BYTES {
        return Err(format!("{} bytes, the limit is {FILE_BYTES}", meta.len()));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    let file = std::fs::File::open(path).map_err(|cause| cause.to_string())?;
    // A file that grows meanwhile is cut off at the limit.
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(|cause| cause.to_string())?;
    Ok(bytes)
}
