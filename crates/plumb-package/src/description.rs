//! `bundle.json`: what a bundle is, where it came from, and every file in it with its digest.
//!
//! Its last field is the SHA-256 of the file itself, taken with 64 zeros in that place: a changed byte of an unsigned bundle's
//! description is found as well. That guards against damage; against a person only the signature does.

use plumb_ledger::Sha256;
use plumb_stats::Task;
use serde::{Deserialize, Serialize};

use crate::{BundleLimits, Files, Refusal, SIGNATURE, Why, files};

/// The name of the file.
pub const DESCRIPTION: &str = "bundle.json";
/// The version of the format.
pub const SCHEMA: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The version of the format.
    pub schema: u32,
    /// The version of Plumb that made the bundle.
    pub plumb: String,
    /// What the model is called.
    pub name: String,
    /// What it predicts.
    pub task: Task,
    /// The column that it predicts.
    pub target: String,
    /// The classes in the order of its outputs; empty for regression.
    pub classes: Vec<String>,
    /// The columns that it reads.
    pub inputs: Vec<Input>,
    /// Where it came from.
    pub origin: Origin,
    /// Every other file but the signature, sorted by path.
    pub files: Vec<Listed>,
    /// The digest of this file with zeros here.
    pub sha256: String,
}

/// A column that the model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `number`, `category`, `text`, `image` or `time`.
    pub kind: String,
}

/// What a rerun needs to know, as the run has recorded it; none where it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The name of the run.
    pub run: String,
    /// The commit of the repository that the run was started in.
    pub commit: Option<String>,
    /// Whether files of that repository had changed since.
    pub changed: Option<bool>,
    /// The digest of the data.
    pub data_sha256: Option<String>,
    /// The digest of the job, as far as it was resolved.
    pub job_sha256: Option<String>,
    /// What all chance followed from.
    pub seed: Option<u64>,
    /// The version of Plumb and the compiler that built it.
    pub toolchain: Option<String>,
    /// The digest of the weights that were measured.
    pub weights_sha256: Option<String>,
}

/// A file as the description lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// The version alone, whatever else a later one has.
#[derive(Debug, Deserialize)]
struct Version {
    schema: u32,
}

/// What stands in front of the digest and behind it.
const BEFORE: &str = "  \"sha256\": \"";
const BEHIND: &str = "\"\n}\n";
const DIGITS: usize = 64;

impl Description {
    /// The file, which lists these files.
    pub fn sealed(mut self, files: &Files) -> Result<Vec<u8>, Refusal> {
        let listed = |(path, file): (&str, &files::File)| Listed {
            path: path.to_owned(),
            bytes: file.bytes().len() as u64,
            sha256: file.sha256().clone(),
        };
        self.files = files.iter().filter(|(path, _)| is_listed(path)).map(listed).collect();
        self.sha256 = "0".repeat(DIGITS);
        let mut text = serde_json::to_string_pretty(&self)
            .map_err(|error| Refusal::of(Why::Unwritable(error.to_string()), DESCRIPTION))?;
        text.truncate(text.rfind(BEFORE).unwrap_or(text.len()));
        Ok(closed(text.as_bytes()))
    }

