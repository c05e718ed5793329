//! Server-sent events: what is new in the list, or in one run.
//!
//! The files are looked at twice a second for as long as somebody listens. A listener that was away too long, or whose
//! run was cut back, is told to load anew instead of being sent what it missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use futures_util::stream;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use super::pages::verdict_news::Verdicts;
use super::refusal::Refusal;
use super::routes::plain_refusal;
use super::store::{OpenRun, Summary};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// Looks without news after which a comment tells that the connection stands.
const QUIET: u32 = 20;

/// The events of the list of runs: `changed`.
pub(super) fn list(app: Arc<App>) -> Response {
    let mut known = None;
    watched(app, move |app| {
        let runs = app.store.runs_lately();
        let before = known.replace(Arc::clone(&runs));
        let same = before.is_none_or(|before| Arc::ptr_eq(&before, &runs));
        if same { Vec::new() } else { vec![("changed", json!({ "runs": runs.len() }))] }
    })
}

/// The events of a run: `points`, `verdicts`, `state`, `reading` and `reload`.
pub(super) fn run(app: Arc<App>, run: &Arc<Summary>) -> Response {
    let mut watch = RunWatch {
        open: app.store.open(run),
        id: run.id.clone(),
        seen: None,
        generation: 0,
        state: None,
        verdicts: Verdicts::of(run),
        reading: false,
    };
    watched(app, move |app| watch.news(app))
}

struct RunWatch {
    open: Arc<OpenRun>,
    id: String,
    /// Events of the history that were sent or that the page was made from.
    seen: Option<u64>,
    generation: u64,
    state: Option<&'static str>,
    verdicts: Verdicts,
    reading: bool,
}

type News = Vec<(&'static str, serde_json::Value)>;

impl RunWatch {
    fn news(&mut self, app: &App) -> News {
        let mut news = News::new();
        let Some(run) = app.store.look_at(&self.id) else { return news };
        let whole = self.open.catch_up(LOOK);
        self.history(whole, &mut news);
        let state = run.state.as_str();
        if self.state.replace(state).is_some_and(|before| before != state) {
            news.push(("state", json!({ "state": state })));
        }
        news.extend(self.verdicts.news(&run).map(|verdicts| ("verdicts", verdicts)));
        news
    }

    fn history(&mut self, whole: bool, news: &mut News) {
        let curves = self.open.curves();
        if !whole {
            let (read, all) = curves.progress();
            self.reading = true;
            news.push(("reading", json!({ "read": read, "all": all })));
            return;
        }
        let before = self.seen.replace(curves.events());
        let cut_back = curves.generation != self.generation;
        self.generation = curves.generation;
        // The page was made a moment before the first look: what came between the two is loaded.
        let Some(before) = before.filter(|_| !std::mem::take(&mut self.reading) && !cut_back) else {
            news.push(("reload", json!({})));
            return;
        };
        if before < curves.events() {
            news.push(curves.since(before).map_or(("reload", json!({})), |points| ("points", points)));
        }
    }
}

/// Runs `look` again and again and sends what it finds.
fn watched(app: Arc<App>, look: impl FnMut(&App) -> News + Send + 'static) -> Response {
    let Ok(place) = Arc::clone(&app.streams).try_acquire_owned() else {
        return plain_refusal(&Refusal::Busy);
    };
    let stream =
        stream::unfold(Stream { app, look, first: true, quiet: 0, _place: place }, |mut stream| async move {
            let bytes = loop {
                if !std::mem::take(&mut stream.first) {
                    tokio::time::sleep(LOOK).await;
                }
                // A look that panicked ends the stream; the browser opens it again.
                let (back, news) = tokio::task::spawn_blocking(move || {
                    let news = (stream.look)(&stream.app);
                    (stream, news)
                })
                .await
                .ok()?;
                stream = back;
                if !news.is_empty() {
                    stream.quiet = 0;
                    break framed(&news);
                }
                stream.quiet += 1;
                if stream.quiet >= QUIET {
                    stream.quiet = 0;
                    break Bytes::from_static(b": still here\n\n");
                }
            };
            Some((Ok::<_, Infallible>(bytes), stream))
        });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

struct Stream<F> {
    app: Arc<App>,
    look: F,
    first: bool,
    quiet: u32,
    _place: OwnedSemaphorePermit,
}

/// JSON has no line ends of its own, so each event is two lines.
fn framed(news: &News) -> Bytes {
    let lines: Vec<String> =
        news.iter().map(|(event, data)| format!("event: {event}\ndata: {data}\n\n")).collect();
    lines.concat().into()
}
