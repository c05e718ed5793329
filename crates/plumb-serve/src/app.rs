//! What every request shares: the models, who may ask, what is counted, and the way from a request to its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{SemaphorePermit, oneshot};

use crate::access::{Hosts, Token};
use crate::explain::Desk;
use crate::held::{Budget, Held};
use crate::hub::Chosen;
use crate::lane::{Job, Outcome, Payload};
use crate::observe::{Observer, Role};
use crate::rate::RateLimit;
use crate::stats::ServerStats;
use crate::{ApiError, ErrorKind, Hub, Lane, Limits, Loaded};

/// What an operator settles.
pub struct Settings {
    /// The limits.
    pub limits: Limits,
    /// The names under which the server may be asked.
    pub hosts: Hosts,
    /// The token that clients must know; none lets everybody in.
    pub token: Option<Token>,
    /// Requests a second of one client; none for any.
    pub rate: Option<f64>,
    /// Whether clients may load and unload models.
    pub allows_control: bool,
    /// Whether connections are encrypted, so that pages are of `https`.
    pub is_https: bool,
    /// Milliseconds since 1970-01-01 UTC at the start: what ids of requests begin with.
    pub started_unix_ms: u64,
    /// Who is told of answers, for what it counts; none where nobody is.
    pub observer: Option<Arc<dyn Observer>>,
    /// Take a line for each request; none for no such log.
    pub logs: Vec<Arc<dyn Log>>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Takes lines about requests.
pub trait Log: Send + Sync {
    /// A request was answered. A call must return at once.
    fn request(&self, line: &Line<'_>);
}

/// What is logged of a request. Nothing of what it carries.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// The path of the table of routes; `-` for one that is not in it.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub time: Duration,
    /// The `traceparent` of W3C's Trace Context that the client sent: which of its doings the request is part of.
    pub parent: Option<&'a str>,
}

/// Bytes of a body that is read without a place: a few packets, which have mostly come with the head.
const SMALL: usize = 16 << 10;

/// A server without its sockets.
#[derive(Debug)]
pub struct App {
    /// The models.
    pub hub: Hub,
    /// What an operator settled.
    pub(crate) settings: Settings,
    pub(crate) stats: ServerStats,
    pub(crate) budget: Arc<Budget>,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) desk: Desk,
    requests: AtomicU64,
}

impl App {
    /// A server without models, that is not open yet.
    pub fn new(settings: Settings) -> Arc<Self> {
        let budget = Budget::new(settings.limits.held);
        let rate = settings.rate.map(RateLimit::new);
        let (hub, stats) = (Hub::default(), ServerStats::default());
        let (desk, requests) = (Desk::new(), AtomicU64::new(0));
        Arc::new(Self { hub, settings, stats, budget, rate, desk, requests })
    }

    /// The limits.
    pub(crate) fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The id of a request that has none: when the server started, and a number.
    pub(crate) fn new_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", self.settings.started_unix_ms)
    }

    /// A place before a model for a request with a body of so many bytes, which waits a little for it. Asked before the body is read: under overload a
    /// refusal must cost next to nothing. A small body costs less than to wait twice, and finds its place in the queue itself.
    pub(crate) async fn place<'a>(
        &self,
        lane: &'a Lane,
        body: Option<usize>,
    ) -> Result<Option<SemaphorePermit<'a>>, ApiError> {
        if body.is_some_and(|bytes| bytes <= SMALL) {
            return Ok(None);
        }
        if let Ok(place) = lane.places().try_acquire() {
            return Ok(Some(place));
        }
        let waiting = tokio::time::timeout(self.limits().room, lane.places().acquire());
        waiting.await.ok().and_then(Result::ok).map(Some).ok_or_else(|| lane.refusal())
    }

    /// Asks a model, in the time that a request has.
    pub(crate) async fn ask(
        &self,
        chosen: &Chosen,
        mut payload: Payload,
        id: &str,
        (mut held, patience): (Held, Option<Duration>),
    ) -> Result<Outcome, ApiError> {
        let patience = patience.map_or(self.limits().request, |asked| asked.min(self.limits().request));
        let now = tokio::time::Instant::now();
        let (place_by, deadline) = (now + self.limits().room, now + patience);
        if payload.has_files() {
            (payload, held) = decoded(payload, held, chosen).await?;
        }
        let held = Arc::new(held);
        shadow(chosen, &payload, id, (place_by, deadline), &held);
        let (reply, answer) = oneshot::channel();
        let (id, role, held) = (id.to_owned(), chosen.role, Some(held));
        chosen.lane.submit(Job { payload, id, role, place_by, deadline, reply: Some(reply), held })?;
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            // Dropped by the model's thread because its time was over.
            Ok(Err(_)) | Err(_) => Err(ApiError::plain(ErrorKind::TimedOut)),
        }
    }
}

/// Asks the challenger too, when it has time. Nobody waits for that.
fn shadow(
    chosen: &Chosen,
    payload: &Payload,
    id: &str,
    (place_by, deadline): (tokio::time::Instant, tokio::time::Instant),
    held: &Arc<Held>,
) {
    let Some(lane) = chosen.shadow.as_ref().filter(|lane| !lane.is_busy()) else { return };
    if lane.inputs() != chosen.lane.inputs() {
        return;
    }
    let (payload, id, held) = (payload.clone(), id.to_owned(), Some(Arc::clone(held)));
    let job = Job { payload, id, role: Role::Shadow, place_by, deadline, reply: None, held };
    // A comparison that finds no place is counted there, and missed by nobody.
    let _compared = lane.submit(job).is_ok();
}

/// Decodes pictures in a thread that may take its time; how many there are is the runtime's limit.
async fn decoded(mut payload: Payload, mut held: Held, chosen: &Chosen) -> Result<(Payload, Held), ApiError> {
    let loaded = chosen.lane.loaded().clone();
    let decoding = tokio::task::spawn_blocking(move || {
        if let (Payload::Rows(cells), Loaded::Rows(served)) = (&mut payload, &loaded) {
            for (cells, input) in cells.iter_mut().zip(&served.signature().inputs) {
                held.more(cells.decode(&input.name)?)?;
            }
        }
        Ok((payload, held))
    });
    decoding.await.unwrap_or_else(|_panic| Err(ApiError::plain(ErrorKind::Failed)))
}
