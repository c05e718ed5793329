//! A span of each request for a collector of OpenTelemetry: OTLP over HTTP, through the project's own SDK and the client that Plumb has anyway.
//!
//! Spans wait in a bounded queue for a thread that sends them; what finds no room is dropped, and a collector that is away costs no request anything.

use crate::fault::Fault;

#[cfg(feature = "opentelemetry")]
pub(super) use with::Traces;
#[cfg(not(feature = "opentelemetry"))]
pub(super) use without::Traces;

#[cfg(feature = "opentelemetry")]
mod with {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use opentelemetry::propagation::TextMapPropagator as _;
    use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
    use opentelemetry::{Context, KeyValue};
    use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
    use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
    use plumb_ledger::clock::Clock as _;
    use plumb_serve::{Line, Log};

    use super::Fault;
    use crate::clock::SystemClock;
    use crate::outgoing;

    /// For one batch of spans.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// The address of traces below a collector's.
    const TRACES: &str = "/v1/traces";

    /// Where spans go.
    pub(in crate::serving) struct Traces {
        provider: SdkTracerProvider,
        tracer: SdkTracer,
        parents: TraceContextPropagator,
    }

    #[derive(Debug)]
    struct Client(ureq::Agent);

    impl Traces {
        /// Begins to send to the collector at an address, such as `http://127.0.0.1:4318`.
        pub(in crate::serving) fn start(collector: &str) -> Result<Arc<Self>, Fault> {
            let exporter = SpanExporter::builder()
                .with_http()
                .with_http_client(Client(outgoing::agent(Some(PATIENCE))))
                .with_endpoint(format!("{}{TRACES}", collector.trim_end_matches('/')))
                .build()
                .map_err(|error| {
                    Fault::usage(format!("no spans can be sent to {collector} ({error})"))
                        .hint("an address looks like `http://127.0.0.1:4318`")
                })?;
            let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
            let resource = Resource::builder().with_service_name("plumb").with_attribute(version).build();
            let provider =
                SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
            let (tracer, parents) = (provider.tracer("plumb"), TraceContextPropagator::new());
            Ok(Arc::new(Self { provider, tracer, parents }))
        }

        /// Sends what waits.
        pub(in crate::serving) fn end(&self) {
            // The server has ended: what its collector does not take is lost.
            let _sent = self.provider.shutdown_with_timeout(PATIENCE).is_ok();
        }
    }

    impl Log for Traces {
        fn request(&self, line: &Line<'_>) {
            let end = UNIX_EPOCH + Duration::from_millis(SystemClock::start().unix_ms());
            let parent =
                line.parent.map(|parent| HashMap::from([("traceparent".to_owned(), parent.to_owned())]));
            let parent = parent.map(|of| self.parents.extract(&of)).unwrap_or_default();
            // The names of the semantic conventions for HTTP servers.
            let span = self
                .tracer
                .span_builder(format!("{} {}", line.method, line.route))
                .with_kind(SpanKind::Server)
                .with_start_time(end.checked_sub(line.time).unwrap_or(end))
                .with_attributes([
                    KeyValue::new("http.request.method", line.method.to_owned()),
                    KeyValue::new("http.route", line.route.to_owned()),
                    KeyValue::new("http.response.status_code", i64::from(line.status)),
                ]);
            let mut span = self.tracer.build_with_context(span, &parent as &Context);
            if line.status >= 500 {
                span.set_status(Status::error(""));
            }
            span.end_with_timestamp(end);
        }
    }

    #[async_trait::async_trait]
    impl HttpClient for Client {
        async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
            // Called on the thread that sends, which may wait.
            let (head, body) = request.into_parts();
            let answer = self.0.run(ureq::http::Request::from_parts(head, body.to_vec()))?;
            let (head, mut body) = answer.into_parts();
            Ok(Response::from_parts(head, body.read_to_vec()?.into()))
        }
    }
}

#[cfg(not(feature = "opentelemetry"))]
mod without {
    use std::sync::Arc;

    use plumb_serve::{Line, Log};

    use super::Fault;

    /// Nothing, in a build without the feature.
    pub(in crate::serving) enum Traces {}

    impl Traces {
        /// A build without the feature cannot.
        pub(in crate::serving) fn start(_collector: &str) -> Result<Arc<Self>, Fault> {
            Err(Fault::usage("this build of plumb sends no spans")
                .hint("build it with `cargo build --release --features opentelemetry`"))
        }

        pub(in crate::serving) fn end(&self) {
            match *self {}
        }
    }

    impl Log for Traces {
        fn request(&self, _line: &Line<'_>) {
            match *self {}
        }
    }
}
