//! Whole bundles, and every way to spoil one: each is refused, with the file named.

#![expect(clippy::disallowed_methods, reason = "the tests damage what was written")]

use std::path::PathBuf;

use plumb_stats::Task;

use super::*;
use crate::description::{Origin, SCHEMA};

const LIMITS: BundleLimits = BundleLimits::DEFAULT;

/// A safetensors file of one tensor.
fn weights() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    [(header.len() as u64).to_le_bytes().as_slice(), header, &[1; 8]].concat()
}

fn about() -> Description {
    Description {
        schema: SCHEMA,
        plumb: "0.1.0".to_owned(),
        name: "adult".to_owned(),
        task: Task::Binary,
        target: "income".to_owned(),
        classes: vec!["no".to_owned(), "yes".to_owned()],
        inputs: Vec::new(),
        origin: Origin::default(),
        files: Vec::new(),
        sha256: String::new(),
    }
}

fn content() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("LICENSE", b"MIT".to_vec()),
        ("README.md", b"# adult".to_vec()),
        ("examples/rows.jsonl", b"{}\n".to_vec()),
        ("model/model.json", b"{}".to_vec()),
        ("model/model.onnx", vec![8, 8, 18, 0]),
        ("model/model.safetensors", weights()),
    ]
}

fn files(content: Vec<(&str, Vec<u8>)>) -> Files {
    let mut files = Files::default();
    for (path, bytes) in content {
        files.insert(path, bytes, &LIMITS).unwrap();
    }
    files
}

/// A signed bundle as a folder and as a file, with the key that verifies it.
struct Made {
    home: tempfile::TempDir,
    folder: PathBuf,
    file: PathBuf,
    key: PublicKey,
}

fn made() -> Made {
    let home = tempfile::tempdir().unwrap();
    let [private, _] = signature::new_pair(&home.path().join("key")).unwrap();
    let private = PrivateKey::read(&fs::read(private).unwrap()).unwrap();
    let bundle = Bundle::seal(files(content()), about(), Some(&private)).unwrap();
    let (folder, file) = (home.path().join("adult"), home.path().join("adult.plumb"));
    bundle.write(&folder).unwrap();
    bundle.write(&file).unwrap();
    Made { folder, file, key: private.public(), home }
}

impl Made {
    fn open(&self, path: &Path) -> Result<Bundle, Refusal> {
        Bundle::open(path, Some(&self.key), &LIMITS)
    }

    /// What is refused with the key, and what without it.
    fn refused(&self) -> [Option<Refusal>; 2] {
        [Some(&self.key), None].map(|key| Bundle::open(&self.folder, key, &LIMITS).err())
    }
}

#[test]
fn a_bundle_comes_back_the_same_from_both_forms() {
    let made = made();
    let [folder, file] = [&made.folder, &made.file].map(|path| made.open(path).unwrap());
    assert_eq!(folder.files, file.files);
    assert_eq!(folder.signature, SignatureState::Holds(made.key.hint()));
    assert_eq!(Bundle::open(&made.file, None, &LIMITS).unwrap().signature, SignatureState::Unchecked);
    assert!(is_bundle(&made.folder) && is_bundle(&made.file) && !is_bundle(made.home.path()));
}

#[test]
fn a_bundle_is_rebuilt_byte_for_byte_and_replaces_nothing() {
    let made = made();
    let again = made.home.path().join("again.plumb");
    made.open(&made.folder).unwrap().write(&again).unwrap();
    assert_eq!(fs::read(&again).unwrap(), fs::read(&made.file).unwrap());
    for there in [&made.folder, &made.file] {
        assert!(matches!(made.open(&made.file).unwrap().write(there).unwrap_err().why, Why::Unwritable(_)));
    }
}

#[test]
fn every_changed_byte_of_every_file_is_refused_with_the_file() {
    let made = made();
    let paths: Vec<String> =
        made.open(&made.folder).unwrap().files.iter().map(|(path, _)| path.to_owned()).collect();
    for path in paths {
        let at = made.folder.join(&path);
        let whole = fs::read(&at).unwrap();
        for byte in 0..whole.len() {
            let mut changed = whole.clone();
            changed[byte] ^= 1;
            fs::write(&at, &changed).unwrap();
            let [signed, unsigned] = made.refused();
            assert_eq!(signed.unwrap().file, path, "byte {byte}");
            // Without the key nothing can be said of the signature itself.
            assert_eq!(
                unsigned.map(|refused| refused.file),
                (path != SIGNATURE).then(|| path.clone()),
                "byte {byte}"
            );
        }
        fs::write(&at, &whole).unwrap();
    }
    made.open(&made.folder).unwrap();
}

#[test]
fn every_changed_byte_of_the_one_file_is_refused() {
    let made = made();
    let whole = fs::read(&made.file).unwrap();
    for byte in 0..whole.len() {
        let mut changed = whole.clone();
        changed[byte] ^= 1;
        let read = archive::read(changed.as_slice(), "adult.plumb", &LIMITS);
        let refused = read.and_then(|files| Bundle::verified(files, Some(&made.key), &LIMITS));
        assert!(refused.is_err(), "byte {byte}");
    }
    for end in (0..whole.len()).step_by(97) {
        let read = archive::read(&whole[..end], "adult.plumb", &LIMITS);
        assert!(read.is_err(), "cut at {end}");
    }
}

