//! Archives, whole and hostile.

use std::io::Read as _;

use super::*;

const LIMITS: BundleLimits = BundleLimits::DEFAULT;

fn files() -> Files {
    let mut files = Files::default();
    for (path, bytes) in [
        ("bundle.json", b"{}".as_slice()),
        ("model/model.onnx", &[7; 1000]),
        ("model/model.json", b""),
        ("a", &[1; 512]),
    ] {
        files.insert(path, bytes.to_vec(), &LIMITS).unwrap();
    }
    files
}

fn refused(bytes: &[u8]) -> Refusal {
    read(bytes, "x.plumb", &LIMITS).unwrap_err()
}

#[test]
fn comes_back_and_is_the_same_again() {
    let written = write(&files()).unwrap();
    assert_eq!(read(written.as_slice(), "x.plumb", &LIMITS).unwrap(), files());
    assert_eq!(write(&read(written.as_slice(), "x.plumb", &LIMITS).unwrap()).unwrap(), written);
}

#[test]
fn another_reader_of_tar_reads_it() {
    let written = write(&files()).unwrap();
    let mut archive = tar::Archive::new(written.as_slice());
    let mut seen = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert_eq!((entry.header().mode().unwrap(), entry.header().mtime().unwrap()), (0o644, 0));
        let path = entry.path().unwrap().display().to_string();
        assert_eq!(files().get(&path).unwrap().bytes(), bytes);
        seen.push(path);
    }
    assert_eq!(seen, ["a", "bundle.json", "model/model.json", "model/model.onnx"]);
}

#[test]
fn every_changed_byte_outside_the_files_is_refused_and_every_cut() {
    let written = write(&files()).unwrap();
    let whole = read(written.as_slice(), "x.plumb", &LIMITS).unwrap();
    for at in 0..written.len() {
        for flip in [1_u8, 0x80] {
            let mut changed = written.clone();
            changed[at] ^= flip;
            // What stands in a file is told by its digest, which is another.
            if let Ok(read) = read(changed.as_slice(), "x.plumb", &LIMITS) {
                let differ = whole.iter().zip(read.iter()).filter(|(a, b)| a != b).count();
                assert_eq!((read.len(), differ), (whole.len(), 1), "byte {at}");
            }
        }
    }
    for end in 0..written.len() {
        refused(&written[..end]);
    }
    refused(&[written.as_slice(), b"\0"].concat());
}

/// An archive as the `tar` crate writes it, whatever stands in it.
fn hostile(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    fill(&mut builder);
    builder.into_inner().unwrap()
}

fn entry(kind: tar::EntryType, name: &[u8], size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

#[test]
fn links_devices_folders_and_extensions_are_refused_by_name() {
    use tar::EntryType as Type;
    let kinds = [
        (Type::Symlink, "a symbolic link"),
        (Type::Link, "a hard link"),
        (Type::Char, "a device"),
        (Type::Block, "a device"),
        (Type::Directory, "a folder of its own"),
        (Type::Fifo, "a pipe"),
        (Type::XHeader, "an extension of PAX"),
        (Type::XGlobalHeader, "an extension of PAX"),
        (Type::GNULongName, "an extension of GNU"),
        (Type::GNUSparse, "an extension of GNU"),
        (Type::Continuous, "an entry of unknown type"),
    ];
    for (kind, words) in kinds {
        let mut header = entry(kind, b"model/model.onnx", 0);
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        let refused = refused(&hostile(|builder| builder.append(&header, std::io::empty()).unwrap()));
        assert_eq!(refused, Refusal::of(Why::NotAFile(words), "model/model.onnx"));
    }
}

#[test]
fn paths_that_leave_the_bundle_are_refused_by_name() {
    for name in ["../../etc/cron.d/x", "/etc/passwd", "model/../../x", "..\\x", "C:\\x", "a\u{202e}b"] {
        let header = entry(tar::EntryType::Regular, name.as_bytes(), 1);
        let refused = refused(&hostile(|builder| builder.append(&header, b"x".as_slice()).unwrap()));
        assert!(matches!(refused.why, Why::Path(_)), "{refused}");
        assert_eq!(refused.file, name);
    }
    // The prefix field, which joins in front of the path.
    let mut header = entry(tar::EntryType::Regular, b"x", 1);
    header.as_ustar_mut().unwrap().prefix[..6].copy_from_slice(b"../../");
    header.set_cksum();
    let refused = refused(&hostile(|builder| builder.append(&header, b"x".as_slice()).unwrap()));
    assert_eq!(refused, Refusal::of(Why::Archive("a header has other fields than path and size"), "x"));
}

#[test]
fn duplicates_disorder_and_lies_about_sizes_are_refused() {
    let with = |names: [&str; 2]| {
        refused(&hostile(|builder| {
            for name in names {
                builder.append(&entry(tar::EntryType::Regular, name.as_bytes(), 1), b"x".as_slice()).unwrap();
            }
        }))
    };
    assert_eq!(with(["a", "a"]), Refusal::of(Why::Twice, "a"));
    assert_eq!(with(["b", "a"]), Refusal::of(Why::Archive("its files are not sorted"), "a"));
    assert_eq!(with(["A", "a"]), Refusal::of(Why::Case, "a"));
    let size = |size| {
        refused(&hostile(|builder| {
            builder.append(&entry(tar::EntryType::Regular, b"a", size), b"x".as_slice()).unwrap();
        }))
    };
    assert_eq!(size(1 << 30).why, Why::Archive("it ends too early"));
    assert!(matches!(size(1 << 60).why, Why::Limit { .. } | Why::Archive(_)));
    assert!(matches!(size((8 << 30) - 1).why, Why::Archive("it ends too early")));
}

#[test]
fn a_million_entries_end_at_the_limit() {
    let many = hostile(|builder| {
        for name in 0..1000 {
            builder
                .append(&entry(tar::EntryType::Regular, format!("{name:06}").as_bytes(), 0), std::io::empty())
                .unwrap();
        }
    });
    assert_eq!(refused(&many), Refusal::of(Why::Limit { what: "files", limit: 256 }, "000256"));
}
