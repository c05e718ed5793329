//! Many picture files, decoded in parallel, in their order.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plumb_ledger::digest::Sha256Hasher;
use plumb_ledger::{Limits, Sha256};
use rayon::prelude::*;

use crate::pictures::{self, Picture, PictureLimits, PictureSet};
use crate::read::error::Fault;
use crate::read::{BadRow, Faults, Meter};

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
    limits: &Limits,
    meter: &Meter<'_>,
) -> Result<Decoded, Fault> {
    let mut decoded = Decoded {
        set: PictureSet::default(),
        rows: Vec::new(),
        bad: Faults::new(limits.bad_rows_listed),
        digest: Sha256::of(&[]),
    };
    let mut digest = Sha256Hasher::default();
    for (block, files) in files.chunks(BLOCK).enumerate() {
        let pictures: Vec<_> = files.par_iter().map(|file| decode(&file.path, limits.picture_side)).collect();
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
    decoded.digest = digest.finish();
    Ok(decoded)
}

struct Outcome {
    picture: Result<Picture, String>,
    digest: Sha256,
    bytes: u64,
}

fn decode(path: &Path, side: usize) -> Outcome {
    match bytes_of(path) {
        Err(reason) => Outcome { picture: Err(reason), digest: Sha256::of(&[]), bytes: 0 },
        Ok(bytes) => Outcome {
            picture: pictures::decode(&bytes, &PictureLimits::DEFAULT)
                .map(|picture| reduced(picture, side))
                .map_err(|fault| fault.to_string()),
            digest: Sha256::of(&bytes),
            bytes: bytes.len() as u64,
        },
    }
}

fn reduced(picture: Picture, side: usize) -> Picture {
    if picture.width().min(picture.height()) > side {
        pictures::shorter_side(&picture, side)
    } else {
        picture
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
