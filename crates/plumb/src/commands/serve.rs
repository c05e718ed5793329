//! `plumb serve BUNDLE...`: models over the Open Inference Protocol, and rows as people have them.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plumb_ledger::ExitCode;
use plumb_serve::access::Hosts;
use plumb_serve::monitor::{LogSettings, Recorder};
use plumb_serve::observe::Observer;
use plumb_serve::{Limits, Share};
use serde_json::json;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::predictors::Runtime;
use crate::registry;
use crate::serving::{self, Place, Serving, Wishes, serve};
use crate::token_file;

/// For the log to write what it holds, at the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serve models over HTTP and gRPC
///
/// Clients of the Open Inference Protocol (version 2) send tensors to `/v2/models/NAME/infer`, over HTTP as JSON or binary, or over gRPC on the same port; anybody sends rows as they are to `/v2/models/NAME/rows`: `{"rows": [{"age": 39, "work": "private"}]}`. The page at `/` tries a model by hand, `/openapi.json` describes the addresses, `/metrics` is for Prometheus. A bundle is verified before it is loaded; a reference of a registry is looked at each second, and what it points at then takes over without a lost request. SIGTERM lets what is in flight end.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb serve adult.plumb\n  plumb serve adult@champion --challenger adult@challenger --canary 5\n  \
                  plumb serve adult@champion --challenger adult@challenger --shadow --key key.pub\n  \
                  plumb serve adult@champion --log served\n  \
                  plumb serve adult.plumb --listen 0.0.0.0:8000 --token-file token --host models.example --tls-cert cert.pem --tls-key key.pem\n  \
                  curl -d '{\"rows\": [{\"age\": 39, \"work\": \"private\"}]}' http://127.0.0.1:8000/v2/models/adult/rows\n  \
                  plumb verify adult.plumb --endpoint http://127.0.0.1:8000/v2/models/adult"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Args {
    /// A folder, a file `NAME.plumb`, or a version in a registry: `NAME`, `NAME:3`, `NAME@champion`
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<String>,
    /// Where to listen; an address other than this machine's own wants a token
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// A file with the token that clients must send as a bearer
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let everybody ask who can reach the address
    #[arg(long, conflicts_with = "token_file")]
    insecure_no_auth: bool,
    /// A name under which the server may be asked, beside localhost and addresses in figures
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The certificate in PEM, with those that vouch for it behind it; read again when it changes
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The public key that every bundle's signature must be of
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    /// The folder of the registry
    #[arg(long, value_name = "DIR")]
    registry: Option<PathBuf>,
    /// A bundle that may take the place of the model of its name
    #[arg(long, value_name = "BUNDLE")]
    challenger: Option<String>,
    /// Percent of the requests that the challenger answers, chosen by their ids
    #[arg(long, value_name = "PERCENT", requires = "challenger", default_value_t = 0.0)]
    canary: f64,
    /// Ask the challenger too, without telling anybody its answers
    #[arg(long, requires = "challenger")]
    shadow: bool,
    /// Rows that are computed together at most: 256 of columns alone, 1 of texts, 8 of pictures
    #[arg(long, value_name = "ROWS")]
    max_batch: Option<usize>,
    /// Milliseconds that a request waits for others when the model is idle
    #[arg(long, value_name = "MS", default_value_t = 0)]
    max_delay: u64,
    /// Requests that wait for a model; more are told to come again
    #[arg(long, value_name = "REQUESTS", default_value_t = Limits::DEFAULT.queue)]
    queue: usize,
    /// Threads of a model of pictures or texts: as many as there are processors
    #[arg(long, value_name = "THREADS")]
    threads: Option<usize>,
    /// What runs the bundles' ONNX files
    #[arg(long, value_enum, default_value_t)]
    runtime: Runtime,
    /// Requests a second of one client
    #[arg(long, value_name = "REQUESTS")]
    rate_limit: Option<f64>,
    /// Mebibytes of a request's body, after decompression too
    #[arg(long, value_name = "MIB", default_value_t = Limits::DEFAULT.body >> 20)]
    max_body: usize,
    /// Seconds that a request has, waiting included
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::DEFAULT.request.as_secs())]
    timeout: u64,
    /// Connections at once
    #[arg(long, value_name = "CONNECTIONS", default_value_t = Limits::DEFAULT.connections)]
    max_connections: usize,
    /// Let clients load and unload the models that are named here
    #[arg(long)]
    model_control: bool,
    /// Keep what was served, for `plumb monitor`: rows with their answers in this folder, pictures and texts as the network sees them last
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// The share of rows that is kept; a row is in or out by its id alone
    #[arg(long, value_name = "SHARE", requires = "log", default_value_t = 1.0)]
    log_share: f64,
    /// Mebibytes of the log; the oldest rows go
    #[arg(long, value_name = "MIB", requires = "log", default_value_t = 1024)]
    log_size: u64,
    /// Send a span of each request to a collector of OpenTelemetry (OTLP over HTTP), such as http://127.0.0.1:4318; in a build with the feature `opentelemetry`
    #[arg(long, value_name = "URL")]
    traces: Option<String>,
    /// Log a line for each request, without what it carries
    #[arg(long)]
    access_log: bool,
}

