//! What the server says of itself and its models.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::openapi;
use super::routes::{Named, response, said};
use crate::{ApiError, App, Port, stats};

/// What the server is called.
pub(crate) const SERVER: &str = "plumb";
/// Its version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The extensions of the protocol that it has.
pub(crate) const EXTENSIONS: [&str; 2] = ["binary_tensor_data", "model_repository"];
/// What clients call the form of models.
pub(crate) const PLATFORM: &str = "plumb_bundle";

/// `GET /v2`.
pub(super) fn server() -> Response {
    said(&json!({"name": SERVER, "version": VERSION, "extensions": EXTENSIONS}))
}

/// A yes or no, by status and in words.
pub(super) fn health(what: &str, is_well: bool) -> Response {
    let mut response = said(&json!({what: is_well}));
    if !is_well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

fn ports(ports: &[Port]) -> Value {
    let port =
        |port: &Port| json!({"name": port.name, "datatype": port.datatype.as_str(), "shape": port.shape});
    ports.iter().map(port).collect()
}

/// `GET /v2/models/{model}`.
pub(super) fn model(app: &App, named: &Named) -> Result<Response, ApiError> {
    let lane = app.hub.lane(&named.model, named.version.as_deref())?;
    let entry = app.hub.entry(&named.model)?;
    let versions: Vec<&str> = entry.lanes().map(|lane| lane.loaded().version()).collect();
    Ok(said(&json!({
        "name": lane.loaded().name(),
        "versions": versions,
        "platform": PLATFORM,
        "inputs": ports(lane.inputs()),
        "outputs": ports(lane.outputs()),
    })))
}

/// `GET /v2/models/{model}/ready`.
pub(super) fn model_ready(app: &App, named: &Named) -> Result<Response, ApiError> {
    app.hub.lane(&named.model, named.version.as_deref()).map(|_lane| health("ready", app.hub.is_open()))
}

/// `GET /metrics`.
pub(super) fn metrics(app: &App) -> Response {
    let figures = app.settings.observer.as_ref().map(|observer| observer.figures()).unwrap_or_default();
    let text = app.hub.with_counts(|counted| stats::prometheus(&app.stats, counted, &figures));
    response("text/plain; version=0.0.4; charset=utf-8", text)
}

/// `GET /openapi.json`.
pub(super) fn openapi(app: &App) -> Response {
    said(&openapi::description(app))
}
