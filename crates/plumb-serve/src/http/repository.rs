//! The repository extension: which models there are, and, where the operator allows it, loading and unloading them.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::body;
use super::routes::{Named, response, said};
use crate::{ApiError, App, Entry, ErrorKind, json};

/// `POST /v2/repository/index`.
pub(super) async fn index(app: &Arc<App>, request: Request) -> Result<Response, ApiError> {
    let (bytes, _held) = body::read(app, request).await?;
    let asked: Map<String, Value> =
        if bytes.is_empty() { Map::new() } else { json::read(&bytes, app.limits())? };
    let only_ready = match asked.get("ready") {
        None => false,
        Some(ready) => ready.as_bool().ok_or_else(|| ApiError::bad("`ready` is true or false"))?,
    };
    let mut models = Vec::new();
    for (name, entry) in app.hub.list() {
        match entry {
            Some(entry) => models.extend(ready(&name, &entry)),
            None if only_ready => {}
            None => models
                .push(json!({"name": name, "version": "", "state": "UNAVAILABLE", "reason": "unloaded"})),
        }
    }
    Ok(said(&Value::Array(models)))
}

fn ready(name: &str, entry: &Entry) -> Vec<Value> {
    let version = |lane: &Arc<crate::Lane>| json!({"name": name, "version": lane.loaded().version(), "state": "READY", "reason": ""});
    entry.lanes().map(version).collect()
}

fn allowed(app: &App) -> Result<(), ApiError> {
    if app.settings.allows_control {
        return Ok(());
    }
    Err(ApiError::new(ErrorKind::Forbidden, "models are not loaded or unloaded by clients here"))
}

/// `POST /v2/repository/models/{model}/load`. A model comes from where the operator named it, whatever the body says.
pub(super) async fn load(app: &Arc<App>, named: &Named, request: Request) -> Result<Response, ApiError> {
    allowed(app)?;
    let _body = body::read(app, request).await?;
    let (app, name) = (Arc::clone(app), named.model.clone());
    let loading = tokio::task::spawn_blocking(move || app.hub.load(&name));
    loading.await.unwrap_or_else(|_panic| Err(ApiError::plain(ErrorKind::Failed)))?;
    Ok(response("application/json", "{}"))
}

/// `POST /v2/repository/models/{model}/unload`.
pub(super) async fn unload(app: &Arc<App>, named: &Named, request: Request) -> Result<Response, ApiError> {
    allowed(app)?;
    let _body = body::read(app, request).await?;
    let (app, name) = (Arc::clone(app), named.model.clone());
    let unloading = tokio::task::spawn_blocking(move || app.hub.unload(&name));
    unloading.await.unwrap_or_else(|_panic| Err(ApiError::plain(ErrorKind::Failed)))?;
    Ok(response("application/json", "{}"))
}
