//! The addresses of the dashboard: one row each in [`ROUTES`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use minijinja::context;

use super::app::{Answer, Asked};
use super::refusal::Refusal;
use super::store::Summary;
use super::{App, guard, live, pages};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An address and what it gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    /// The path; `{id}` is the name of a run.
    pub(super) path: &'static str,
    /// What it gives.
    pub(super) handler: Handler,
}

/// What makes an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// From the program itself.
    Fixed(fn() -> Answer),
    /// From the runs together.
    OfAll(fn(&App, &Asked) -> Result<Answer, Refusal>),
    /// From one run.
    OfRun(fn(&App, &Asked, &Arc<Summary>) -> Result<Answer, Refusal>),
    /// Events of the list, as they come.
    LiveList,
    /// Events of one run, as they come.
    LiveRun,
}

use Handler::{Fixed, LiveList, LiveRun, OfAll, OfRun};

/// Every address.
pub(super) static ROUTES: [Route; 16] = [
    Route { path: "/", handler: OfAll(pages::runs::page) },
    Route { path: "/live", handler: LiveList },
    Route { path: "/compare", handler: OfAll(pages::compare::page) },
    Route { path: "/run/{id}", handler: OfRun(pages::overview::page) },
    Route { path: "/run/{id}/layers", handler: OfRun(pages::layers::page) },
    Route { path: "/run/{id}/verdicts", handler: OfRun(pages::sections::verdicts) },
    Route { path: "/run/{id}/data", handler: OfRun(pages::sections::data) },
    Route { path: "/run/{id}/predictions", handler: OfRun(pages::predictions::page) },
    Route { path: "/run/{id}/pictures", handler: OfRun(pages::sections::pictures) },
    Route { path: "/run/{id}/job", handler: OfRun(pages::sections::job) },
    Route { path: "/run/{id}/monitor", handler: OfRun(pages::monitor::page) },
    Route { path: "/run/{id}/series", handler: OfRun(pages::series::data) },
    Route { path: "/run/{id}/live", handler: LiveRun },
    Route { path: "/assets/dashboard.css", handler: Fixed(pages::assets::style) },
    Route { path: "/assets/dashboard.js", handler: Fixed(pages::assets::script) },
    Route { path: "/assets/icon.svg", handler: Fixed(pages::assets::icon) },
];

/// All addresses behind the guard.
pub(super) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, handler(route.handler));
    }
    router
        .fallback(get(|State(app): State<Arc<App>>| async move { refused(&app, &Refusal::NoPage) }))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), guard::pass))
        .with_state(app)
}

type GivenQuery = Result<Query<Vec<(String, String)>>, QueryRejection>;
type GivenPath = Result<Path<String>, PathRejection>;

fn handler(handler: Handler) -> MethodRouter<Arc<App>> {
    match handler {
        Fixed(make) => get(move || async move { given(make()) }),
        OfAll(make) => get(move |State(app): State<Arc<App>>, query: GivenQuery| async move {
            answer(app, move |app| make(app, &asked(query)?)).await
        }),
        OfRun(make) => {
            get(move |State(app): State<Arc<App>>, path: GivenPath, query: GivenQuery| async move {
                answer(app, move |app| make(app, &asked(query)?, &run(app, path)?)).await
            })
        }
        LiveList => get(|State(app): State<Arc<App>>| async move { live::list(app) }),
        LiveRun => get(|State(app): State<Arc<App>>, path: GivenPath| async move {
            let found = tokio::task::spawn_blocking({
                let app = Arc::clone(&app);
                move || run(&app, path)
            });
            match found.await {
                Ok(Ok(run)) => live::run(app, &run),
                Ok(Err(refusal)) => plain_refusal(&refusal),
                Err(_) => plain_refusal(&Refusal::Broken),
            }
        }),
    }
}

fn asked(query: GivenQuery) -> Result<Asked, Refusal> {
    let Query(pairs) = query.ok().ok_or(Refusal::BadQuery)?;
    Ok(Asked(pairs))
}

fn run(app: &App, path: GivenPath) -> Result<Arc<Summary>, Refusal> {
    let Ok(Path(id)) = path else { return Err(Refusal::NoPage) };
    app.store.run(&id).ok_or(Refusal::NoRun(id))
}

/// Makes the answer in a thread that may wait for files. A panic there is a fault of that answer alone.
async fn answer(
    app: Arc<App>,
    make: impl FnOnce(&App) -> Result<Answer, Refusal> + Send + 'static,
) -> Response {
    let shared = Arc::clone(&app);
    let made = tokio::task::spawn_blocking(move || make(&shared));
    match tokio::time::timeout(PATIENCE, made).await {
        Ok(Ok(Ok(answer))) => given(answer),
        Ok(Ok(Err(refusal))) => refused(&app, &refusal),
        Ok(Err(_)) => refused(&app, &Refusal::Broken),
        Err(_) => refused(&app, &Refusal::TooSlow),
    }
}

fn given(answer: Answer) -> Response {
    match answer {
        Answer::Page(text) => response("text/html; charset=utf-8", text),
        Answer::Json(value) => response("application/json", value.to_string()),
        Answer::Asset { kind, text } => response(kind, text),
    }
}

fn response(kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A refusal as a page, with the way back.
fn refused(app: &App, refusal: &Refusal) -> Response {
    let context = context! {
        frame => pages::frame("Not found", None),
        sentence => refusal.sentence(),
        hint => refusal.hint(),
        status => refusal.status().as_u16(),
    };
    match app.page("refusal.html", context).map(given) {
        Ok(mut response) => {
            *response.status_mut() = refusal.status();
            response
        }
        Err(_) => plain_refusal(refusal),
    }
}

/// A refusal as two lines.
pub(super) fn plain_refusal(refusal: &Refusal) -> Response {
    let text = format!("error: {}\nhint: {}\n", refusal.sentence(), refusal.hint());
    let mut response = response("text/plain; charset=utf-8", text);
    *response.status_mut() = refusal.status();
    let more = match refusal {
        Refusal::Busy => Some((header::RETRY_AFTER, "1")),
        Refusal::WrongMethod => Some((header::ALLOW, "GET, HEAD")),
        Refusal::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer")),
        _ => None,
    };
    if let Some((name, value)) = more {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
