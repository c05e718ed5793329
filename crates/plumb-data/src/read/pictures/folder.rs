//! A folder of class folders as a table: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg`.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::decoded::{PictureFile, decode_all};
use super::{IMAGE, LABEL, PART, PICTURES, meter};
use crate::read::error::{Fault, ReadError};
use crate::read::{BadRow, FileReport, Progress, Read, ReadOptions, ReadReport, format};
use crate::{Column, Images, Kind, Values};

/// How deep folders are followed. Symbolic links to folders are not followed at all, so a loop cannot arise.
const DEPTH: usize = 16;

/// The words for the parts, as people name their folders.
const PARTS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("valid", &["valid", "val", "validation"]),
    ("test", &["test", "testing"]),
];

/// Everything in the folder.
#[derive(Default)]
struct Listing {
    /// Relative paths of picture files, sorted.
    pictures: Vec<PathBuf>,
    /// Relative paths of what has a picture's name and is no regular file.
    irregular: Vec<PathBuf>,
    /// Files with other names.
    others: usize,
    /// Whether one of them is a table.
    tables: bool,
}

/// The table that the folder is; none when it holds tables, or no picture.
pub(super) fn read(
    folder: &Path,
    shown: &Path,
    options: &ReadOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Read>, ReadError> {
    let mut listing = Listing::default();
    list(folder, Path::new(""), DEPTH, &mut listing).map_err(|cause| Fault::Io(cause).at(shown))?;
    listing.pictures.sort();
    if listing.tables || listing.pictures.is_empty() {
        return Ok(None);
    }
    let layout = Layout::of(&listing.pictures).ok_or_else(|| Fault::NoClassFolders.at(shown))?;
    let file = |path: &PathBuf| PictureFile { path: folder.join(path), shown: shown.join(path), line: 0 };
    let files: Vec<PictureFile> = listing.pictures.iter().map(file).collect();
    let meter = meter(files.iter().map(|file| file.path.as_path()), progress);
    let mut decoded = decode_all(&files, options, &meter).map_err(|fault| fault.at(shown))?;
    for path in &listing.irregular {
        let reason = "not a regular file".to_owned();
        decoded.bad.add(BadRow { path: shown.join(path), line: 0, column: None, reason });
    }
    decoded.check().map_err(|fault| fault.at(shown))?;
    let kept: Vec<&PathBuf> = decoded.rows.iter().map(|&row| &listing.pictures[row]).collect();
    let shown_paths = kept.iter().map(|path| Some(path.to_string_lossy())).collect();
    let images = Images { paths: shown_paths, set: Arc::new(decoded.set) };
    let report = ReadReport {
        files: vec![FileReport {
            path: shown.to_owned(),
            format: PICTURES,
            rows: kept.len(),
            bytes: meter.done.get(),
            digest: decoded.digest,
        }],
        bad_rows: decoded.bad.listed,
        bad_rows_total: decoded.bad.total,
        notes: note(&listing),
        ..ReadReport::default()
    };
    let columns = layout.columns(images, &kept);
    super::table(columns, report, options).map(Some).map_err(|fault| fault.at(shown))
}

/// Whether the folder holds pictures and no tables.
pub(super) fn has_pictures_only(folder: &Path) -> bool {
    let mut listing = Listing::default();
    list(folder, Path::new(""), DEPTH, &mut listing).is_ok()
        && !listing.tables
        && !listing.pictures.is_empty()
}

fn note(listing: &Listing) -> Vec<String> {
    let others = listing.others;
    if others == 0 {
        Vec::new()
    } else {
        vec![format!("{others} files are no pictures by their names and left out")]
    }
}

fn list(root: &Path, inner: &Path, depth: usize, listing: &mut Listing) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(inner))? {
        let entry = entry?;
        let path = inner.join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if depth > 0 {
                list(root, &path, depth - 1, listing)?;
            }
        } else if format::has_picture_extension(&path) {
            // A link to a file is followed, a link to anything else is no picture.
            let regular = kind.is_file() || kind.is_symlink() && root.join(&path).is_file();
            if regular { &mut listing.pictures } else { &mut listing.irregular }.push(path);
        } else {
            listing.others += 1;
            listing.tables |= format::has_table_extension(&path);
        }
    }
    Ok(())
}

/// Which folder of a path is what.
struct Layout {
    /// Whether the outermost folder is the part.
    parts: bool,
}

impl Layout {
    /// None when a picture lies in no class folder.
    fn of(paths: &[PathBuf]) -> Option<Self> {
        let parts =
            paths.iter().all(|path| folder(path, 0).and_then(part).is_some() && folder(path, 1).is_some());
        let nested = parts || paths.iter().all(|path| folder(path, 0).is_some());
        nested.then_some(Self { parts })
    }

    /// The columns with the reasons for their kinds.
    fn columns(&self, images: Images, paths: &[&PathBuf]) -> Vec<(Column, &'static str)> {
        let class = usize::from(self.parts);
        let labels = paths.iter().map(|path| folder(path, class));
        let image = Column { name: IMAGE.to_owned(), kind: Kind::Image, values: Values::Image(images) };
        let label = Column::category(LABEL, Kind::Category, labels);
        let mut columns = vec![(image, "the files"), (label, "the folders that the files lie in")];
        if self.parts {
            let parts = paths.iter().map(|path| folder(path, 0).and_then(part));
            let reason = "the outermost folders: they say what each picture is for";
            columns.push((Column::category(PART, Kind::Ignore, parts), reason));
        }
        columns
    }
}

/// The name of the folder at this depth; none when that is the file itself.
fn folder(path: &Path, depth: usize) -> Option<&str> {
    let folders = path.parent()?.components().filter(|part| matches!(part, Component::Normal(_)));
    folders.into_iter().nth(depth)?.as_os_str().to_str()
}

/// The part that a folder's name means.
pub(super) fn part(name: &str) -> Option<&'static str> {
    let known = |words: &&[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    PARTS.iter().find(|(_, words)| known(words)).map(|(part, _)| *part)
}
