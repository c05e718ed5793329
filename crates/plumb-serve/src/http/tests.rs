//! Every address of the table, over a real socket: who is let in, what is refused, and what is answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::routes::{Handler, ROUTES, is_open};
use crate::access::{Hosts, Token};
use crate::error::ERRORS;
use crate::fixture::Pens;
use crate::{
    App, Batching, Entry, Lane, Limits, Loaded, ServeError, Settings, Source, Telling, Turns, serve,
};

const TOKEN: &str = "0123456789abcdef0123";

fn lane(version: &str, pause_ms: u64) -> Arc<Lane> {
    let batching = Batching { rows: 16, delay: Duration::ZERO, queue: 16, threads: 1 };
    let telling = Telling { observer: None, unix_ms: || 0, turns: Arc::new(Turns::new(2)) };
    Lane::start(Loaded::Rows(Arc::new(Pens::new(version, pause_ms))), batching, telling).unwrap()
}

#[derive(Debug)]
struct Drawer;

impl Source for Drawer {
    fn load(&self) -> Result<Entry, ServeError> {
        Ok(Entry::of(lane("2", 0)))
    }

    fn unloaded(&self) {}
}

/// A server until the test ends.
struct Running {
    address: SocketAddr,
    app: Arc<App>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<bool>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn settings(token: Option<&str>) -> Settings {
    let limits = Limits {
        body: 4_096,
        head: Duration::from_millis(300),
        body_time: Duration::from_millis(300),
        lame: Duration::from_millis(100),
        queue: 16,
        room: Duration::from_millis(20),
        ..Limits::DEFAULT
    };
    Settings {
        limits,
        hosts: Hosts::new(&[]),
        token: token.map(|token| Token::new(token).unwrap()),
        rate: None,
        allows_control: false,
        is_https: false,
        started_unix_ms: 255,
        observer: None,
        logs: Vec::new(),
    }
}

impl Running {
    fn start(settings: Settings, pause_ms: u64) -> Self {
        let app = App::new(settings);
        let lane = lane("1", pause_ms);
        lane.warm_up().unwrap();
        app.hub.deploy("pens", Entry::of(lane));
        app.hub.set_open(true);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel();
        let of_thread = Arc::clone(&app);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(serve(listener, of_thread, None, async { drop(ended.await) })).unwrap()
        });
        Self { address, app, end: Some(end), thread: Some(thread) }
    }

    /// Ends it; whether everything in flight ended in time.
    fn end(&mut self) -> bool {
        self.end.take().is_some_and(|end| end.send(()).is_ok())
            && self.thread.take().is_some_and(|thread| thread.join().unwrap())
    }

    fn raw(&self, bytes: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // A server that refuses early may close before everything is written.
        let _written = stream.write_all(bytes).is_ok();
        let mut found = Vec::new();
        let _closed = stream.read_to_end(&mut found).is_ok();
        let text = String::from_utf8_lossy(&found).into_owned();
        (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text)
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        let (status, text) = self.raw(&[head.as_bytes(), body].concat());
        (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.ask("POST", path, "", body.to_string().as_bytes());
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

fn row(length: f64) -> Value {
    json!({"length": length, "site": "north", "when": null})
}

fn tensors(length: f64) -> Value {
    json!({"id": "7", "inputs": [
        {"name": "length", "shape": [2, 1], "datatype": "FP32", "data": [[length], [0.5]]},
        {"name": "site", "shape": [2], "datatype": "BYTES", "data": ["north", ""]},
        {"name": "when", "shape": [2], "datatype": "INT64", "data": [0, 86_400_000]},
    ]})
}

#[test]
fn every_route_wants_the_token_but_those_that_say_whether_the_server_lives() {
    let server = Running::start(settings(Some(TOKEN)), 0);
    for route in &ROUTES {
        let path = route.path.replace("{model}", "pens").replace("{version}", "1");
        let method = if route.is_post { "POST" } else { "GET" };
        let with = |authorization: &str| server.ask(method, &path, authorization, b"").0;
        let wrong = with("Authorization: Bearer 0123456789abcdef0124\r\n");
        let none = with("");
        if is_open(route.path) {
            assert_eq!([none, wrong], [200, 200], "{path}");
        } else {
            assert_eq!([none, wrong], [401, 401], "{path}");
            assert_eq!(with(&format!("Authorization: {TOKEN}\r\n")), 401, "{path}");
        }
        let right = with(&format!("Authorization: Bearer {TOKEN}\r\n"));
        let expected: &[u16] = match route.handler {
            Handler::Infer | Handler::Rows => &[400],
            Handler::Load | Handler::Unload => &[403],
            _ => &[200],
        };
        assert!(expected.contains(&right), "{path}: {right}");
        // A browser asks a person for a name and a password: any name, and the token.
        let basic = plumb_ledger::base64(format!("me:{TOKEN}").as_bytes());
        assert_eq!(with(&format!("Authorization: Basic {basic}\r\n")), right, "{path}");
    }
    let unknown = server.ask("GET", "/v2/nothing", "", b"").0;
    assert_eq!(unknown, 401, "who has no token does not learn which addresses there are");
}

#[test]
fn tensors_and_rows_are_answered_as_json_and_as_binary() {
    let server = Running::start(settings(None), 0);
    let (status, said) = server.post("/v2/models/pens/infer", &tensors(0.25));
    assert_eq!((status, &said["id"]), (200, &json!("7")), "{said}");
    assert_eq!(
        said["outputs"][0],
        json!({"name": "label", "datatype": "BYTES", "shape": [2], "data": ["short", "long"]})
    );
    assert_eq!(said["outputs"][1]["data"], json!([0.25, 0.75, 0.5, 0.5]));
    let wanted = json!([{"name": "probabilities", "parameters": {"binary_data": true}}]);
    let mut binary = tensors(0.25);
    binary["outputs"] = wanted;
    let body = binary.to_string();
    let (status, text) = server.ask(
        "POST",
        "/v2/models/pens/versions/1/infer",
        &format!("Inference-Header-Content-Length: {}\r\n", body.len()),
        body.as_bytes(),
    );
    assert_eq!(status, 200);
    assert!(text.contains("\"binary_data_size\":16") && !text.contains("\"data\""), "{text}");
    let (status, said) = server.post("/v2/models/pens/rows", &json!({"rows": [row(0.25), row(1.0)]}));
    assert_eq!((status, &said["id"]), (200, &json!("ff-0")), "{said}");
    assert_eq!(
        said["predictions"][0],
        json!({"id": "ff-0-0", "label": "short", "probabilities": {"long": 0.25, "short": 0.75}})
    );
    let (status, said) = server.post("/v2/models/pens/rows", &json!({"rows": [row(7.0)]}));
    assert_eq!((status, said), (500, json!({"error": "a length above 1"})));
    let (status, said) = server.post("/v2/models/pens/rows", &json!({"rows": [row(-1.0)]}));
    assert_eq!((status, said), (500, json!({"error": "the model gave up on this request"})));
    let (status, said) = server.post("/v2/models/pens/rows", &json!({"rows": [row(0.75)], "explain": true}));
    let reasons = json!({"of": "long", "base": 0.5, "parts": [{"name": "length", "adds": 0.25}]});
    assert_eq!((status, &said["predictions"][0]["explanation"]), (200, &reasons));
    let (status, said) =
        server.post("/v2/models/pens/rows", &json!({"rows": vec![row(0.75); 17], "explain": true}));
    assert_eq!(status, 400, "{said}");
    assert_eq!(server.post("/v2/models/pens/rows", &json!({"rows": [row(0.5)]})).0, 200);
    let metrics = server.ask("GET", "/metrics", "", b"").1;
    assert!(metrics.contains("plumb_requests_total{model=\"pens\",version=\"1\"} 5\n"), "{metrics}");
}

#[test]
fn strange_hosts_pages_methods_and_addresses_are_refused() {
    let server = Running::start(settings(None), 0);
    let (status, _) = server.raw(b"GET /v2 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(status, 421);
    assert_eq!(server.ask("GET", "/v2", "Origin: http://evil.example\r\n", b"").0, 403);
    assert_eq!(server.ask("GET", "/v2", "Origin: http://localhost\r\n", b"").0, 200);
    assert_eq!(server.ask("DELETE", "/v2", "", b"").0, 405);
    assert_eq!(server.ask("GET", "/nothing", "", b"").0, 404);
    for name in [
        "..",
        "../pens",
        "%2e%2e",
        "%2e%2e%2fpens",
        "%252e%252e",
        "..%2f..%2fetc%2fpasswd",
        "pens%00",
        "C:",
        "C%3A%5C",
        "%EF%BC%8E%EF%BC%8E",
        "%ff",
        "pens%20",
        ".pens",
        &"a".repeat(10_000),
    ] {
        for path in [
            format!("/v2/models/{name}"),
            format!("/v2/models/pens/versions/{name}"),
            format!("/v2/models/{name}/ready"),
        ] {
            let (status, text) = server.ask("GET", &path, "", b"");
            assert_eq!(status, 404, "{path}: {text}");
        }
    }
}

#[test]
fn bodies_are_read_under_limits() {
    let server = Running::start(settings(None), 0);
    let rows = "/v2/models/pens/rows";
    let large = vec![b' '; 5_000];
    assert_eq!(server.ask("POST", rows, "", &large).0, 413);
    let chunk = format!("{:x}\r\n{}\r\n", 1_000, " ".repeat(1_000)).repeat(10);
    let endless =
        format!("POST {rows} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    assert_eq!(server.raw(endless.as_bytes()).0, 413);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    assert_eq!(server.ask("POST", rows, "Content-Encoding: gzip\r\n", &bomb.finish().unwrap()).0, 413);
    let mut small = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    small.write_all(json!({"rows": [row(0.5)]}).to_string().as_bytes()).unwrap();
    assert_eq!(server.ask("POST", rows, "Content-Encoding: gzip\r\n", &small.finish().unwrap()).0, 200);
    assert_eq!(server.ask("POST", rows, "Content-Encoding: gzip\r\n", b"{}").0, 400);
    assert_eq!(server.ask("POST", rows, "Content-Encoding: br\r\n", b"{}").0, 415);
    assert_eq!(server.ask("POST", rows, "Content-Type: multipart/form-data\r\n", b"{}").0, 415);
    // A body that never ends, and a head that never ends.
    let short = format!("POST {rows} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{");
    assert_eq!(server.raw(short.as_bytes()).0, 408);
    assert_eq!(server.raw(b"GET /v2 HTTP/1.1\r\nHost: loc").0, 0);
    assert_eq!(server.raw(b"P").0, 0);
    assert_eq!(server.raw(b"").0, 0);
    assert_eq!(server.ask("GET", "/v2/health/live", "", b"").0, 200);
}

#[test]
fn too_many_requests_are_told_to_come_again() {
    let server = Running::start(settings(None), 100);
    let body = json!({"rows": [row(0.5)]}).to_string();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking = || server.ask("POST", "/v2/models/pens/rows", "", body.as_bytes()).0;
        let all: Vec<_> = (0..60).map(|_| scope.spawn(asking)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert!(count(200) >= 16 && count(503) >= 1 && count(200) + count(503) == 60, "{statuses:?}");
    let limited = Running::start(Settings { rate: Some(2.0), ..settings(None) }, 0);
    let statuses: Vec<u16> = (0..4).map(|_| limited.ask("GET", "/v2", "", b"").0).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert_eq!(limited.ask("GET", "/v2/health/live", "", b"").0, 200);
}

#[test]
fn what_is_in_flight_is_answered_when_the_server_ends() {
    let mut server = Running::start(settings(None), 400);
    let body = json!({"rows": [row(0.5)]}).to_string();
    let (app, address) = (Arc::clone(&server.app), server.address);
    let asking = std::thread::spawn(move || {
        let other = Running { address, app, end: None, thread: None };
        let answer = other.ask("POST", "/v2/models/pens/rows", "", body.as_bytes());
        std::mem::forget(other);
        answer
    });
    std::thread::sleep(Duration::from_millis(150));
    assert!(server.end(), "everything ended in time");
    assert_eq!(asking.join().unwrap().0, 200);
    assert!(!server.app.hub.is_ready() && TcpStream::connect(address).is_err());
}

#[test]
fn the_description_lists_every_route_and_every_error() {
    let server = Running::start(settings(Some(TOKEN)), 0);
    let (_, text) = server.ask("GET", "/openapi.json", &format!("Authorization: Bearer {TOKEN}\r\n"), b"");
    let description: Value = serde_json::from_str(&text).unwrap();
    let mut told = std::collections::BTreeSet::new();
    for route in &ROUTES {
        let operation = &description["paths"][route.path][if route.is_post { "post" } else { "get" }];
        assert_eq!(operation["summary"], route.words);
        told.extend(operation["responses"].as_object().unwrap().keys().cloned());
    }
    let untold = ERRORS.iter().filter(|row| !told.contains(&row.status.to_string())).map(|row| row.status);
    assert_eq!(untold.collect::<Vec<_>>(), [429], "only a server with a rate limit says that");
}

#[test]
fn models_are_unloaded_only_where_that_is_allowed() {
    let server = Running::start(Settings { allows_control: true, ..settings(None) }, 0);
    let index = |server: &Running| server.post("/v2/repository/index", &json!({})).1;
    assert_eq!(index(&server), json!([{"name": "pens", "version": "1", "state": "READY", "reason": ""}]));
    assert_eq!(
        server.ask("POST", "/v2/repository/models/pens/unload", "", b"").0,
        404,
        "nobody could load it again"
    );
    server.app.hub.add_source("pens", Arc::new(Drawer));
    assert_eq!(server.ask("POST", "/v2/repository/models/pens/unload", "", b"").0, 200);
    assert_eq!(index(&server)[0]["state"], "UNAVAILABLE");
    assert_eq!(server.post("/v2/models/pens/rows", &json!({"rows": [row(0.5)]})).0, 503);
    assert_eq!(server.ask("GET", "/v2/health/ready", "", b"").0, 503);
    assert_eq!(server.ask("POST", "/v2/repository/models/pens/load", "", b"").0, 200);
    assert_eq!(server.post("/v2/models/pens/rows", &json!({"rows": [row(0.5)]})).1["model_version"], "2");
}
