//! `plumb registry`: what it does with a bundle, and what it says.

mod answer;

use std::path::{Path, PathBuf};

use plumb_ledger::clock::Clock as _;
use plumb_ledger::{ExitCode, atomic};
use plumb_package::registry::{Lineage, Reference, Registry, Selector, Version, dvc_pointer};
use plumb_package::signature::PublicKey;
use plumb_package::{Bundle, BundleLimits, EXTENSION, Files, archive};
use serde_json::json;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::log::mlflow::{Registration, register};
use crate::run::files;
use crate::{console, user_state};

/// The folder of a registry where a person works.
const HERE: &str = "registry";

/// Which registry, and how it answers.
#[derive(Debug)]
pub(crate) struct Place {
    root: PathBuf,
    json: bool,
}

impl Place {
    /// The registry that is named, that is here, or that is the user's.
    pub(crate) fn new(named: Option<&Path>, json: bool) -> Result<Self, Fault> {
        let here = || Registry::open(Path::new(HERE)).is_ok().then(|| PathBuf::from(HERE));
        let of_user = || user_state::folder().map(|folder| folder.join(HERE));
        let root = named.map(Path::to_owned).or_else(here).or_else(of_user);
        let root = root.ok_or_else(|| {
            Fault::usage("no folder of a registry is known")
                .hint("`--registry DIR` names one; so does PLUMB_STATE")
        })?;
        Ok(Self { root, json })
    }

    /// Opens it.
    pub(crate) fn open(&self) -> Result<Registry, Fault> {
        Ok(Registry::open(&self.root)?)
    }

    fn say(&self, words: String, facts: &serde_json::Value) -> Result<ExitCode, Fault> {
        console::result(if self.json { format!("{facts:#}") } else { words })?;
        Ok(ExitCode::Done)
    }
}

/// A bundle that is to come in.
#[derive(Debug)]
pub(crate) struct Adding<'a> {
    /// Where it stands.
    pub(crate) bundle: &'a Path,
    /// The name; its own otherwise.
    pub(crate) name: Option<&'a str>,
    /// The version that it was made from.
    pub(crate) parent: Option<&'a str>,
    /// The alias that is to point at it.
    pub(crate) alias: Option<&'a str>,
    /// The key that its signature must be of.
    pub(crate) key: Option<&'a Path>,
}

/// The public key in a file, where one is named.
pub(crate) fn key(path: Option<&Path>) -> Result<Option<PublicKey>, Fault> {
    let Some(path) = path else { return Ok(None) };
    let pem = std::fs::read(path)
        .map_err(|error| Fault::usage(format!("cannot read the key ({error}): {}", path.display())))?;
    Ok(Some(PublicKey::read(&pem)?))
}

/// Takes a bundle in.
pub(crate) fn add(place: &Place, adding: &Adding<'_>) -> Result<ExitCode, Fault> {
    let bundle = Bundle::open(adding.bundle, key(adding.key)?.as_ref(), &BundleLimits::DEFAULT)?;
    let name = adding.name.unwrap_or(&bundle.description.name);
    let listed: Vec<(&str, &[u8])> = bundle.files.iter().map(|(path, file)| (path, file.bytes())).collect();
    let now = SystemClock::start().unix_ms();
    let registry = Registry::open_or_create(&place.root)?;
    let added = registry.add(name, &listed, lineage(&bundle, adding.parent), now)?;
    let reference = Reference { name: name.to_owned(), selector: Selector::Version(added.version) };
    let known = if added.was_there { " is this bundle already" } else { "" };
    let mut words = format!("{name}:{}{known}", added.version);
    if let Some(alias) = adding.alias {
        let from = registry.alias(&reference, alias, now)?;
        words = format!("{words}; {}", answer::moved(alias, from, added.version));
    }
    let facts = json!({"schema": 1, "name": name, "version": added.version, "was_there": added.was_there, "alias": adding.alias});
    place.say(words, &facts)
}

/// Where a bundle comes from, as its description and its scores say.
pub(crate) fn lineage(bundle: &Bundle, parent: Option<&str>) -> Lineage {
    let origin = &bundle.description.origin;
    let metrics = bundle.files.get(files::METRICS).and_then(|file| serde_json::from_slice(file.bytes()).ok());
    Lineage {
        run: Some(origin.run.clone()),
        parent: parent.map(str::to_owned),
        data_sha256: origin.data_sha256.clone(),
        weights_sha256: origin.weights_sha256.clone(),
        job_sha256: origin.job_sha256.clone(),
        metric: metrics.as_ref().and_then(answer::metric),
    }
}

/// Shows every name.
pub(crate) fn list(place: &Place) -> Result<ExitCode, Fault> {
    let models = place.open()?.list()?;
    place.say(
        answer::models(&models),
        &json!({"schema": 1, "models": models.iter().map(answer::facts).collect::<Vec<_>>()}),
    )
}

