//! Why files could not be made into a table.

use std::fmt;
use std::path::{Path, PathBuf};

use plumb_ledger::{ExitCode, Explain};

/// What went wrong, and in which file.
#[derive(Debug)]
pub struct ReadError {
    /// The file, folder or pattern, as the job names it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The path leads nowhere.
    #[error("no such file or folder")]
    NotFound,
    /// A pattern or a folder holds no table.
    #[error("no file of a known table format")]
    NothingThere,
    /// A pattern cannot be understood.
    #[error("pattern cannot be read: {0}")]
    Pattern(String),
    /// A FIFO, a device, a socket.
    #[error("not a regular file")]
    NotRegular,
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// No byte in it, or only blank lines.
    #[error("empty file")]
    Empty,
    /// Names, but no row.
    #[error("only a header, no rows")]
    HeaderOnly,
    /// Two columns share a name.
    #[error("column name `{}` stands twice", .0.escape_debug())]
    DuplicateName(String),
    /// A column without a name.
    #[error("column {0} has no name")]
    EmptyName(usize),
    /// A name that is no name.
    #[error("the name of column {position} has {bytes} bytes, the limit is {limit}")]
    LongName {
        /// Which column, from 1.
        position: usize,
        /// The length of its name.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Wider than the limit.
    #[error("{found} columns, the limit is {limit}")]
    TooManyColumns {
        /// How many there are, as far as was read.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// More rows than the limit.
    #[error("more than {0} rows")]
    TooManyRows(usize),
    /// A field that passes its limit.
    #[error("a field longer than {limit} bytes in the record that begins on line {line}")]
    LongField {
        /// The line on which its record begins.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// A record that passes its limit.
    #[error("a record longer than {limit} bytes begins on line {line}")]
    LongRecord {
        /// The line on which it begins.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// The rest of the file stands in one quoted field.
    #[error("a quote in the record that begins on line {0} is never closed")]
    UnclosedQuote(u64),
    /// The table would not fit.
    #[error("the table passes {0} bytes of memory")]
    TableTooBig(usize),
    /// Decompresses to far more than it is.
    #[error("decompresses to more than {0} times its size")]
    Bomb(usize),
    /// A declared size passes its limit.
    #[error("{what} declares {bytes} bytes, the limit is {limit}")]
    Declared {
        /// A page, a row group, a message.
        what: String,
        /// The size it declares.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// A format that Plumb knows and does not read.
    #[error("{name} is not a table format that Plumb reads")]
    Foreign {
        /// What it is.
        name: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// Neither text nor a known binary format.
    #[error("unknown format: neither text nor Parquet nor Arrow")]
    Unknown,
    /// A binary file cut short or damaged.
    #[error("damaged or cut short {format} file: {detail}")]
    Torn {
        /// What it should be.
        format: &'static str,
        /// What its reader found.
        detail: String,
    },
    /// A column of the first file is missing here.
    #[error("column `{}` of the first file is missing", .0.escape_debug())]
    ColumnMissing(String),
    /// A column that the first file lacks.
    #[error("column `{}` is not in the first file", .0.escape_debug())]
    ColumnExtra(String),
    /// A column changes its type between files.
    #[error("column `{}` is {found} here and {expected} in the first file", name.escape_debug())]
    ColumnType {
        /// The column.
        name: String,
        /// Its type here.
        found: String,
        /// Its type in the first file.
        expected: String,
    },
    /// Text files and binary files in one table.
    #[error("{found} file among {expected} files")]
    MixedFormats {
        /// The format of this file.
        found: &'static str,
        /// The format of the first.
        expected: &'static str,
    },
    /// A nested or opaque type.
    #[error("column `{}` has type {data_type}, which is no column of a table", name.escape_debug())]
    ColumnUnsupported {
        /// The column.
        name: String,
        /// Its Arrow type.
        data_type: String,
    },
    /// The job gives a kind to a column that is not there.
    #[error("`kinds` names column `{}`, which is not in the data", name.escape_debug())]
    UnknownKind {
        /// The name in the job.
        name: String,
        /// What may have been meant.
        near: String,
    },
    /// More rows are bad than good.
    #[error("{bad} of {rows} rows cannot be used; the first, on line {line}: {reason}")]
    MostlyBad {
        /// How many are bad.
        bad: usize,
        /// How many there are.
        rows: usize,
        /// The line of the first.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of pictures without classes.
    #[error("a folder of pictures without class folders")]
    NoClassFolders,
    /// A column of pictures without a path.
    #[error("column `{}` names no picture", .0.escape_debug())]
    NoPictures(String),
    /// More pictures are bad than good.
    #[error("{bad} of {files} pictures cannot be used; the first, `{path}`: {reason}")]
    MostlyBadPictures {
        /// How many are bad.
        bad: usize,
        /// How many there are.
        files: usize,
        /// The first of them.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its size or its time stamp changed under the reader.
    #[error("changed while it was being read")]
    Changed,
}

impl Fault {
    /// The error, once it is known which file it is about.
    pub(crate) fn at(self, path: &Path) -> ReadError {
        ReadError { path: path.to_owned(), fault: self }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.fault, self.path.display().to_string().escape_debug())
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Fault::Io(cause) = &self.fault { Some(cause) } else { None }
    }
}

impl Explain for ReadError {
    fn hint(&self) -> Option<String> {
        let hint = match &self.fault {
            Fault::NotFound | Fault::NotRegular | Fault::Io(_) => "change `data.files`",
            Fault::NothingThere => {
                "name a .csv, .tsv, .parquet, .arrow or .jsonl file in `data.files`, a folder that holds some, or one of class folders with pictures"
            }
            Fault::Pattern(_) => "write `data.files` with `*`, `?`, `[a-z]` or `**`",
            Fault::Empty | Fault::HeaderOnly => "export the data again",
            Fault::DuplicateName(_) => "rename one of the two in the file",
            Fault::EmptyName(_) => {
                "name it in the file; a nameless first column is often a row number that the export added (pandas: `index=False`)"
            }
            Fault::LongName { .. } => {
                "shorten it, or set `data.header = false` if the first line is no header"
            }
            Fault::TooManyColumns { .. } => "raise `limits.columns`, or check `data.delimiter`",
            Fault::TooManyRows(_) => "name fewer files in `data.files`",
            Fault::LongField { .. } => {
                "an unclosed quote is the usual cause; if it is none, raise `limits.field_bytes`"
            }
            Fault::LongRecord { .. } => "check `data.delimiter`, or raise `limits.record_bytes`",
            Fault::UnclosedQuote(_) => "close or double the quote in the file",
            Fault::TableTooBig(_) => "name fewer files in `data.files`, or raise `limits.table_bytes`",
            Fault::Bomb(_) => "decompress it yourself, or raise `limits.compression_ratio`",
            Fault::Declared { .. } => {
                "write the file again with smaller pages and row groups, or raise `limits.parquet_page_bytes` and `limits.parquet_row_group_bytes`"
            }
            Fault::Foreign { remedy, .. } => remedy,
            Fault::Unknown => "write it as CSV, Parquet, Arrow or JSON Lines",
            Fault::Torn { .. } => "copy or export it again",
            Fault::ColumnMissing(_) | Fault::ColumnExtra(_) | Fault::ColumnType { .. } => {
                "all files of `data.files` need the same columns; take this one out or mend it"
            }
            Fault::MixedFormats { .. } => "name files of one format in `data.files`",
            Fault::ColumnUnsupported { name, .. } => {
                return Some(format!("flatten it, or leave it out with `data.kinds.{name} = \"ignore\"`"));
            }
            Fault::UnknownKind { near, .. } => return Some(near.clone()),
            Fault::MostlyBad { .. } => "check `data.delimiter`, the quoting and the encoding of the file",
            Fault::NoClassFolders => {
                "put the pictures of each class into a folder of its name, or name a table with a column of paths and one of labels"
            }
            Fault::NoPictures(_) => "check `data.kinds`: the values of an `image` column are paths",
            Fault::MostlyBadPictures { .. } => {
                "check the files, and that `data.files` names the right folder"
            }
            Fault::Changed => "wait until it is written, then read again",
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self.fault {
            Fault::NotFound
            | Fault::Pattern(_)
            | Fault::NothingThere
            | Fault::NotRegular
            | Fault::UnknownKind { .. } => ExitCode::Usage,
            _ => ExitCode::Data,
        }
    }
}