impl Args {
    fn check(&self) -> Result<(), Fault> {
        if !self.listen.ip().is_loopback() && self.token_file.is_none() && !self.insecure_no_auth {
            let message = format!("others could ask the models without a token: {}", self.listen);
            return Err(Fault::usage(message).hint(
                "add `--token-file FILE`; `--insecure-no-auth` lets everybody in who can reach the address",
            ));
        }
        if !(0.0..=100.0).contains(&self.canary) {
            return Err(Fault::usage(format!("`--canary` is a percentage: {}", self.canary))
                .hint("write 5 for one request of twenty"));
        }
        if self.challenger.is_some() && self.canary <= 0.0 && !self.shadow {
            return Err(Fault::usage("the challenger would never be asked").hint(
                "`--canary 5` gives it five percent of the requests, `--shadow` asks it about the others too",
            ));
        }
        let counts =
            [Some(self.queue), Some(self.max_body), Some(self.max_connections), self.max_batch, self.threads];
        let is_none = counts.into_iter().flatten().any(|count| count == 0) || self.timeout == 0;
        if is_none || self.rate_limit.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
            return Err(
                Fault::usage("a limit of nothing lets no request through").hint("limits are 1 or more")
            );
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        let body = self.max_body.saturating_mul(1 << 20);
        Limits {
            body,
            held: Limits::DEFAULT.held.max(body.saturating_mul(4)),
            request: Duration::from_secs(self.timeout),
            connections: self.max_connections,
            queue: self.queue,
            ..Limits::DEFAULT
        }
    }

    fn recorder(&self) -> Result<Option<Arc<Recorder>>, Fault> {
        let Some(folder) = &self.log else { return Ok(None) };
        let total_bytes = self.log_size.saturating_mul(1 << 20);
        let settings = LogSettings { share: self.log_share, total_bytes, ..LogSettings::new(folder.clone()) };
        Ok(Some(Arc::new(Recorder::start(settings, Arc::new(SystemClock::start()))?)))
    }

    fn serving(&self) -> Result<Serving, Fault> {
        let registry = registry::Place::new(self.registry.as_deref(), false)?;
        let key = registry::key(self.key.as_deref())?;
        let place = |text: &String| Place::of(text, &registry, key.as_ref());
        let share = Share { canary: self.canary / 100.0, shadow: self.shadow };
        Ok(Serving {
            places: self.bundles.iter().map(place).collect::<Result<_, _>>()?,
            challenger: self
                .challenger
                .as_ref()
                .map(|text| Ok::<_, Fault>((place(text)?, share)))
                .transpose()?,
            batching: Wishes {
                rows: self.max_batch,
                delay: Duration::from_millis(self.max_delay),
                queue: self.queue,
                threads: self.threads,
                runtime: self.runtime,
            },
            limits: self.limits(),
            hosts: Hosts::new(&self.hosts),
            token: self.token_file.as_deref().map(token_file::read).transpose()?,
            rate: self.rate_limit,
            allows_control: self.model_control,
            tls: self.tls_cert.clone().zip(self.tls_key.clone()),
            logs_requests: self.access_log,
            traces: self.traces.clone(),
        })
    }
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    args.check()?;
    let serving = args.serving()?;
    let listener = TcpListener::bind(args.listen).map_err(|error| {
        Fault::failed(format!("cannot listen ({error}): {}", args.listen))
            .hint("`--listen 127.0.0.1:0` takes any free port")
    })?;
    let recorder = args.recorder()?;
    serve(listener, serving, recorder.clone().map(|recorder| recorder as Arc<dyn Observer>))?;
    if let Some(recorder) = recorder {
        end_log(&recorder);
    }
    Ok(ExitCode::Done)
}

/// Lets the log write what it holds.
fn end_log(recorder: &Recorder) {
    let in_time = recorder.close(PATIENCE);
    let counts = recorder.counts();
    serving::event(
        "log",
        json!({"in_time": in_time, "written": counts.written, "dropped": counts.dropped, "failures": counts.failures, "error": counts.last_failure}),
    );
}
