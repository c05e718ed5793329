//! Reading, from files on disk to tables: what users bring, what goes wrong, what an attacker would try.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hostile;
mod kinds;
mod text;
mod typed;

use std::path::Path;

use plumb_data::read::{Read, ReadError, ReadOptions, read};
use tempfile::TempDir;

/// A folder with these files in it.
#[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn options(base: &Path, files: &[&str]) -> ReadOptions {
    let files = files.iter().map(|&name| name.to_owned()).collect();
    ReadOptions { files, base: base.to_owned(), ..ReadOptions::default() }
}

fn read_with(name: &str, bytes: &[u8], change: impl FnOnce(&mut ReadOptions)) -> Result<Read, ReadError> {
    let folder = folder(&[(name, bytes)]);
    let mut options = options(folder.path(), &[name]);
    change(&mut options);
    read(&options, &|_| {})
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<Read, ReadError> {
    read_with(name, bytes, |_| {})
}

/// The error's sentence and its exit code; the hint must be there too.
fn refusal(result: Result<Read, ReadError>) -> (String, u8) {
    use plumb_ledger::Explain as _;
    let error = result.unwrap_err();
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error} has no hint");
    (error.to_string(), error.exit_code() as u8)
}

/// A column as its texts, the empty string where it is missing.
fn column(read: &Read, name: &str) -> Vec<String> {
    let column = read.table.column(name).unwrap();
    (0..column.len()).map(|row| column.display(row)).collect()
}
