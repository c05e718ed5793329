//! Which rows a predictor was trained on, chosen by, and is judged on.

use std::path::{Path, PathBuf};

use plumb_data::read::{Progress, ReadOptions, read};
use plumb_data::{Column, Kind, Table};

use crate::fault::Fault;
use crate::job::JobFile;
use crate::run::{Data, files};

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The first `files` files are those of a run, parted as it parted them, the others are judged; without others its own test part is.
    Run {
        /// The folder of the run.
        folder: PathBuf,
        /// How many files are the run's; 0 for all of them.
        files: usize,
    },
    /// Data beside a file of predictions; the first `train` files were trained on.
    Data {
        /// How many.
        train: usize,
    },
    /// The file of predictions itself.
    Itself,
}

impl Origin {
    /// How many rows of the table stand before those that are judged.
    pub(super) fn rows_before(&self, data: &Data) -> usize {
        let (Self::Run { files, .. } | Self::Data { train: files }) = self else { return 0 };
        data.report.files.iter().take(*files).map(|file| file.rows).sum()
    }
}

/// The job of a run with more files to read: those of the run before the new ones, so that baselines can be fitted as in the run.
/// Where they are gone, the new ones stand alone.
pub(super) fn with_train_rows(folder: &Path, job: &mut JobFile, data: Vec<String>) -> Origin {
    let own = std::mem::take(&mut job.data.files);
    let are_there = own.iter().all(|file| Path::new(file).is_file());
    if !are_there {
        job.data.files = data;
        return Origin::Data { train: 0 };
    }
    let files = own.len();
    job.data.files = own.into_iter().chain(data).collect();
    Origin::Run { folder: folder.to_owned(), files }
}

/// Rows by part.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Rows that were fitted on.
    pub(crate) train: Vec<u32>,
    /// Rows that were chosen by.
    pub(crate) valid: Vec<u32>,
    /// Rows that are judged.
    pub(crate) test: Vec<u32>,
}

impl Parts {
    /// The parts of a table: by its column `named` where one is named, else by where its rows come from. Only rows in `known` are judged.
    pub(super) fn of(
        origin: &Origin,
        table: &Table,
        named: Option<&str>,
        before: usize,
        known: Option<&[u32]>,
    ) -> Result<Self, Fault> {
        let mut parts = match (origin, named.or_else(|| part_column(origin, table))) {
            (_, Some(name)) => Self::by_column(table, name)?,
            (Origin::Run { folder, .. }, None) => Self::of_run(folder, table, before)?,
            _ => Self {
                train: (0..before as u32).collect(),
                test: (before as u32..table.rows() as u32).collect(),
                valid: Vec::new(),
            },
        };
        if let Some(known) = known {
            let is_known = |row: &u32| known.binary_search(row).is_ok();
            parts.valid.retain(is_known);
            parts.test.retain(is_known);
        }
        Ok(parts)
    }

    fn by_column(table: &Table, name: &str) -> Result<Self, Fault> {
        let column = table.column(name).ok_or_else(|| {
            let hint = plumb_ledger::nearest::did_you_mean(name, table.names());
            Fault::usage(format!("`--parts` names column `{name}`, which is not in the data")).hint(hint)
        })?;
        let mut parts = Self::default();
        for row in 0..table.rows() as u32 {
            match column.display(row as usize).as_str() {
                "train" => parts.train.push(row),
                "valid" | "validation" | "val" | "dev" => parts.valid.push(row),
                "test" => parts.test.push(row),
                _ => {}
            }
        }
        if parts.valid.is_empty() && parts.test.is_empty() {
            return Err(Fault::usage(format!("column `{name}` says `test` or `valid` of no row"))
                .hint("its values are train, valid and test"));
        }
        Ok(parts)
    }

    /// As the run parted its rows; with more rows than it had, those are the test part.
    fn of_run(folder: &Path, table: &Table, before: usize) -> Result<Self, Fault> {
        let split = split_file(folder)?;
        let rows = split.rows();
        let of_run = if before == 0 { table.rows() } else { before };
        if rows != of_run {
            return Err(Fault::failed(format!(
                "the data has {of_run} rows, the run had {rows}: {}",
                folder.display()
            ))
            .hint("the files have changed since: name the rows to judge with `--data`"));
        }
        let mut parts = Self::by_column(&split, "part")
            .or_else(|fault| if before > 0 { Ok(Self::default()) } else { Err(fault) })?;
        if before > 0 {
            parts.test = (before as u32..table.rows() as u32).collect();
        }
        Ok(parts)
    }

    /// The rows that verdicts rest on: test, or valid without a test part.
    pub(crate) fn judged(&self) -> &[u32] {
        if self.test.is_empty() { &self.valid } else { &self.test }
    }

    /// `120 test rows; 800 train and 100 valid rows beside them`.
    pub(super) fn in_words(&self) -> String {
        let [train, valid, test] = [self.train.len(), self.valid.len(), self.test.len()];
        match (train, valid) {
            (0, 0) => format!(
                "{test} rows are judged; without train rows there is no baseline (`--train DATA`, `--parts COL`)"
            ),
            _ => {
                format!("{test} test rows are judged; {train} train and {valid} valid rows stand beside them")
            }
        }
    }
}

/// The column that Plumb's own files have, where the file of predictions is the data.
fn part_column<'a>(origin: &Origin, table: &'a Table) -> Option<&'a str> {
    let is_part = |column: &&Column| {
        let known = ["train", "valid", "test"];
        column.name == "part" && (0..column.len()).all(|row| known.contains(&column.display(row).as_str()))
    };
    matches!(origin, Origin::Itself)
        .then(|| table.columns().iter().find(is_part))?
        .map(|column| column.name.as_str())
}

fn split_file(folder: &Path) -> Result<Table, Fault> {
    let options = ReadOptions {
        files: vec![files::SPLIT.to_owned()],
        base: folder.to_owned(),
        kinds: [("part".to_owned(), Kind::Category)].into(),
        ..ReadOptions::default()
    };
    Ok(read(&options, &|_: Progress| {})?.table)
}
