//! The kinds of files that a bundle has, told by name and first bytes before anything is parsed.

use crate::{Files, Refusal, Why, safetensors};

/// Extensions, each with what its files must be.
const KINDS: &[(&str, Kind)] = &[
    ("json", Kind::Text),
    ("jsonl", Kind::Text),
    ("toml", Kind::Text),
    ("md", Kind::Text),
    ("txt", Kind::Text),
    ("html", Kind::Text),
    ("sig", Kind::Text),
    ("safetensors", Kind::Safetensors),
    ("onnx", Kind::Onnx),
    ("parquet", Kind::Parquet),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Safetensors,
    Onnx,
    Parquet,
}

/// Extensions of files that run code when they are loaded, or hold ones that do.
const RUN_CODE: &[&str] = &[
    "pkl", "pickle", "pt", "pth", "bin", "ckpt", "joblib", "npy", "npz", "dill", "keras", "h5", "hdf5", "pb",
    "zip", "jar", "py", "so", "sh",
];

/// First bytes of such files.
const MAGIC: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "the first bytes of a zip"),
    (b"PK\x05\x06", "the first bytes of a zip"),
    (b"\x80\x02", "the first bytes of a pickle"),
    (b"\x80\x03", "the first bytes of a pickle"),
    (b"\x80\x04", "the first bytes of a pickle"),
    (b"\x80\x05", "the first bytes of a pickle"),
    (b"\x93NUMPY", "the first bytes of an array of numpy"),
    (b"\x89HDF\r\n\x1a\n", "the first bytes of HDF5"),
    (b"\x1f\x8b", "the first bytes of gzip"),
    (b"\x7fELF", "the first bytes of a program"),
    (b"#!", "the first bytes of a script"),
];

/// Refuses the first file that is none of a bundle's kinds, or is not what its name says.
pub fn check(files: &Files) -> Result<(), Refusal> {
    files.iter().try_for_each(|(path, file)| one(path, file.bytes()).map_err(|why| Refusal::of(why, path)))
}

/// A single file.
pub fn one(path: &str, bytes: &[u8]) -> Result<(), Why> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if let Some(found) = RUN_CODE.iter().find(|known| extension.as_deref() == Some(**known)) {
        return Err(Why::RunsCode(found));
    }
    let kind = match extension.as_deref() {
        None if name.starts_with("LICENSE") || name == "NOTICE" => Kind::Text,
        Some(extension) => KINDS.iter().find(|(known, _)| *known == extension).ok_or(Why::Kind)?.1,
        None => return Err(Why::Kind),
    };
    // The length of a header of safetensors may begin with any bytes; its check is stricter than these.
    if kind == Kind::Safetensors {
        if bytes.starts_with(b"PK\x03\x04") {
            return Err(Why::RunsCode("the first bytes of a zip"));
        }
        return safetensors::check(bytes).map_err(|damage| {
            if bytes.first() == Some(&0x80) && bytes.get(1).is_some_and(|of| (2..=5).contains(of)) {
                return Why::RunsCode("the first bytes of a pickle");
            }
            Why::Damaged(damage)
        });
    }
    if let Some((_, words)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(Why::RunsCode(words));
    }
    let damaged =
        |is_sound: bool, what: &str| if is_sound { Ok(()) } else { Err(Why::Damaged(what.to_owned())) };
    match kind {
        Kind::Text => damaged(std::str::from_utf8(bytes).is_ok(), "it is not UTF-8"),
        Kind::Parquet => damaged(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "it is no Parquet"),
        Kind::Onnx => damaged(!bytes.is_empty(), "it is empty"),
        Kind::Safetensors => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_code_is_refused_by_name_and_by_its_first_bytes() {
        for path in [
            "model/pytorch_model.bin",
            "model.pt",
            "x.PKL",
            "x.pickle",
            "a.npy",
            "weights.h5",
            "code.py",
            "x.joblib",
        ] {
            assert!(matches!(one(path, b"anything"), Err(Why::RunsCode(_))), "{path}");
        }
        let pickle =
            b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.";
        for path in [
            "model/model.onnx",
            "model/model.safetensors",
            "model/model.json",
            "README.md",
            "predictions.parquet",
            "LICENSE",
        ] {
            for bytes in [pickle.as_slice(), b"PK\x03\x04\x14\0\0\0\0\0"] {
                assert!(matches!(one(path, bytes), Err(Why::RunsCode(_))), "{path}");
            }
        }
    }

    #[test]
    fn only_known_kinds_pass() {
        for path in ["x", "x.exe", "x.svg", "Makefile"] {
            assert_eq!(one(path, b"x"), Err(Why::Kind), "{path}");
        }
        for path in ["LICENSE", "LICENSE-MIT", "README.md", "bom.cdx.json", "model/model.onnx", "model.sig"] {
            assert_eq!(one(path, b"x"), Ok(()), "{path}");
        }
        assert!(matches!(one("a.json", b"\xff"), Err(Why::Damaged(_))));
        assert!(matches!(one("a.parquet", b"PAR2"), Err(Why::Damaged(_))));
    }
}
