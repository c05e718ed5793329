//! `plumb serve`: bundles on the one side, the server of `plumb-serve` on the other.
//!
//! A bundle becomes a [`model::BundleModel`], which answers by the bundle's ONNX file on the embedded runtime, and where it reads pictures or texts a
//! [`network::BundleNetwork`] beside it. [`fleet`] knows where each came from, and looks whether another one is to take its place.

mod fleet;
mod log;
mod model;
mod network;
mod place;
mod reasons;
mod traces;

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumb_ledger::clock::Clock as _;
use plumb_serve::access::{Hosts, Token};
use plumb_serve::observe::Observer;
use plumb_serve::{App, Limits, Log, Settings, Share, Telling, Tls, Turns};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

pub(crate) use fleet::Wishes;
pub(crate) use log::event;
pub(crate) use place::Place;

use fleet::Fleet;
use traces::Traces;

use crate::clock::SystemClock;
use crate::console;
use crate::fault::Fault;

/// How often it is looked whether a reference points elsewhere, or a certificate is another.
const LOOK: Duration = Duration::from_secs(1);
/// Threads that decode pictures and read long bodies.
const APART: usize = 8;

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Serving {
    /// Where the bundles are.
    pub(crate) places: Vec<Place>,
    /// One that may take a champion's place, and what it gets of the traffic.
    pub(crate) challenger: Option<(Place, Share)>,
    /// How requests become batches, as far as it is said.
    pub(crate) batching: Wishes,
    /// The limits.
    pub(crate) limits: Limits,
    /// The names under which the server may be asked.
    pub(crate) hosts: Hosts,
    /// The token.
    pub(crate) token: Option<Token>,
    /// Requests a second of a client.
    pub(crate) rate: Option<f64>,
    /// Whether clients may load and unload.
    pub(crate) allows_control: bool,
    /// Certificate and key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Whether each request is logged.
    pub(crate) logs_requests: bool,
    /// Where a span of each request is sent.
    pub(crate) traces: Option<String>,
}

/// Who is told of answers.
pub(crate) type Told = Option<Arc<dyn Observer>>;

/// Serves until a signal.
pub(crate) fn serve(listener: TcpListener, serving: Serving, observer: Told) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::failed(format!("cannot serve ({error})"));
    let address = listener.local_addr().map_err(failed)?;
    let tls = serving.tls.as_ref().map(|files| Ok::<_, Fault>(Arc::new(certificate(files)?))).transpose()?;
    let traces = serving.traces.as_deref().map(Traces::start).transpose()?;
    let mut logs: Vec<Arc<dyn Log>> = Vec::new();
    if serving.logs_requests {
        logs.push(Arc::new(log::Lines));
    }
    logs.extend(traces.clone().map(|traces| traces as Arc<dyn Log>));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let app = App::new(Settings {
        limits: serving.limits,
        hosts: serving.hosts,
        token: serving.token,
        rate: serving.rate,
        allows_control: serving.allows_control,
        is_https: tls.is_some(),
        started_unix_ms: SystemClock::start().unix_ms(),
        observer: observer.clone(),
        logs,
    });
    let turns = Arc::new(Turns::new(serving.batching.threads()));
    let telling = Telling { observer, unix_ms: || SystemClock::start().unix_ms(), turns };
    raise_descriptors();
    let runtime = async_runtime().map_err(failed)?;
    // Who asks whether the server lives is answered while models are loaded.
    let answering = runtime.spawn(plumb_serve::serve(listener, Arc::clone(&app), tls.clone(), signal()));
    let fleet = Fleet::new(serving.places, serving.challenger, serving.batching, telling);
    let fleet = Arc::new(Mutex::new(fleet));
    Fleet::load_all(&fleet, &app)?;
    app.hub.set_open(true);
    console::result(format_args!("{scheme}://{address}"))?;
    let watched = Watched { fleet, app: Arc::clone(&app), tls: tls.zip(serving.tls) };
    std::thread::spawn(move || watched.watch());
    let ended = runtime.block_on(answering).map_err(|_panic| Fault::failed("the server gave up"))?;
    let in_time = ended.map_err(failed)?;
    log::event("ended", json!({"in_time": in_time}));
    if let Some(traces) = traces {
        traces.end();
    }
    // Threads that still compute for somebody who has gone are not waited for.
    runtime.shutdown_background();
    Ok(())
}

/// Open files at most, where the system allows as many: each connection is one, and the usual 1,024 are fewer than connections may be.
const DESCRIPTORS: u64 = 1 << 16;

fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
    if current.is_some_and(|current| current < wanted) {
        // Where that is refused, connections beyond it wait until others have ended.
        let _raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok();
    }
}

fn async_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).max_blocking_threads(APART).thread_name("http").enable_all().build()
}

/// Ready at Ctrl-C or SIGTERM.
async fn signal() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Ok(mut terminate) = terminate else { return std::future::pending().await };
    let name = tokio::select! {
        _ = tokio::signal::ctrl_c() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    };
    log::event("ending", json!({"signal": name}));
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path)
        .map_err(|error| Fault::usage(format!("cannot read the file ({error}): {}", path.display())))
}

fn certificate((certificate, key): &(PathBuf, PathBuf)) -> Result<Tls, Fault> {
    Tls::new(&read(certificate)?, &read(key)?).map_err(|error| {
        Fault::usage(format!("{error}: {}", certificate.display())).hint("both files are PEM")
    })
}

/// What is looked at while the server runs.
struct Watched {
    fleet: Arc<Mutex<Fleet>>,
    app: Arc<App>,
    tls: Option<(Arc<Tls>, (PathBuf, PathBuf))>,
}

impl Watched {
    fn watch(self) {
        let mut shown = self.tls.as_ref().map(|(_, files)| stamp(files));
        loop {
            std::thread::sleep(LOOK);
            Fleet::look(&self.fleet, &self.app);
            if let (Some((tls, files)), Some(shown)) = (&self.tls, &mut shown) {
                let now = stamp(files);
                if now != *shown {
                    *shown = now;
                    replace(tls, files);
                }
            }
        }
    }
}

/// What changes with either file: which it is, and when it was written last.
fn stamp((certificate, key): &(PathBuf, PathBuf)) -> [Option<[i64; 3]>; 2] {
    let of = |about: std::fs::Metadata| [about.ino().cast_signed(), about.mtime(), about.mtime_nsec()];
    [certificate, key].map(|path| std::fs::metadata(path).ok().map(of))
}

fn replace(tls: &Tls, files: &(PathBuf, PathBuf)) {
    let files_read = read(&files.0).and_then(|certificate| Ok((certificate, read(&files.1)?)));
    let replaced = files_read
        .map_err(|fault| fault.message().to_owned())
        .and_then(|(certificate, key)| tls.replace(&certificate, &key).map_err(|error| error.to_string()));
    match replaced {
        Ok(()) => log::event("certificate", json!({"replaced": true})),
        Err(why) => log::event("certificate", json!({"replaced": false, "error": why})),
    }
}
