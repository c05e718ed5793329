//! The model server as a process: its command line, its answers, a bundle that is exchanged, and its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::context::{TestContext, table};

/// A server that ends with its test.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill().is_ok() && self.process.wait().is_ok();
    }
}

impl Server {
    pub(crate) fn start(context: &TestContext, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut command = context.command(&arguments);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").parse().unwrap_or_else(|_| panic!("{line}"));
        Self { process, address }
    }

    fn url(&self, model: &str) -> String {
        format!("http://{}/v2/models/{model}", self.address)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    fn rows(&self, model: &str, rows: &Value) -> (u16, Value) {
        let (status, text) =
            self.ask("POST", &format!("/v2/models/{model}/rows"), &json!({"rows": rows}).to_string());
        (status, serde_json::from_str(&text).unwrap())
    }

    fn version(&self, model: &str) -> String {
        let (_, text) = self.ask("GET", &format!("/v2/models/{model}"), "");
        let said: Value = serde_json::from_str(&text).unwrap();
        said["versions"][0].as_str().unwrap().to_owned()
    }

    /// Sends SIGTERM; how the process ends.
    fn end(&mut self) -> Option<i32> {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.process.wait().unwrap().code()
    }
}

/// A bundle `NAME.plumb` of a short run.
fn bundled(context: &TestContext, name: &str, seed: &str) {
    context.write("table.csv", table(240));
    let seed = format!("train.seed={seed}");
    let set = ["--set", "train.epochs=2", "--set", seed.as_str()];
    let answer =
        context.plumb(&[&["run", "table.csv", "--target", "kind", "--out", name][..], &set].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answer = context.plumb(&["package", name, "--out", &format!("{name}.plumb")]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

fn row(length: f64) -> Value {
    json!({"length": length, "width": 2.5, "site": "north"})
}

#[test]
fn a_bundle_is_served_verified_and_ended_without_a_lost_request() {
    let context = TestContext::new();
    bundled(&context, "pens", "1");
    let mut server = Server::start(&context, &["pens.plumb"]);
    assert_eq!(server.ask("GET", "/v2/health/ready", "").0, 200);
    let (status, said) = server.rows("pens", &json!([row(9.0), row(0.5)]));
    assert_eq!(status, 200, "{said}");
    let labels: Vec<&str> =
        said["predictions"].as_array().unwrap().iter().filter_map(|row| row["label"].as_str()).collect();
    assert_eq!(labels, ["long", "short"], "{said}");
    assert_eq!(server.rows("pens", &json!([{"length": 1}])).0, 400);

    let body = json!({"rows": [row(9.0), row(0.5)], "explain": true}).to_string();
    let (status, said) = server.ask("POST", "/v2/models/pens/rows", &body);
    assert_eq!(status, 200, "{said}");
    for row in serde_json::from_str::<Value>(&said).unwrap()["predictions"].as_array().unwrap() {
        let (label, why) = (row["label"].as_str().unwrap(), &row["explanation"]);
        assert_eq!(why["of"], label);
        let parts = why["parts"].as_array().unwrap();
        let sum: f64 = parts.iter().filter_map(|part| part["adds"].as_f64()).sum();
        let answer = row["probabilities"][label].as_f64().unwrap();
        assert!((why["base"].as_f64().unwrap() + sum - answer).abs() < 1e-6, "{row}");
        assert_eq!(parts[0]["name"], "length", "{row}");
    }

    // What a bundle recorded is what its server says, and what a table of rows is judged by.
    let verified = context.plumb(&["verify", "pens.plumb", "--endpoint", &server.url("pens"), "--json"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("/v2/models/pens\""), "{}", verified.stdout);

    // Requests before, during and after the signal: each is answered or was never taken.
    let address = server.address;
    let asking = std::thread::spawn(move || {
        let (mut answered, mut lost) = (0, 0);
        let body = json!({"rows": [row(9.0)]}).to_string();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            let Ok(mut stream) = TcpStream::connect(address) else { break };
            let length = body.len();
            let head = format!(
                "POST /v2/models/pens/rows HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            let mut text = String::new();
            let _sent = stream.write_all(head.as_bytes()).is_ok() && stream.read_to_string(&mut text).is_ok();
            if text.starts_with("HTTP/1.1 200") { answered += 1 } else { lost += 1 }
        }
        (answered, lost)
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.end(), Some(0));
    let (answered, lost) = asking.join().unwrap();
    assert!(answered > 10 && lost == 0, "{answered} answered, {lost} lost");
}

#[test]
fn a_registrys_champion_is_exchanged_while_clients_ask() {
    let context = TestContext::new();
    bundled(&context, "one", "1");
    bundled(&context, "two", "2");
    let registry = |arguments: &[&str]| {
        let answer = context.plumb(&[&["registry"], arguments].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    };
    registry(&["--registry", "kept", "add", "one.plumb", "--name", "pens", "--alias", "champion"]);
    registry(&["--registry", "kept", "add", "two.plumb", "--name", "pens", "--alias", "challenger"]);
    let arguments =
        ["pens@champion", "--registry", "kept", "--challenger", "pens@challenger", "--canary", "50"];
    let server = Server::start(&context, &arguments);
    let first = server.version("pens");
    let answered: std::collections::BTreeSet<String> = (0..40)
        .map(|_| server.rows("pens", &json!([row(9.0)])).1["model_version"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(answered.len(), 2, "both answer: {answered:?}");
    registry(&["--registry", "kept", "alias", "pens@challenger", "champion"]);
    let until = Instant::now() + Duration::from_secs(20);
    while server.version("pens") == first {
        assert!(Instant::now() < until, "the champion was not exchanged");
        assert_eq!(server.rows("pens", &json!([row(9.0)])).0, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_is_served() {
    let context = TestContext::new();
    let refused = |arguments: &[&str], expected: &str| {
        let answer = context.plumb(&[&["serve"], arguments].concat());
        assert_eq!(answer.code, Some(2), "{arguments:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(expected) && answer.stderr.contains("hint: "), "{}", answer.stderr);
    };
    refused(&["nothing/here"], "no bundle: nothing/here");
    refused(&["nothing.plumb"], "no bundle: nothing.plumb");
    refused(&["x", "--listen", "0.0.0.0:0"], "without a token: 0.0.0.0:0");
    refused(&["x", "--queue", "0"], "a limit of nothing");
    refused(&["x", "--challenger", "y"], "would never be asked");
    refused(&["x", "--challenger", "y", "--canary", "101"], "a percentage");
    context.write("token", "short");
    let unsigned = context.write("folder/bundle.json", "{}");
    assert!(unsigned.exists());
    let answer = context.plumb(&["serve", "folder", "--listen", "127.0.0.1:0"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("bundle.json"), "{}", answer.stderr);
}
