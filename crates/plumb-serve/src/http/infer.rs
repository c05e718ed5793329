//! Asking a model over HTTP: tensors of the protocol, and rows as people have them.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use plumb_data::Table;

use super::body::{self, header};
use super::routes::{Named, response, said};
use crate::cells::{self, Cells};
use crate::explain::explains_nothing;
use crate::lane::{Lane, Outcome, Payload};
use crate::oip::{self, Asked, Headed};
use crate::rows::{self, AskedRows};
use crate::{ApiError, App, ErrorKind, Loaded, Served};

/// Where the JSON of a body with binary tensors ends.
const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");
/// The id of a request, where the body does not say it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bodies beyond this are read by a thread that may take its time. 256 KiB: about a millisecond.
const LARGE: usize = 256 << 10;

/// Reads a body beside other requests, however long it is.
async fn apart<T: Send + 'static>(
    bytes: usize,
    read: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    if bytes <= LARGE {
        return read();
    }
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_panic| Err(ApiError::plain(ErrorKind::Failed)))
}

/// The id of a request: its own, that of its header, or a new one.
fn id_of(app: &App, headers: &HeaderMap, own: Option<&str>) -> Result<String, ApiError> {
    let given =
        own.filter(|id| !id.is_empty()).or_else(|| header(headers, &REQUEST_ID).filter(|id| !id.is_empty()));
    oip::check_id(given, app.limits())?;
    Ok(given.map_or_else(|| app.new_id(), str::to_owned))
}

/// The id goes along with every answer, so that a label can follow under it.
fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// `POST .../infer`.
pub(super) async fn tensors(app: &Arc<App>, named: &Named, request: Request) -> Result<Response, ApiError> {
    // A model that is not there, or has no room, is told before a body is read.
    let known = app.hub.lane(&named.model, named.version.as_deref())?;
    let _place = app.place(&known, body::length(&request)).await?;
    let headers = request.headers().clone();
    let length = match header(&headers, &JSON_LENGTH) {
        None => None,
        Some(text) => Some(text.parse::<usize>().map_err(|_no_number| {
            ApiError::bad("the header Inference-Header-Content-Length is no number")
        })?),
    };
    let (bytes, held) = body::read(app, request).await?;
    let asked = read_tensors(app, &known, bytes, length).await;
    let mut asked = asked.inspect_err(|error| known.stats().refused(error.kind))?;
    let id = id_of(app, &headers, asked.id.as_deref())?;
    let chosen = app.hub.choose(&named.model, named.version.as_deref(), &id)?;
    let payload = asked.payload(&chosen.lane, app.limits());
    let payload = payload.inspect_err(|error| chosen.lane.stats().refused(error.kind))?;
    let outcome = app.ask(&chosen, payload, &id, (held, asked.timeout)).await?;
    let outputs = oip::outputs(outcome, &chosen.lane, &asked.outputs)?;
    let loaded = chosen.lane.loaded();
    let (bytes, length) = oip::written((loaded.name(), loaded.version()), &asked, &outputs)
        .map_err(|_unwritable| ApiError::plain(ErrorKind::Failed))?;
    let kind = if length.is_some() { "application/octet-stream" } else { "application/json" };
    let mut response = response(kind, bytes);
    if let Some(length) = length {
        response.headers_mut().insert(JSON_LENGTH, HeaderValue::from(length));
    }
    Ok(with_id(response, &id))
}

async fn read_tensors(
    app: &App,
    lane: &Arc<Lane>,
    bytes: Bytes,
    length: Option<usize>,
) -> Result<Asked, ApiError> {
    let (limits, lane) = (*app.limits(), Arc::clone(lane));
    apart(bytes.len(), move || match length {
        Some(0) => oip::read_raw(&bytes, lane.inputs(), &limits),
        Some(length) => oip::read(&bytes, Headed::Binary(length), &limits),
        None => oip::read(&bytes, Headed::Json, &limits),
    })
    .await
}

/// `POST .../rows`.
pub(super) async fn rows(app: &Arc<App>, named: &Named, request: Request) -> Result<Response, ApiError> {
    let known = app.hub.lane(&named.model, named.version.as_deref())?;
    let _place = app.place(&known, body::length(&request)).await?;
    let headers = request.headers().clone();
    let (bytes, held) = body::read(app, request).await?;
    let asked = read_rows(app, &known, bytes.clone()).await;
    let mut asked = asked.inspect_err(|error| known.stats().refused(error.kind))?;
    let id = id_of(app, &headers, asked.id.as_deref())?;
    let chosen = app.hub.choose(&named.model, named.version.as_deref(), &id)?;
    if chosen.lane.inputs() != known.inputs() {
        // Another model than the body was read for: by a challenger's share, or because it was replaced meanwhile.
        asked = read_rows(app, &chosen.lane, bytes).await?;
    }
    let Loaded::Rows(served) = chosen.lane.loaded() else {
        return Err(ApiError::plain(ErrorKind::Failed));
    };
    let deadline = tokio::time::Instant::now() + app.limits().request;
    let explained = explained(app, &asked, served)?;
    let outcome = app.ask(&chosen, Payload::Rows(asked.cells), &id, (held, None)).await?;
    let Outcome::Predictions(predictions) = &outcome else {
        return Err(ApiError::plain(ErrorKind::Failed));
    };
    let reasons = match explained {
        Some(table) => app.desk.explain(served, table, deadline).await?,
        None => Vec::new(),
    };
    Ok(with_id(said(&rows::answer(&id, predictions, &reasons, served.signature())?), &id))
}

/// The rows as a table, where reasons are wanted and there can be some.
fn explained(app: &App, asked: &AskedRows, served: &Arc<dyn Served>) -> Result<Option<Table>, ApiError> {
    if !asked.explain {
        return Ok(None);
    }
    if !served.explains() {
        return Err(explains_nothing());
    }
    let most = app.limits().explained;
    if asked.cells.first().map_or(0, Cells::len) > most {
        return Err(ApiError::bad(format!("reasons are given for {most} rows of a request at most")));
    }
    Ok(Some(cells::table(asked.cells.clone(), served.signature())?))
}

async fn read_rows(app: &App, lane: &Arc<Lane>, bytes: Bytes) -> Result<AskedRows, ApiError> {
    let Loaded::Rows(served) = lane.loaded().clone() else {
        return Err(ApiError::bad("the model takes tensors, not rows: ask it at `infer`"));
    };
    let limits = *app.limits();
    apart(bytes.len(), move || rows::read(&bytes, served.signature(), &limits)).await
}
