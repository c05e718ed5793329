//! What is counted of a model's requests, and how it is told to Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::ErrorKind;
use crate::observe::Figure;

/// The upper ends of the buckets of a latency, in seconds.
const BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// A distribution of times.
#[derive(Debug, Default)]
pub(crate) struct Times {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Times {
    /// Takes note of one.
    pub(crate) fn add(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        if let Some(at) = BUCKETS.iter().position(|end| seconds <= *end)
            && let Some(bucket) = self.buckets.get(at)
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The queue was full.
    Rejected,
    /// The client went away, or the time was over.
    Cancelled,
    /// The model failed.
    Backend,
    /// The request was at fault, or anything else.
    Other,
}

const FAILURES: [&str; 4] = ["rejected", "cancelled", "backend", "other"];

/// What is counted of one version of a model.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// Requests that were answered.
    pub(crate) requests: AtomicU64,
    /// Rows that were answered.
    pub(crate) inferences: AtomicU64,
    /// Times that the model was asked.
    pub(crate) executions: AtomicU64,
    /// Panics that were caught.
    pub(crate) panics: AtomicU64,
    /// Requests that wait or are worked at.
    pub(crate) pending: AtomicI64,
    failures: [AtomicU64; FAILURES.len()],
    /// From the queue to the answer.
    pub(crate) request_time: Times,
    /// In the queue.
    pub(crate) queue_time: Times,
    /// In the model, a batch each.
    pub(crate) compute_time: Times,
}

impl Stats {
    /// Takes note of a failure.
    pub(crate) fn failed(&self, failure: Failure) {
        if let Some(count) = self.failures.get(failure as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes note of an error that a client was told.
    pub(crate) fn refused(&self, kind: ErrorKind) {
        self.failed(match kind {
            ErrorKind::Unavailable => Failure::Rejected,
            ErrorKind::TimedOut => Failure::Cancelled,
            ErrorKind::Failed => Failure::Backend,
            _ => Failure::Other,
        });
    }
}

/// What is counted of the server as a whole.
#[derive(Debug, Default)]
pub(crate) struct ServerStats {
    /// Answers by the first digit of their status.
    pub(crate) answers: [AtomicU64; 6],
    /// Connections that are open.
    pub(crate) connections: AtomicI64,
    /// Connections that were closed at once because there was no place for them.
    pub(crate) turned_away: AtomicU64,
}

/// The figures of one version: its name, its version, what was counted.
pub(crate) type Counted<'a> = (&'a str, &'a str, &'a Stats);

/// A counter or gauge: its name, its type, what it is, its value.
type OfModel = (&'static str, &'static str, &'static str, fn(&Stats) -> i64);

const FIGURES: [OfModel; 5] = [
    ("plumb_requests_total", "counter", "Requests answered", |of| read(&of.requests)),
    ("plumb_inferences_total", "counter", "Rows answered", |of| read(&of.inferences)),
    ("plumb_executions_total", "counter", "Batches computed", |of| read(&of.executions)),
    ("plumb_panics_total", "counter", "Panics of a model that were caught", |of| read(&of.panics)),
    ("plumb_pending_requests", "gauge", "Requests that wait or are computed", |of| {
        of.pending.load(Ordering::Relaxed)
    }),
];

/// A distribution: its name, what it is, its values.
type Distribution = (&'static str, &'static str, fn(&Stats) -> &Times);

const DISTRIBUTIONS: [Distribution; 3] = [
    ("plumb_request_duration_seconds", "From the queue to the answer", |of| &of.request_time),
    ("plumb_queue_duration_seconds", "Waiting in the queue", |of| &of.queue_time),
    ("plumb_compute_duration_seconds", "Computing a batch", |of| &of.compute_time),
];

fn read(counter: &AtomicU64) -> i64 {
    i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
}

/// The figures in the text format of Prometheus. Writing to a text cannot fail, so that errors are let go.
pub(crate) fn prometheus(server: &ServerStats, models: &[Counted<'_>], observed: &[Figure]) -> String {
    let mut text = String::new();
    let written = write_all(&mut text, server, models).and_then(|()| write_observed(&mut text, observed));
    debug_assert!(written.is_ok(), "a text takes everything");
    text
}

fn write_all(text: &mut String, server: &ServerStats, models: &[Counted<'_>]) -> std::fmt::Result {
    for (name, kind, help, value) in FIGURES {
        write!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n")?;
        for (model, version, stats) in models {
            writeln!(text, "{name}{{{}}} {}", labels(model, version), value(stats))?;
        }
    }
    let name = "plumb_request_failures_total";
    write!(text, "# HELP {name} Requests without an answer, by reason.\n# TYPE {name} counter\n")?;
    for (model, version, stats) in models {
        for (reason, count) in FAILURES.iter().zip(&stats.failures) {
            writeln!(text, "{name}{{{},reason=\"{reason}\"}} {}", labels(model, version), read(count))?;
        }
    }
    for (name, help, times) in DISTRIBUTIONS {
        write!(text, "# HELP {name} {help}.\n# TYPE {name} histogram\n")?;
        for (model, version, stats) in models {
            write_times(text, name, &labels(model, version), times(stats))?;
        }
    }
    write_server(text, server)
}

fn write_times(text: &mut String, name: &str, labels: &str, times: &Times) -> std::fmt::Result {
    let mut below = 0;
    for (end, count) in BUCKETS.iter().zip(&times.buckets) {
        below += count.load(Ordering::Relaxed);
        writeln!(text, "{name}_bucket{{{labels},le=\"{end}\"}} {below}")?;
    }
    // A time that is being noted may stand in a bucket already.
    let count = times.count.load(Ordering::Relaxed).max(below);
    let seconds = Duration::from_nanos(times.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
    writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
    write!(text, "{name}_sum{{{labels}}} {seconds}\n{name}_count{{{labels}}} {count}\n")
}

fn write_server(text: &mut String, server: &ServerStats) -> std::fmt::Result {
    let name = "plumb_http_responses_total";
    write!(text, "# HELP {name} Answers by the class of their status.\n# TYPE {name} counter\n")?;
    for (class, count) in (1_u8..).zip(server.answers.iter().skip(1)) {
        writeln!(text, "{name}{{class=\"{class}xx\"}} {}", read(count))?;
    }
    let name = "plumb_connections";
    let open = server.connections.load(Ordering::Relaxed);
    write!(text, "# HELP {name} Open connections.\n# TYPE {name} gauge\n{name} {open}\n")?;
    let name = "plumb_connections_rejected_total";
    let away = read(&server.turned_away);
    write!(text, "# HELP {name} Connections without a place.\n# TYPE {name} counter\n{name} {away}\n")
}

fn write_observed(text: &mut String, figures: &[Figure]) -> std::fmt::Result {
    for Figure { name, help, value } in figures {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        write!(text, "# HELP plumb_{name} {help}.\n# TYPE plumb_{name} {kind}\nplumb_{name} {value}\n")?;
    }
    Ok(())
}

/// Names and versions are of letters that need no escape.
fn labels(model: &str, version: &str) -> String {
    format!("model=\"{model}\",version=\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_every_line_has_its_form() {
        let (server, stats) = (ServerStats::default(), Stats::default());
        stats.requests.fetch_add(3, Ordering::Relaxed);
        stats.failed(Failure::Rejected);
        for ms in [1, 5, 60, 20_000] {
            stats.request_time.add(Duration::from_millis(ms));
        }
        let text = prometheus(
            &server,
            &[("pens", "1", &stats)],
            &[Figure { name: "log_bytes", help: "Bytes", value: 7 }],
        );
        for line in [
            "# TYPE plumb_log_bytes gauge",
            "plumb_log_bytes 7",
            "plumb_requests_total{model=\"pens\",version=\"1\"} 3",
            "plumb_request_failures_total{model=\"pens\",version=\"1\",reason=\"rejected\"} 1",
            "plumb_request_duration_seconds_bucket{model=\"pens\",version=\"1\",le=\"0.005\"} 2",
            "plumb_request_duration_seconds_bucket{model=\"pens\",version=\"1\",le=\"10\"} 3",
            "plumb_request_duration_seconds_bucket{model=\"pens\",version=\"1\",le=\"+Inf\"} 4",
            "plumb_request_duration_seconds_sum{model=\"pens\",version=\"1\"} 20.066",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let is_well_formed = |line: &str| {
            line.starts_with("# HELP plumb_")
                || line.starts_with("# TYPE plumb_")
                || (line.starts_with("plumb_") && line.rsplit(' ').next().unwrap().parse::<f64>().is_ok())
        };
        assert!(text.ends_with('\n') && text.lines().all(is_well_formed));
    }
}