/// Shows a name, or a version of it.
pub(crate) fn show(place: &Place, model: &str) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let model = place.open()?.model(&reference.name)?;
    if reference.selector == Selector::Latest {
        return place.say(answer::model(&model), &answer::facts(&model));
    }
    let version = model.find(&reference.selector)?;
    place.say(answer::version(&model, version), &json!(version))
}

/// Writes a version as a bundle.
pub(crate) fn get(
    place: &Place,
    model: &str,
    out: &Path,
    key_file: Option<&Path>,
) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let registry = place.open()?;
    let version = registry.resolve(&reference)?;
    let bundle = bundle(&registry, &version, key(key_file)?.as_ref())?;
    bundle.write(out)?;
    let words =
        format!("{} ({}:{}, {} files)", out.display(), reference.name, version.version, version.files.len());
    let facts = json!({"schema": 1, "name": reference.name, "version": version.version, "file": out.display().to_string()});
    place.say(words, &facts)
}

/// A version as a bundle, whose digests, and with a key whose signature, hold.
pub(crate) fn bundle(
    registry: &Registry,
    version: &Version,
    key: Option<&PublicKey>,
) -> Result<Bundle, Fault> {
    let limits = BundleLimits::DEFAULT;
    let mut files = Files::default();
    for (path, bytes) in registry.files(version)? {
        files.insert(&path, bytes, &limits)?;
    }
    Ok(Bundle::verified(files, key, &limits)?)
}

/// Points an alias at a version.
pub(crate) fn alias(place: &Place, model: &str, alias: &str) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let registry = place.open()?;
    let from = registry.alias(&reference, alias, SystemClock::start().unix_ms())?;
    let to =
        registry.resolve(&Reference { selector: Selector::Alias(alias.to_owned()), ..reference })?.version;
    place.say(answer::moved(alias, from, to), &json!({"schema": 1, "alias": alias, "from": from, "to": to}))
}

/// Points an alias at what it pointed at before.
pub(crate) fn roll_back(place: &Place, name: &str, alias: &str) -> Result<ExitCode, Fault> {
    let (from, to) = place.open()?.roll_back(name, alias, SystemClock::start().unix_ms())?;
    place.say(
        answer::moved(alias, Some(from), to),
        &json!({"schema": 1, "alias": alias, "from": from, "to": to}),
    )
}

/// Takes a version away.
pub(crate) fn remove(place: &Place, model: &str) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let Selector::Version(version) = reference.selector else {
        return Err(Fault::usage("a removal needs the number of the version")
            .hint(format!("write `{}:3`", reference.name)));
    };
    place.open()?.remove(&reference.name, version, SystemClock::start().unix_ms())?;
    let words = format!("{}:{version} is gone; its line in the log stays", reference.name);
    place.say(words, &json!({"schema": 1, "name": reference.name, "removed": version}))
}

/// Tells an MLflow server of a version.
pub(crate) fn to_mlflow(place: &Place, model: &str, address: &str) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let registry = place.open()?;
    let of_name = registry.model(&reference.name)?;
    let version = of_name.find(&reference.selector)?;
    bundle(&registry, version, None)?;
    let aliases: Vec<&str> = of_name
        .aliases()
        .into_iter()
        .filter(|(_, to)| *to == version.version)
        .map(|(alias, _)| alias)
        .collect();
    let number = register(
        address,
        &Registration {
            name: &reference.name,
            source: answer::source(registry.root(), &reference.name, version),
            tags: answer::tags(version),
            aliases: &aliases,
        },
    )?;
    let words = format!(
        "{}:{} is version {number} of `{}` at {address}",
        reference.name, version.version, reference.name
    );
    place.say(words, &json!({"schema": 1, "name": reference.name, "version": version.version, "mlflow_version": number, "aliases": aliases}))
}

/// Writes a version into a folder that DVC tracks. The pointer is replaced after the bundle: until then DVC sees a changed file.
pub(crate) fn to_dvc(place: &Place, model: &str, folder: &Path) -> Result<ExitCode, Fault> {
    let reference = Reference::parse(model)?;
    let registry = place.open()?;
    let version = registry.resolve(&reference)?;
    let bytes = archive::write(&bundle(&registry, &version, None)?.files)?;
    let name = format!("{}.{EXTENSION}", reference.name);
    let pointer = folder.join(format!("{name}.dvc"));
    atomic::write_file(&folder.join(&name), &bytes).map_err(|error| Fault::failed(error.to_string()))?;
    atomic::write_file(&pointer, dvc_pointer(&name, &bytes).as_bytes())
        .map_err(|error| Fault::failed(error.to_string()))?;
    let words = format!("{}:{} is {}", reference.name, version.version, pointer.display());
    place.say(
        words,
        &json!({"schema": 1, "name": reference.name, "version": version.version, "file": pointer.display().to_string()}),
    )
}
