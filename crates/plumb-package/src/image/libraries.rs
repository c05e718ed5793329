//! The libraries of a program that is not linked statically, as this machine has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::elf::{self, Elf};
use super::{ImageError, Part};

/// Where the loader of glibc looks without being told, by processor; the first that has a library is taken.
const FOLDERS: [&str; 8] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];
/// Libraries of one program.
const MOST: usize = 256;
/// Bytes of a library: that of C has 2 MiB.
const MOST_BYTES: u64 = 1 << 30;

/// The loader and every library that the program needs, and those that these need, each at the place where it is found here: there
/// the loader looks for it in the image too.
pub(super) fn of(program: &Elf, root: &Path) -> Result<BTreeMap<String, Part>, ImageError> {
    let mut parts = BTreeMap::new();
    let Some(loader) = &program.loader else { return Ok(parts) };
    let mut take = |at: String| -> Result<Elf, ImageError> {
        let bytes = bytes(root, &at)?;
        let elf = elf::read(&bytes)
            .map_err(|why| ImageError::Library { name: at.clone(), reason: why.to_string() })?;
        parts.insert(at.trim_start_matches('/').to_owned(), Part::program(bytes));
        Ok(elf)
    };
    let mut wanted: Vec<String> = take(loader.clone())?.needed;
    wanted.extend(program.needed.iter().cloned());
    let loader_name = Path::new(loader).file_name().map(|name| name.to_string_lossy().into_owned());
    let mut seen: BTreeSet<String> = loader_name.into_iter().collect();
    refuse_search(program)?;
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if seen.len() > MOST || name.contains('/') {
            return Err(ImageError::Library {
                name,
                reason: "it is no plain name, or there are too many".to_owned(),
            });
        }
        let of_library = take(found(root, &name)?)?;
        refuse_search(&of_library)?;
        wanted.extend(of_library.needed);
    }
    Ok(parts)
}

/// A path of its own to look in is one of the machine that it was built on.
fn refuse_search(of: &Elf) -> Result<(), ImageError> {
    match &of.search {
        None => Ok(()),
        Some(path) => Err(ImageError::Library {
            name: path.clone(),
            reason: "the program looks for libraries in folders of its own".to_owned(),
        }),
    }
}

fn found(root: &Path, name: &str) -> Result<String, ImageError> {
    let at = FOLDERS.iter().map(|folder| format!("{folder}/{name}"));
    let mut there = at.filter(|at| root.join(at.trim_start_matches('/')).is_file());
    there.next().ok_or_else(|| ImageError::Library {
        name: name.to_owned(),
        reason: "this machine has none of that name".to_owned(),
    })
}

fn bytes(root: &Path, at: &str) -> Result<Vec<u8>, ImageError> {
    let failed = |reason: String| ImageError::Library { name: at.to_owned(), reason };
    let path = root.join(at.trim_start_matches('/'));
    let size = std::fs::metadata(&path).map_err(|e| failed(e.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(failed(format!("{size} bytes")));
    }
    std::fs::read(&path).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::program;
    use super::*;

    fn machine(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (at, bytes) in files {
            let path = root.path().join(at);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            plumb_ledger::atomic::write_file(&path, bytes).unwrap();
        }
        root
    }

    #[test]
    fn libraries_of_libraries_come_too_each_once() {
        let root = machine(&[
            ("lib64/ld.so", program(None, &[])),
            ("lib/x86_64-linux-gnu/liba.so", program(None, &["libb.so"])),
            ("usr/lib/libb.so", program(None, &["liba.so", "ld.so"])),
        ]);
        let of_program = elf::read(&program(Some("/lib64/ld.so"), &["liba.so"])).unwrap();
        let parts = of(&of_program, root.path()).unwrap();
        let paths: Vec<&str> = parts.keys().map(String::as_str).collect();
        assert_eq!(paths, ["lib/x86_64-linux-gnu/liba.so", "lib64/ld.so", "usr/lib/libb.so"]);
        assert!(parts.values().all(|part| part.is_program));
    }

    #[test]
    fn what_is_missing_or_named_by_a_path_is_refused() {
        let root = machine(&[("lib64/ld.so", program(None, &[]))]);
        for needed in ["libgone.so", "../x.so", "/etc/passwd"] {
            let of_program = elf::read(&program(Some("/lib64/ld.so"), &[needed])).unwrap();
            assert!(of(&of_program, root.path()).unwrap_err().to_string().contains(needed));
        }
        let of_program = elf::read(&program(Some("/lib64/other.so"), &[])).unwrap();
        assert!(of(&of_program, root.path()).is_err());
        let alone = elf::read(&program(None, &[])).unwrap();
        assert!(of(&alone, root.path()).unwrap().is_empty());
    }
}
