//! A name in a registry: its versions, and the log of everything that happened to it, from which its aliases follow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use plumb_ledger::Sha256;
use plumb_ledger::nearest::did_you_mean;
use serde::{Deserialize, Serialize};

use super::{RegistryError, Selector};

/// The version of the file.
const SCHEMA: u32 = 1;

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its path in the bundle.
    pub path: String,
    /// Its digest, under which its object stands.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
}

/// Where a bundle comes from; what is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lineage {
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The version that it was made to replace, or made from: `NAME:3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The digest over the files of its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// The digest of its weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    /// The digest of its job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_sha256: Option<String>,
    /// Its main metric in words: `accuracy 0.8564 (0.8481 to 0.8645)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
}

/// A version of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its number; numbers of removed versions are not given again.
    pub version: u64,
    /// The digest over its files' paths and digests.
    pub digest: Sha256,
    /// When it came in, in milliseconds since 1970.
    pub added_unix_ms: u64,
    /// Where it comes from.
    pub lineage: Lineage,
    /// Its files, by path.
    pub files: Vec<Stored>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A version came in.
    Added,
    /// An alias was pointed at a version.
    Aliased,
    /// An alias went back.
    RolledBack,
    /// A version was taken away.
    Removed,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// When, in milliseconds since 1970; the order is that of the lines, whatever the clock said.
    pub unix_ms: u64,
    /// What.
    pub action: Action,
    /// The version that came, went, or is pointed at now.
    pub version: u64,
    /// The alias.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alias: Option<String>,
    /// What it pointed at before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<u64>,
    /// The digest of the version's files.
    pub digest: Sha256,
    /// The digest of the line before, so that no line is changed or left out unseen.
    pub before: Sha256,
}

/// A name, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    schema: u32,
    /// The name.
    pub name: String,
    /// The versions that are there, the oldest first.
    pub versions: Vec<Version>,
    /// Everything that happened, the first thing first.
    pub log: Vec<Logged>,
}

/// The files of a bundle by path, as they are stored.
pub(super) fn stored(files: &[(&str, &[u8])]) -> Result<Vec<Stored>, RegistryError> {
    let mut by_path = BTreeMap::new();
    for (path, bytes) in files {
        if !is_plain(path) || by_path.insert(*path, *bytes).is_some() {
            return Err(RegistryError::Path((*path).to_owned()));
        }
    }
    let of = |(path, bytes): (&str, &[u8])| Stored {
        path: path.to_owned(),
        sha256: Sha256::of(bytes),
        bytes: bytes.len() as u64,
    };
    Ok(by_path.into_iter().map(of).collect())
}

fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\\')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The digest over paths and digests.
pub(super) fn digest_of(files: &[Stored]) -> Sha256 {
    let lines: Vec<String> = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
    Sha256::of(lines.concat().as_bytes())
}

impl Model {
    pub(super) fn new(name: &str) -> Self {
        Self { schema: SCHEMA, name: name.to_owned(), versions: Vec::new(), log: Vec::new() }
    }

    /// Reads the file of a name; an error says what does not hold.
    pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let model: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if model.schema != SCHEMA {
            return Err(format!("schema {}, {SCHEMA} is known here", model.schema));
        }
        if model.name != name {
            return Err(format!("it is the file of `{}`", model.name));
        }
        let mut before = Sha256::of(b"");
        for (number, line) in model.log.iter().enumerate() {
            if line.before != before {
                return Err(format!("line {} of its log has been changed or left out", number + 1));
            }
            before = digest(line);
        }
        let logged = model.present();
        let there: BTreeMap<u64, &Sha256> =
            model.versions.iter().map(|of| (of.version, &of.digest)).collect();
        if logged != there || there.len() != model.versions.len() {
            return Err("its versions are not those of its log".to_owned());
        }
        for version in &model.versions {
            let plain = version.files.iter().all(|file| is_plain(&file.path));
            if !plain || digest_of(&version.files) != version.digest {
                return Err(format!("the files of version {} are not those that came in", version.version));
            }
        }
        Ok(model)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The versions that the log says are there.
    fn present(&self) -> BTreeMap<u64, &Sha256> {
        let mut present = BTreeMap::new();
        for line in &self.log {
            match line.action {
                Action::Added => drop(present.insert(line.version, &line.digest)),
                Action::Removed => drop(present.remove(&line.version)),
                Action::Aliased | Action::RolledBack => {}
            }
        }
        present
    }

