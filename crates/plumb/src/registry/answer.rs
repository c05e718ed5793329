//! What a registry says: lines for people, facts for machines.

use std::path::Path;

use plumb_package::format::{count, number};
use plumb_package::record::figures;
use plumb_package::registry::{Action, Logged, Model, Version};
use serde_json::{Value, json};

use crate::console::visible;

/// An alias that moved.
pub(super) fn moved(alias: &str, from: Option<u64>, to: u64) -> String {
    match from {
        Some(from) if from == to => format!("{alias} points at {to} as before"),
        Some(from) => format!("{alias} points at {to}, before at {from}"),
        None => format!("{alias} points at {to}"),
    }
}

/// The main metric of `metrics.json` in words.
pub(super) fn metric(metrics: &Value) -> Option<String> {
    let primary = metrics["primary"].as_str()?;
    let part = metrics["judged"].as_str().unwrap_or("test");
    let of = figures(&metrics[part]).into_iter().find(|figure| figure.name == primary)?;
    let interval =
        of.interval.map_or_else(String::new, |(low, high)| format!(" ({} to {})", number(low), number(high)));
    Some(format!("{primary} {}{interval}", number(of.value)))
}

/// Every name, a line each.
pub(super) fn models(models: &[Model]) -> String {
    if models.is_empty() {
        return "no model; `plumb registry add BUNDLE` takes one in".to_owned();
    }
    let line = |model: &Model| {
        let aliases: Vec<String> =
            model.aliases().into_iter().map(|(alias, to)| format!("{alias} {to}")).collect();
        let latest =
            model.versions.last().map_or_else(|| "none".to_owned(), |version| version.version.to_string());
        let aliases = if aliases.is_empty() { String::new() } else { format!("; {}", aliases.join(", ")) };
        format!("{}  {} versions, latest {latest}{aliases}", model.name, model.versions.len())
    };
    models.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A name with its versions, the newest first, and its log.
pub(super) fn model(model: &Model) -> String {
    let mut lines: Vec<String> = model.versions.iter().rev().map(|of| version(model, of)).collect();
    lines.push(String::new());
    lines.extend(model.log.iter().map(logged));
    lines.join("\n")
}

/// A version in a few lines.
pub(super) fn version(model: &Model, of: &Version) -> String {
    let aliases: Vec<&str> =
        model.aliases().into_iter().filter(|(_, to)| *to == of.version).map(|(alias, _)| alias).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" [{}]", aliases.join(", ")) };
    let bytes: u64 = of.files.iter().map(|file| file.bytes).sum();
    let head = format!(
        "{}:{}{aliases}  {} files, {} bytes, sha256 {}",
        model.name,
        of.version,
        of.files.len(),
        count(bytes as usize),
        of.digest.short()
    );
    let lineage = &of.lineage;
    let short = |digest: &String| digest.chars().take(12).collect::<String>();
    let facts = [
        ("run", lineage.run.clone()),
        ("from", lineage.parent.clone()),
        ("data", lineage.data_sha256.as_ref().map(short)),
        ("weights", lineage.weights_sha256.as_ref().map(short)),
        ("job", lineage.job_sha256.as_ref().map(short)),
        ("metric", lineage.metric.clone()),
    ];
    let facts: Vec<String> =
        facts.into_iter().filter_map(|(name, fact)| Some(format!("{name} {}", visible(&fact?)))).collect();
    format!("{head}\n  {}", facts.join(", "))
}

fn logged(line: &Logged) -> String {
    let when = jiff::Timestamp::from_millisecond(line.unix_ms as i64)
        .map_or_else(|_| line.unix_ms.to_string(), |at| at.to_string());
    let alias = line.alias.as_deref().unwrap_or_default();
    let from = line.from.map_or_else(String::new, |from| format!(" from {from}"));
    let what = match line.action {
        Action::Added => format!("version {} added", line.version),
        Action::Aliased => format!("{alias} moved{from} to {}", line.version),
        Action::RolledBack => format!("{alias} rolled back{from} to {}", line.version),
        Action::Removed => format!("version {} removed", line.version),
    };
    format!("{when}  {what}")
}

/// A name for machines.
pub(super) fn facts(model: &Model) -> Value {
    json!({"schema": 1, "name": model.name, "aliases": model.aliases(), "versions": model.versions, "log": model.log})
}

/// Where another registry is told that a version stands: no path that it would open itself.
pub(super) fn source(root: &Path, name: &str, version: &Version) -> String {
    let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    format!("plumb-registry://{}/{name}/{}", root.display().to_string().trim_matches('/'), version.version)
}

/// What another registry is told of a version.
pub(super) fn tags(version: &Version) -> Vec<(String, String)> {
    let lineage = &version.lineage;
    let facts = [
        ("plumb.version", Some(version.version.to_string())),
        ("plumb.sha256", Some(version.digest.to_string())),
        ("plumb.run", lineage.run.clone()),
        ("plumb.parent", lineage.parent.clone()),
        ("plumb.data_sha256", lineage.data_sha256.clone()),
        ("plumb.weights_sha256", lineage.weights_sha256.clone()),
        ("plumb.job_sha256", lineage.job_sha256.clone()),
        ("plumb.metric", lineage.metric.clone()),
    ];
    facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?))).collect()
}
