//! The addresses of the server: one row each in [`ROUTES`].

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};

use super::{about, guard, infer, page, repository};
use crate::hub::is_name;
use crate::{ApiError, App, ErrorKind, grpc};

/// What answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handler {
    /// What the server is.
    Server,
    /// Whether it lives.
    Live,
    /// Whether it is ready.
    Ready,
    /// What a model takes and gives.
    Model,
    /// Whether a model is ready.
    ModelReady,
    /// Tensors in, tensors out.
    Infer,
    /// Rows in, predictions out.
    Rows,
    /// The names of models.
    Index,
    /// Loads a model.
    Load,
    /// Lets go of a model.
    Unload,
    /// The figures for Prometheus.
    Metrics,
    /// The description of the addresses.
    OpenApi,
    /// The page for people.
    Page,
    /// Its script.
    Script,
    /// Its style.
    Style,
}

/// An address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    /// `GET` or `POST`.
    pub(super) is_post: bool,
    /// Its path; `{model}` and `{version}` are names.
    pub(super) path: &'static str,
    /// What answers.
    pub(super) handler: Handler,
    /// What it is for.
    pub(super) words: &'static str,
}

const fn read(path: &'static str, handler: Handler, words: &'static str) -> Route {
    Route { is_post: false, path, handler, words }
}

const fn ask(path: &'static str, handler: Handler, words: &'static str) -> Route {
    Route { is_post: true, path, handler, words }
}

/// Every address.
pub(super) static ROUTES: [Route; 19] = [
    read("/v2", Handler::Server, "What the server is and which extensions it has"),
    read("/v2/health/live", Handler::Live, "Whether the server lives"),
    read("/v2/health/ready", Handler::Ready, "Whether every model can be asked"),
    read("/v2/models/{model}", Handler::Model, "What a model takes in and gives back"),
    read("/v2/models/{model}/versions/{version}", Handler::Model, "What a version takes in and gives back"),
    read("/v2/models/{model}/ready", Handler::ModelReady, "Whether a model can be asked"),
    read(
        "/v2/models/{model}/versions/{version}/ready",
        Handler::ModelReady,
        "Whether a version can be asked",
    ),
    ask("/v2/models/{model}/infer", Handler::Infer, "Tensors in, tensors out"),
    ask(
        "/v2/models/{model}/versions/{version}/infer",
        Handler::Infer,
        "Tensors in, tensors out, by a version",
    ),
    ask("/v2/models/{model}/rows", Handler::Rows, "Rows in, a prediction for each out"),
    ask("/v2/models/{model}/versions/{version}/rows", Handler::Rows, "Rows in, predictions of a version out"),
    ask("/v2/repository/index", Handler::Index, "The models and whether they are loaded"),
    ask("/v2/repository/models/{model}/load", Handler::Load, "Loads a model that was unloaded"),
    ask("/v2/repository/models/{model}/unload", Handler::Unload, "Lets go of a model"),
    read("/metrics", Handler::Metrics, "Figures in the text format of Prometheus"),
    read("/openapi.json", Handler::OpenApi, "This description"),
    read("/", Handler::Page, "A page to try a model by hand"),
    read("/try.js", Handler::Script, "The script of the page"),
    read("/try.css", Handler::Style, "The style of the page"),
];

/// The addresses that answer without a token: whoever starts the server must see whether it lives.
const OPEN: [&str; 3] = ["/v2/health/live", "/v2/health/ready", grpc::HEALTH];

/// Whether an address answers without a token.
pub(super) fn is_open(path: &str) -> bool {
    OPEN.contains(&path)
}

/// Names that an address holds, as a client wrote them, percent signs read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// The model.
    pub(super) model: String,
    /// The version.
    pub(super) version: Option<String>,
}

/// All addresses behind the guard, and those of gRPC.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router: Router<Arc<App>> = Router::new();
    for route in &ROUTES {
        router = router.route(route.path, method_router(route));
    }
    grpc::add(router, &app)
        .fallback(|| async { refused(&ApiError::plain(ErrorKind::NotFound)) })
        .method_not_allowed_fallback(|| async { refused(&ApiError::plain(ErrorKind::WrongMethod)) })
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), guard::pass))
        .with_state(app)
}

fn method_router(route: &'static Route) -> MethodRouter<Arc<App>> {
    let filter = if route.is_post { MethodFilter::POST } else { MethodFilter::GET };
    on(
        filter,
        move |State(app): State<Arc<App>>,
              path: Result<RawPathParams, RawPathParamsRejection>,
              request: Request| async move {
            match answer(&app, route.handler, path, request).await {
                Ok(response) => response,
                Err(error) => refused(&error),
            }
        },
    )
}

async fn answer(
    app: &Arc<App>,
    handler: Handler,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let named = named(path, app.limits().name)?;
    match handler {
        Handler::Server => Ok(about::server()),
        Handler::Live => Ok(about::health("live", true)),
        Handler::Ready => Ok(about::health("ready", app.hub.is_ready())),
        Handler::Model => about::model(app, &named),
        Handler::ModelReady => about::model_ready(app, &named),
        Handler::Infer => infer::tensors(app, &named, request).await,
        Handler::Rows => infer::rows(app, &named, request).await,
        Handler::Index => repository::index(app, request).await,
        Handler::Load => repository::load(app, &named, request).await,
        Handler::Unload => repository::unload(app, &named, request).await,
        Handler::Metrics => Ok(about::metrics(app)),
        Handler::OpenApi => Ok(about::openapi(app)),
        Handler::Page => Ok(page::page(app)),
        Handler::Script => Ok(page::script()),
        Handler::Style => Ok(page::style()),
    }
}

/// What cannot be the name of a model is the name of none.
fn named(path: Result<RawPathParams, RawPathParamsRejection>, most: usize) -> Result<Named, ApiError> {
    let unknown = || ApiError::plain(ErrorKind::NotFound);
    let path = path.map_err(|_no_text| unknown())?;
    let mut named = Named::default();
    for (key, value) in &path {
        if !is_name(value, most) {
            return Err(unknown());
        }
        match key {
            "model" => value.clone_into(&mut named.model),
            _ => named.version = Some(value.to_owned()),
        }
    }
    Ok(named)
}

/// An answer of a media type.
pub(super) fn response(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer in JSON.
pub(super) fn said(value: &Value) -> Response {
    response("application/json", value.to_string())
}

/// An error in the protocol's form.
pub(super) fn refused(error: &ApiError) -> Response {
    let mut response = said(&json!({"error": error.message}));
    *response.status_mut() =
        StatusCode::from_u16(error.kind.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let more: &[(HeaderName, &'static str)] = match error.kind {
        ErrorKind::Unavailable | ErrorKind::TooMany => &[(header::RETRY_AFTER, "1")],
        ErrorKind::NoToken => &[(header::WWW_AUTHENTICATE, "Bearer, Basic realm=\"plumb\"")],
        // What is left of the body is not read.
        ErrorKind::TooLarge | ErrorKind::SlowBody => &[(header::CONNECTION, "close")],
        _ => &[],
    };
    for (name, value) in more {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