#[test]
fn added_and_missing_files_are_refused_by_name() {
    let made = made();
    for path in ["extra.json", "model/run.py", "examples/more/x.json"] {
        let at = made.folder.join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, b"{}").unwrap();
        let [signed, unsigned] = made.refused();
        assert_eq!(signed, Some(Refusal::of(Why::NotSigned, path)));
        assert_eq!(unsigned, Some(Refusal::of(Why::Added, path)));
        fs::remove_file(&at).unwrap();
    }
    for (path, _) in content() {
        let kept = fs::read(made.folder.join(path)).unwrap();
        fs::remove_file(made.folder.join(path)).unwrap();
        assert_eq!(made.refused().map(Option::unwrap), [(); 2].map(|()| Refusal::of(Why::Missing, path)));
        fs::write(made.folder.join(path), kept).unwrap();
    }
    fs::rename(made.folder.join("LICENSE"), made.folder.join("LICENCE.md")).unwrap();
    assert_eq!(made.refused().map(Option::unwrap), [(); 2].map(|()| Refusal::of(Why::Missing, "LICENSE")));
}

#[test]
fn a_bundle_without_signature_or_of_another_is_refused_where_a_key_is_given() {
    let (made, other) = (made(), self::made());
    assert_eq!(
        Bundle::open(&made.folder, Some(&other.key), &LIMITS).unwrap_err(),
        Refusal::of(Why::WrongKey, SIGNATURE)
    );
    fs::copy(other.folder.join(SIGNATURE), made.folder.join(SIGNATURE)).unwrap();
    assert_eq!(made.open(&made.folder).unwrap_err(), Refusal::of(Why::WrongKey, SIGNATURE));
    fs::remove_file(made.folder.join(SIGNATURE)).unwrap();
    assert_eq!(made.open(&made.folder).unwrap_err(), Refusal::of(Why::Unsigned, SIGNATURE));
    assert_eq!(Bundle::open(&made.folder, None, &LIMITS).unwrap().signature, SignatureState::Absent);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_refused_and_never_followed() {
    let made = made();
    let at = made.folder.join("model/model.json");
    let aside = made.home.path().join("aside");
    let refused = |words| Some(Refusal::of(Why::NotAFile(words), "model/model.json"));
    fs::rename(&at, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &at).unwrap();
    assert_eq!(made.refused(), [refused("a symbolic link"), refused("a symbolic link")]);
    fs::remove_file(&at).unwrap();
    fs::hard_link(&aside, &at).unwrap();
    assert_eq!(made.refused(), [refused("a hard link"), refused("a hard link")]);
    fs::remove_file(&at).unwrap();
    std::os::unix::net::UnixListener::bind(&at).unwrap();
    assert_eq!(made.refused(), [refused("a device or a pipe"), refused("a device or a pipe")]);
    fs::remove_file(&at).unwrap();
    fs::rename(&aside, &at).unwrap();
    let elsewhere = made.home.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, made.folder.join("more")).unwrap();
    assert_eq!(made.refused()[0], Some(Refusal::of(Why::NotAFile("a symbolic link"), "more")));
}

#[test]
fn what_is_signed_and_still_runs_code_is_refused() {
    let pickle = b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94".to_vec();
    for path in ["model/extra.pkl", "model/extra.onnx", "model/extra.safetensors", "extra.json"] {
        let mut content = content();
        content.push((path, pickle.clone()));
        let refused = Bundle::seal(files(content), about(), None).unwrap_err();
        assert!(matches!(refused.why, Why::RunsCode(_)) && refused.file == path, "{refused}");
    }
    let mut content = content();
    content[5].1 = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
    let refused = Bundle::seal(files(content), about(), None).unwrap_err();
    assert!(matches!(refused.why, Why::Damaged(_)) && refused.file == "model/model.safetensors", "{refused}");
}

#[test]
fn a_description_that_lies_is_refused_although_its_digest_holds() {
    let sealed = about().sealed(&files(content())).unwrap();
    let text = String::from_utf8(sealed).unwrap();
    let (head, _) = text.rsplit_once("  \"sha256\": \"").unwrap();
    let forged = |head: &str| {
        let mut all = files(content());
        all.insert(DESCRIPTION, crate::description::closed(head.as_bytes()), &LIMITS).unwrap();
        Bundle::verified(all, None, &LIMITS)
    };
    forged(head).unwrap();
    let lied = forged(&head.replace("\"bytes\": 3,", "\"bytes\": 4000000000,")).unwrap_err();
    assert_eq!(lied.file, "LICENSE");
    assert_eq!(
        forged(&head.replace("LICENSE", "../LICENSE")).unwrap_err(),
        Refusal::of(Why::Missing, "../LICENSE")
    );
    assert_eq!(forged("{\n").unwrap_err().file, DESCRIPTION);
}