    /// Reads the file. Its own digest is held against it before it is parsed.
    pub fn read(bytes: &[u8], limits: &BundleLimits) -> Result<Self, Refusal> {
        let refuse = |why| Refusal::of(why, DESCRIPTION);
        if bytes.len() > limits.document {
            return Err(refuse(Why::Limit { what: "bytes", limit: limits.document as u64 }));
        }
        check_seal(bytes).map_err(refuse)?;
        let damaged =
            |error: serde_json::Error| refuse(Why::Damaged(error.to_string().chars().take(200).collect()));
        let Version { schema } = serde_json::from_slice(bytes).map_err(damaged)?;
        if schema > SCHEMA {
            return Err(refuse(Why::Newer { found: schema, known: SCHEMA }));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// Holds every file against the list, and the list against the files.
    pub fn check(&self, files: &Files) -> Result<(), Refusal> {
        for listed in &self.files {
            let refuse = |why| Refusal::of(why, &listed.path);
            let file = files.get(&listed.path).ok_or_else(|| refuse(Why::Missing))?;
            if *file.sha256() != listed.sha256 {
                return Err(refuse(Why::Changed("`bundle.json`")));
            }
            let size = file.bytes().len();
            if size as u64 != listed.bytes {
                let lie = format!("`bundle.json` states {} bytes, it has {size}", listed.bytes);
                return Err(refuse(Why::Damaged(lie)));
            }
        }
        let is_known = |path: &str| self.files.iter().any(|listed| listed.path == path) || !is_listed(path);
        if let Some((added, _)) = files.iter().find(|(path, _)| !is_known(path)) {
            return Err(Refusal::of(Why::Added, added));
        }
        let sorted = self.files.is_sorted_by(|one, other| one.path < other.path);
        let unlisted = self.files.iter().find(|listed| !is_listed(&listed.path));
        match (sorted, unlisted) {
            (true, None) => Ok(()),
            _ => Err(Refusal::of(
                Why::Damaged("its list of files is not sorted, or lists itself".to_owned()),
                DESCRIPTION,
            )),
        }
    }
}

/// The description cannot state its own digest among the others, and the signature comes after it.
fn is_listed(path: &str) -> bool {
    path != DESCRIPTION && path != SIGNATURE
}

/// A description as far as its last field, closed by the digest of the whole.
pub fn closed(head: &[u8]) -> Vec<u8> {
    let whole = |digits: &[u8]| [head, BEFORE.as_bytes(), digits, BEHIND.as_bytes()].concat();
    whole(Sha256::of(&whole(&[b'0'; DIGITS])).as_str().as_bytes())
}

fn check_seal(bytes: &[u8]) -> Result<(), Why> {
    let rest = bytes.strip_suffix(BEHIND.as_bytes());
    let (head, digest) = rest
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGITS)?))
        .filter(|(head, _)| head.ends_with(BEFORE.as_bytes()))
        .ok_or_else(|| Why::Damaged("it does not end in its digest".to_owned()))?;
    let mut whole = plumb_ledger::digest::Sha256Hasher::default();
    whole.update(head);
    whole.update(&[b'0'; DIGITS]);
    whole.update(BEHIND.as_bytes());
    if whole.finish().as_str().as_bytes() == digest { Ok(()) } else { Err(Why::Changed("its last line")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BundleLimits = BundleLimits::DEFAULT;

    fn description() -> Description {
        Description {
            schema: SCHEMA,
            plumb: "0.1.0".to_owned(),
            name: "adult".to_owned(),
            task: Task::Binary,
            target: "income".to_owned(),
            classes: vec!["no".to_owned(), "yes".to_owned()],
            inputs: vec![Input { name: "age".to_owned(), kind: "number".to_owned() }],
            origin: Origin { run: "adult-1".to_owned(), seed: Some(4), ..Origin::default() },
            files: Vec::new(),
            sha256: String::new(),
        }
    }

    /// Sealed anew after a change, as a liar would.
    fn lying(change: impl FnOnce(&mut Description), files: &Files) -> Refusal {
        let sealed = description().sealed(files).unwrap();
        let mut read = Description::read(&sealed, &LIMITS).unwrap();
        change(&mut read);
        read.check(files).unwrap_err()
    }

    fn files() -> Files {
        let mut files = Files::default();
        files.insert("a.json", b"{}".to_vec(), &LIMITS).unwrap();
        files.insert("b.json", b"{}".to_vec(), &LIMITS).unwrap();
        files
    }

    #[test]
    fn every_changed_byte_of_it_is_found() {
        let sealed = description().sealed(&files()).unwrap();
        Description::read(&sealed, &LIMITS).unwrap().check(&files()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(Description::read(&changed, &LIMITS).is_err(), "byte {at}");
            assert!(Description::read(&sealed[..at], &LIMITS).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn lies_about_files_are_refused_with_the_file() {
        assert_eq!(
            lying(|read| read.files[1].bytes = 7, &files()),
            Refusal::of(Why::Damaged("`bundle.json` states 7 bytes, it has 2".to_owned()), "b.json")
        );
        assert_eq!(
            lying(|read| read.files[0].sha256 = Sha256::of(b"x"), &files()),
            Refusal::of(Why::Changed("`bundle.json`"), "a.json")
        );
        assert_eq!(
            lying(|read| read.files[0].path = "../a.json".to_owned(), &files()),
            Refusal::of(Why::Missing, "../a.json")
        );
        assert_eq!(lying(|read| drop(read.files.remove(0)), &files()), Refusal::of(Why::Added, "a.json"));
        let twice = |read: &mut Description| read.files.insert(0, read.files[0].clone());
        assert_eq!(lying(twice, &files()).file, DESCRIPTION);
    }

    #[test]
    fn later_versions_deep_and_long_files_are_refused() {
        let read = |head: &str| Description::read(&closed(head.as_bytes()), &LIMITS).unwrap_err().why;
        assert_eq!(read("{\n  \"schema\": 9,\n  \"new\": [],\n"), Why::Newer { found: 9, known: 1 });
        let deep =
            format!("{{\n  \"schema\": 1,\n  \"x\": {}{},\n", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(read(&deep), Why::Damaged(_)));
        assert!(matches!(read("{\n  \"schema\": 1,\n  \"x\": 1,\n"), Why::Damaged(_)));
        assert!(matches!(read(&" ".repeat(2 << 20)), Why::Limit { .. }));
    }
}
