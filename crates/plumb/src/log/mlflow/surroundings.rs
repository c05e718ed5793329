//! Who runs what from where: the tags that MLflow's pages have columns for.

use std::path::Path;

use crate::commit::Commit;

/// Names and values of the tags. What cannot be found out is left out.
pub(super) fn surroundings(folder: &Path) -> Vec<(String, String)> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let command: Vec<String> =
        std::env::args_os().skip(1).map(|of| of.to_string_lossy().into_owned()).collect();
    let tags = [
        ("mlflow.user", user),
        ("mlflow.source.type", Some("LOCAL".to_owned())),
        ("mlflow.source.name", Some(format!("plumb {}", command.join(" ")))),
        ("mlflow.source.git.commit", Commit::here().map(|commit| commit.id)),
        ("plumb.version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("plumb.folder", Some(folder.display().to_string())),
    ];
    tags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
