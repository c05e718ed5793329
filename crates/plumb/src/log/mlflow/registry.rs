//! MLflow's registry of models: a version of a bundle, its tags and its aliases.

use std::time::Duration;

use plumb_ledger::{ExitCode, Explain};
use serde_json::{Value, json};

use super::client::{self, Answer, Client, Failure};
use super::{names, tags_of};

/// For one request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A version that the server is told of.
#[derive(Debug)]
pub(crate) struct Registration<'a> {
    /// The name of the model.
    pub(crate) name: &'a str,
    /// Where it stands.
    pub(crate) source: String,
    /// What is known of it.
    pub(crate) tags: Vec<(String, String)>,
    /// The aliases that point at it.
    pub(crate) aliases: &'a [&'a str],
}

/// Why the server was not told.
#[derive(Debug, thiserror::Error)]
#[error("{address} {failure}")]
pub(crate) struct NotRegistered {
    address: String,
    failure: Failure,
}

impl Explain for NotRegistered {
    fn hint(&self) -> Option<String> {
        match self.failure {
            Failure::Away(_) => {
                Some("start `mlflow server`, or name another address by `--mlflow`".to_owned())
            }
            Failure::Refused { .. } => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}

/// Registers a version and points its aliases at it; answers the number that the server has given it.
pub(crate) fn register(address: &str, of: &Registration<'_>) -> Result<String, NotRegistered> {
    let client = Client::new(address, client::authorization(|name| std::env::var(name).ok()));
    let failed = |failure| NotRegistered { address: client.address().to_owned(), failure };
    let post = |path: &str, body: &Value| -> Answer { client.post_once(path, body, TIMEOUT) };
    match post("registered-models/create", &json!({"name": of.name})) {
        Ok(_) => {}
        Err(Failure::Refused { code, .. }) if code == "RESOURCE_ALREADY_EXISTS" => {}
        Err(failure) => return Err(failed(failure)),
    }
    let body =
        json!({"name": of.name, "source": names::cut(&of.source, 500), "tags": tags_of(of.tags.clone())});
    let made = post("model-versions/create", &body).map_err(failed)?;
    let version = super::id(&made["model_version"]["version"]).map_err(failed)?;
    for alias in of.aliases {
        post("registered-models/alias", &json!({"name": of.name, "alias": alias, "version": version}))
            .map_err(failed)?;
    }
    Ok(version)
}
