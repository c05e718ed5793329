//! Which format a file has: by its first bytes, then by its extension.

use std::path::Path;

use super::error::Fault;

/// A format of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    JsonLines,
    Parquet,
    ArrowFile,
    ArrowStream,
}

impl Format {
    /// The word in [`super::FileReport::format`].
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::ArrowFile | Self::ArrowStream => "arrow",
        }
    }
}

const PARQUET: &[u8] = b"PAR1";
const ARROW_FILE: &[u8] = b"ARROW1";
/// The continuation marker of an encapsulated message.
const ARROW_STREAM: &[u8] = &[0xFF, 0xFF, 0xFF, 0xFF];

const TO_TABLE: &str = "write it as CSV, Parquet, Arrow or JSON Lines";
const NO_CODE: &str = "formats that can run code are never opened; write the table as CSV or Parquet";
const UNPACK: &str = "unpack it first";

/// First bytes of formats that Plumb does not read: (bytes, name, what to do).
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive (.xlsx, .npz, .zip)", "save the sheet as CSV, or unpack the archive"),
    (b"\xD0\xCF\x11\xE0", "an old Excel file (.xls)", "save the sheet as CSV"),
    (b"\x93NUMPY", "a NumPy array (.npy)", "write it as CSV or Parquet with named columns"),
    (b"\x80\x02", "a Python pickle", NO_CODE),
    (b"\x80\x03", "a Python pickle", NO_CODE),
    (b"\x80\x04", "a Python pickle", NO_CODE),
    (b"\x80\x05", "a Python pickle", NO_CODE),
    (b"\x89HDF\r\n\x1A\n", "an HDF5 file", TO_TABLE),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table as CSV: `sqlite3 -header -csv FILE 'select ...'`",
    ),
    (b"Obj\x01", "an Avro file", TO_TABLE),
    (b"ORC", "an ORC file", TO_TABLE),
    (b"FEA1", "a Feather version 1 file", "write it as Feather version 2 (Arrow) or Parquet"),
    (b"RDX", "an R data file", TO_TABLE),
    (b"BZh", "a bzip2 file", UNPACK),
    (b"\xFD7zXZ\0", "an xz file", UNPACK),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
    (b"%PDF", "a PDF document", TO_TABLE),
    (b"\x89PNG", "a PNG image", "name a table with a column of image paths"),
    (b"\xFF\xD8\xFF", "a JPEG image", "name a table with a column of image paths"),
    (b"\x7FELF", "a program", TO_TABLE),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the data with `git lfs pull`"),
    (b"<!DOCTYPE", "an HTML page", "download the data file itself"),
    (b"<!doctype", "an HTML page", "download the data file itself"),
    (b"<html", "an HTML page", "download the data file itself"),
];

const TEXT_EXTENSIONS: &[&str] = &["csv", "tsv", "tab", "psv", "txt", "data", "dat"];
const JSON_EXTENSIONS: &[&str] = &["jsonl", "ndjson", "jsonlines"];
const BINARY_EXTENSIONS: &[&str] = &["parquet", "pq", "arrow", "arrows", "feather", "ipc"];

const PICTURE_EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"];

/// Whether a file is taken for a picture by its name.
pub(super) fn has_picture_extension(path: &Path) -> bool {
    PICTURE_EXTENSIONS.contains(&extension(path).as_str())
}

/// Whether a folder's file is taken for a table by its name; `.gz` and `.zst` behind are looked through.
pub(super) fn has_table_extension(path: &Path) -> bool {
    let extension = extension(path);
    [TEXT_EXTENSIONS, JSON_EXTENSIONS, BINARY_EXTENSIONS].iter().any(|set| set.contains(&extension.as_str()))
}

/// The extension in lower case, without a compression's.
pub(super) fn extension(path: &Path) -> String {
    let lower = |path: &Path| {
        path.extension().map_or_else(String::new, |extension| extension.to_string_lossy().to_lowercase())
    };
    let outer = lower(path);
    let packed = matches!(outer.as_str(), "gz" | "zst");
    path.file_stem().filter(|_| packed).map_or(outer, |stem| lower(Path::new(stem)))
}

/// The binary format or the refusal that the first bytes tell of; none for what may be text.
pub(super) fn of_magic(head: &[u8]) -> Result<Option<Format>, Fault> {
    if head.starts_with(PARQUET) {
        return Ok(Some(Format::Parquet));
    }
    if head.starts_with(ARROW_FILE) {
        return Ok(Some(Format::ArrowFile));
    }
    if head.starts_with(ARROW_STREAM) {
        return Ok(Some(Format::ArrowStream));
    }
    match FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic)) {
        Some(&(_, name, remedy)) => Err(Fault::Foreign { name, remedy }),
        None => Ok(None),
    }
}

/// The text format of a file whose head, as UTF-8, is `head`.
pub(super) fn of_text(head: &[u8], path: &Path) -> Result<Format, Fault> {
    let extension = extension(path);
    if BINARY_EXTENSIONS.contains(&extension.as_str()) {
        let format = if matches!(extension.as_str(), "parquet" | "pq") { "Parquet" } else { "Arrow" };
        return Err(Fault::Torn { format, detail: "its first bytes are not those of the format".to_owned() });
    }
    if is_binary(head) {
        return Err(Fault::Unknown);
    }
    if JSON_EXTENSIONS.contains(&extension.as_str()) {
        return Ok(Format::JsonLines);
    }
    if TEXT_EXTENSIONS.contains(&extension.as_str()) {
        return Ok(Format::Csv);
    }
    match head.trim_ascii_start().first() {
        Some(b'[') if extension == "json" => Err(Fault::Foreign {
            name: "a JSON array",
            remedy: "write one object a line (JSON Lines): `jq -c '.[]' FILE > FILE.jsonl`",
        }),
        Some(b'{') => Ok(Format::JsonLines),
        _ => Ok(Format::Csv),
    }
}

/// Control characters, tabs and line ends apart, are rare in text: 3 in 100 bytes of what is no UTF-8 make a binary
/// file (chance alone gives 10), 30 in 100 of what is.
fn is_binary(head: &[u8]) -> bool {
    let control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0C);
    let controls = head.iter().filter(control).count();
    // The head may end inside a character.
    let is_utf8 = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
    controls * 100 > head.len() * if is_utf8 { 30 } else { 3 }
}
