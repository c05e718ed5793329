//! A folder of IDX files, as MNIST and its kin come: `train-images-idx3-ubyte.gz` beside `train-labels-idx1-ubyte.gz`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_ledger::Sha256;
use plumb_ledger::digest::Sha256Hasher;

use super::decoded::bytes_of;
use super::{IMAGE, LABEL, PART};
use crate::pictures::{PictureSet, read_idx_images, read_idx_labels};
use crate::read::error::{Fault, ReadError};
use crate::read::{FileReport, Read, ReadOptions, ReadReport};
use crate::{Column, Images, Kind, Values};

/// A pair of files.
struct Pair {
    part: &'static str,
    images: PathBuf,
    labels: PathBuf,
}

/// The table that a folder of IDX files is; none when there is no such pair.
pub(super) fn read(folder: &Path, shown: &Path, options: &ReadOptions) -> Result<Option<Read>, ReadError> {
    let pairs = pairs(folder).map_err(|cause| Fault::Io(cause).at(shown))?;
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut all = All::default();
    for pair in &pairs {
        all.add(pair, options.limits.table_bytes)?;
    }
    let images = Images { paths: all.names.into_iter().map(Some).collect(), set: Arc::new(all.set) };
    let rows = all.labels.len();
    let of_files = "of the IDX files";
    let image = Column { name: IMAGE.to_owned(), kind: Kind::Image, values: Values::Image(images) };
    let label = Column::category(LABEL, Kind::Category, all.labels.into_iter().map(Some));
    let mut columns = vec![(image, of_files), (label, of_files)];
    if pairs.len() > 1 {
        columns.push((Column::category(PART, Kind::Ignore, all.parts.into_iter().map(Some)), of_files));
    }
    let (bytes, digest) = (all.bytes, all.digest.finish());
    let file = FileReport { path: shown.to_owned(), format: "idx", rows, bytes, digest };
    let report = ReadReport { files: vec![file], ..ReadReport::default() };
    super::table(columns, report, options).map(Some).map_err(|fault| fault.at(shown))
}

/// Whether there is such a pair.
pub(super) fn has_pairs(folder: &Path) -> bool {
    pairs(folder).is_ok_and(|pairs| !pairs.is_empty())
}

fn pairs(folder: &Path) -> std::io::Result<Vec<Pair>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let labels = folder.join(name.replace("images", "labels").replace("idx3", "idx1"));
        if name.contains("images") && name.contains("idx3") && labels.is_file() {
            let part = if name.starts_with("t10k") || name.starts_with("test") { "test" } else { "train" };
            found.push(Pair { part, images: path, labels });
        }
    }
    // Train before test.
    found.sort_by(|a, b| b.part.cmp(a.part).then_with(|| a.images.cmp(&b.images)));
    Ok(found)
}

#[derive(Default)]
struct All {
    set: PictureSet,
    names: Vec<String>,
    labels: Vec<String>,
    parts: Vec<&'static str>,
    digest: Sha256Hasher,
    bytes: u64,
}

impl All {
    fn add(&mut self, pair: &Pair, limit: usize) -> Result<(), ReadError> {
        let torn = |path: &Path, detail: String| Fault::Torn { format: "IDX", detail }.at(path);
        let read = |path: &Path| bytes_of(path).map_err(|reason| torn(path, reason));
        let (images, labels) = (read(&pair.images)?, read(&pair.labels)?);
        for bytes in [&images, &labels] {
            self.digest.update(Sha256::of(bytes).as_str().as_bytes());
            self.bytes += bytes.len() as u64;
        }
        let pictures =
            read_idx_images(&images, limit).map_err(|fault| torn(&pair.images, fault.to_string()))?;
        let codes = read_idx_labels(&labels, limit).map_err(|fault| torn(&pair.labels, fault.to_string()))?;
        if pictures.len() != codes.len() {
            let detail = format!("{} pictures and {} labels", pictures.len(), codes.len());
            return Err(torn(&pair.images, detail));
        }
        for (index, (picture, code)) in pictures.iter().zip(codes).enumerate() {
            self.set.push(picture);
            self.names.push(format!("{}/{index}", pair.part));
            self.labels.push(code.to_string());
            self.parts.push(pair.part);
        }
        Ok(())
    }
}
