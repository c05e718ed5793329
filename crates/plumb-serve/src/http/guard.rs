//! Who may ask, and what every answer says about itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use plumb_ledger::{Sha256, from_base64};

use super::body::header;
use super::routes::{is_open, refused};
use crate::{ApiError, App, ErrorKind, app::Line};

/// The address of the client, which the server puts beside each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// Whether a request is of gRPC, whose refusals have a form of their own.
fn is_grpc(headers: &HeaderMap) -> bool {
    header(headers, &header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/grpc"))
}

fn look(app: &App, request: &Request, route: &str) -> Result<(), ApiError> {
    let headers = request.headers();
    let settings = &app.settings;
    let of_uri = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let hosts = headers.get_all(header::HOST).iter().count();
    let host = header(headers, &header::HOST).or(of_uri).unwrap_or_default();
    if hosts > 1 || !settings.hosts.knows(host) || of_uri.is_some_and(|host| !settings.hosts.knows(host)) {
        return Err(ApiError::plain(ErrorKind::WrongHost));
    }
    if let Some(origin) = header(headers, &header::ORIGIN) {
        let scheme = if settings.is_https { "https://" } else { "http://" };
        if origin.strip_prefix(scheme) != Some(host) {
            return Err(ApiError::new(ErrorKind::Forbidden, "the request comes from a page of another host"));
        }
    }
    if is_open(route) {
        return Ok(());
    }
    check_token(app, headers)?;
    check_rate(app, request)
}

/// A token comes as a bearer's, or as the password that a browser asks a person for.
fn check_token(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(token) = &app.settings.token else { return Ok(()) };
    let given = header(headers, &header::AUTHORIZATION).unwrap_or_default();
    let (scheme, rest) = given.split_once(' ').unwrap_or((given, ""));
    let found = if scheme.eq_ignore_ascii_case("bearer") {
        Some(rest.trim().to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let pair = from_base64(rest.trim()).and_then(|pair| String::from_utf8(pair).ok());
        pair.and_then(|pair| pair.split_once(':').map(|(_, password)| password.to_owned()))
    } else {
        None
    };
    match found.filter(|found| token.is(found)) {
        Some(_) => Ok(()),
        None => Err(ApiError::plain(ErrorKind::NoToken)),
    }
}

fn check_rate(app: &App, request: &Request) -> Result<(), ApiError> {
    let Some(rate) = &app.rate else { return Ok(()) };
    // Whoever has the right token is known by it; others by their address.
    let client = match (&app.settings.token, header(request.headers(), &header::AUTHORIZATION)) {
        (Some(_), Some(given)) => Sha256::of(given.as_bytes()).as_str().to_owned(),
        _ => request
            .extensions()
            .get::<Client>()
            .map(|Client(address)| address.to_string())
            .unwrap_or_default(),
    };
    rate.take(&client, tokio::time::Instant::now()).map_err(|seconds| {
        ApiError::new(
            ErrorKind::TooMany,
            format!("more requests than one client may make; again in {seconds} s"),
        )
    })
}

/// Where the request stands in what its client does.
const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// Asks the guard, and writes on every answer what it may do.
pub(super) async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let (method, is_grpc) = (request.method().clone(), is_grpc(request.headers()));
    let logs = &app.settings.logs;
    let parent = (!logs.is_empty()).then(|| header(request.headers(), &TRACE).map(str::to_owned)).flatten();
    let is_first = request.version() < axum::http::Version::HTTP_2;
    let mut response = match look(&app, &request, &route) {
        Ok(()) => next.run(request).await,
        Err(error) if is_grpc => grpc_refusal(&error),
        Err(error) => refused(&error),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if is_first && app.hub.is_ending() {
        // The server is ending: the next request goes to another.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status();
    if let Some(count) = app.stats.answers.get(usize::from(status.as_u16() / 100)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    for log in logs {
        log.request(&Line {
            method: method.as_str(),
            route: &route,
            status: status.as_u16(),
            time: started.elapsed(),
            parent: parent.as_deref(),
        });
    }
    response
}

/// A refusal in the form of gRPC: the status of HTTP is always 200.
fn grpc_refusal(error: &ApiError) -> Response {
    let status = tonic::Status::new(error.kind.row().code, error.message.clone());
    let mut response = status.into_http::<Body>();
    *response.status_mut() = StatusCode::OK;
    response
}