    /// Where each alias points.
    pub fn aliases(&self) -> BTreeMap<&str, u64> {
        self.log.iter().filter_map(|line| Some((line.alias.as_deref()?, line.version))).collect()
    }

    /// The version that a person means.
    pub fn find(&self, selector: &Selector) -> Result<&Version, RegistryError> {
        let name = || self.name.clone();
        let version = match selector {
            Selector::Latest => self.versions.last().map_or(0, |version| version.version),
            Selector::Version(version) => *version,
            Selector::Alias(alias) => {
                *self.aliases().get(alias.as_str()).ok_or_else(|| RegistryError::Alias {
                    name: name(),
                    alias: alias.clone(),
                    hint: did_you_mean(alias, self.aliases().keys().copied()),
                })?
            }
        };
        let found = self.versions.iter().find(|known| known.version == version);
        found.ok_or_else(|| RegistryError::Version {
            name: name(),
            version,
            known: self.versions.iter().map(|of| of.version).collect(),
        })
    }

    pub(super) fn add(&mut self, digest: Sha256, files: Vec<Stored>, lineage: Lineage, unix_ms: u64) -> u64 {
        let added = self.log.iter().filter(|line| line.action == Action::Added).map(|line| line.version);
        let version = added.max().unwrap_or(0) + 1;
        self.note(Action::Added, version, digest.clone(), unix_ms, None, None);
        self.versions.push(Version { version, digest, added_unix_ms: unix_ms, lineage, files });
        version
    }

    /// Points an alias; pointing it where it points changes nothing.
    pub(super) fn point(
        &mut self,
        alias: &str,
        version: u64,
        unix_ms: u64,
    ) -> Result<Option<u64>, RegistryError> {
        let digest = self.find(&Selector::Version(version))?.digest.clone();
        let from = self.aliases().get(alias).copied();
        if from != Some(version) {
            self.note(Action::Aliased, version, digest, unix_ms, Some(alias), from);
        }
        Ok(from)
    }

    pub(super) fn roll_back(&mut self, alias: &str, unix_ms: u64) -> Result<(u64, u64), RegistryError> {
        let from = self.find(&Selector::Alias(alias.to_owned()))?.version;
        let no_previous = || RegistryError::NoPrevious { name: self.name.clone(), alias: alias.to_owned() };
        let there: BTreeSet<u64> = self.versions.iter().map(|version| version.version).collect();
        let mut targets = self.targets(alias);
        targets.pop();
        let to = targets
            .into_iter()
            .rev()
            .find(|version| there.contains(version) && *version != from)
            .ok_or_else(no_previous)?;
        let digest = self.find(&Selector::Version(to))?.digest.clone();
        self.note(Action::RolledBack, to, digest, unix_ms, Some(alias), Some(from));
        Ok((from, to))
    }

    /// What an alias pointed at one after the other, without what was rolled back: the last is where it points now.
    fn targets(&self, alias: &str) -> Vec<u64> {
        let mut targets = Vec::new();
        for line in self.log.iter().filter(|line| line.alias.as_deref() == Some(alias)) {
            if line.action == Action::RolledBack {
                let to = targets.iter().rposition(|target| *target == line.version);
                targets.truncate(to.map_or(0, |at| at + 1));
            } else {
                targets.push(line.version);
            }
        }
        targets
    }

    pub(super) fn remove(&mut self, version: u64, unix_ms: u64) -> Result<(), RegistryError> {
        let digest = self.find(&Selector::Version(version))?.digest.clone();
        if let Some((alias, _)) = self.aliases().into_iter().find(|(_, target)| *target == version) {
            return Err(RegistryError::PointedAt {
                name: self.name.clone(),
                version,
                alias: alias.to_owned(),
            });
        }
        self.versions.retain(|of| of.version != version);
        self.note(Action::Removed, version, digest, unix_ms, None, None);
        Ok(())
    }

    fn note(
        &mut self,
        action: Action,
        version: u64,
        of: Sha256,
        unix_ms: u64,
        alias: Option<&str>,
        from: Option<u64>,
    ) {
        let before = self.log.last().map_or_else(|| Sha256::of(b""), digest);
        let alias = alias.map(str::to_owned);
        self.log.push(Logged { unix_ms, action, version, alias, from, digest: of, before });
    }
}

fn digest(line: &Logged) -> Sha256 {
    Sha256::of(&serde_json::to_vec(line).unwrap_or_default())
}
