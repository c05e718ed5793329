//! Every address of the table, over a real socket: who is let in, what is said to whom, and that no string of a run is ever markup.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use plumb_serve::access::{Hosts, Token};
use serde_json::{Value, json};

use super::routes::ROUTES;
use super::{App, Ending, Guard, serve};

const TOKEN: &str = "0123456789abcdef0123";
/// What an attacker would put into a name.
const PAYLOADS: &str = include_str!("../report/templates/xss_payloads.txt");

/// A dashboard over `folder` on a port of its own.
fn start(folder: &Path, token: Option<&str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let token = token.map(|token| Token::new(token).unwrap());
    let guard = Guard { hosts: Hosts::new(&[]), token, port: address.port() };
    let app = App::new(folder, guard).unwrap();
    std::thread::spawn(move || serve(listener, app, Ending::Never).unwrap());
    address
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// One request on a connection of its own; `head` are whole lines.
fn ask(address: SocketAddr, method: &str, path: &str, head: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let host = if head.contains("Host:") { "" } else { "Host: localhost\r\n" };
    // A head that is too long is answered, and the connection closed, before all of it is sent.
    let _sent = write!(stream, "{method} {path} HTTP/1.1\r\n{host}{head}Connection: close\r\n\r\n").is_ok();
    let mut bytes = Vec::new();
    if path.ends_with("/live") || path == "/live" {
        // A stream has no end: its head is enough.
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            bytes.push(byte[0]);
        }
    } else {
        let _whole = stream.read_to_end(&mut bytes).is_ok();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// A folder with one run, `name`, whose every string is `payload`.
#[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
fn run(folder: &Path, name: &str, payload: &str) {
    let run = folder.join(name);
    std::fs::create_dir_all(&run).unwrap();
    for (file, content) in files(payload) {
        std::fs::write(run.join(file), content).unwrap();
    }
}

fn files(text: &str) -> Vec<(&'static str, String)> {
    let verdict = |verdict: &str| json!({"id": text, "verdict": verdict, "summary": text, "remedy": text, "evidence": {text: [text, {text: text}]}, "reason": text});
    let score = json!({"value": 0.9, "low": 0.8, "high": 0.95, "n": 9, "method": text});
    let scores = json!({"auroc": score, text: score});
    let layer = json!({"grad_norm": 0.1, "weight_norm": 1, "update_ratio": 0.01,
        "values": {"low": -1, "high": 1, "counts": [1, 5, 2]}, "gradient": {"low": 0, "high": 0, "counts": [3]}});
    let mut history = String::new();
    for step in 0..40 {
        let loss = if step == 20 { Value::Null } else { json!(1.0 / f64::from(step + 1)) };
        let lines = [
            json!({"event": "step", "step": step, "epoch": 0, "loss": loss, "lr": 0.1, "grad_norm": 0.5}),
            json!({"event": "layers", "step": step, "layers": {text: layer}, "activations": {text: {"sd": 1, "dead": 0.1, "values": {"low": 0, "high": 2, "counts": [1, 2]}}}, "attention": {text: [0.4, 0.5]}}),
            json!({"event": "epoch", "epoch": step, "step": step, "train_loss": 0.5, "valid": {"loss": 0.4, text: 0.7}, "best": true, "seconds": 1}),
        ];
        history.extend(lines.iter().map(|line| format!("{line}\n")));
    }
    let one_line: String = text.chars().filter(|c| !c.is_control()).collect();
    let key = toml::Value::String(text.to_owned());
    let job = format!("# {one_line}\n[data]\ntarget = {key}\n{key} = {key}\n[model]\npreset = {key}\n");
    let picture = json!({"png": "iVBORw0KGgo=", "first": text, "second": text});
    vec![
        ("history.jsonl", history),
        ("job.toml", job),
        ("ledger.json", json!({"schema": 1, "run": text, "stage": text, "verdicts": [verdict("fail"), verdict("warn"), verdict("pass"), verdict("skipped")]}).to_string()),
        ("metrics.json", json!({"schema": 1, "task": text, "primary": "auroc", "primary_reason": text, "classes": [text, "b"], "weights_sha256": text, "valid": scores, "test": scores, "baselines": {text: scores},
            "details": {"confusion": [[1, 2], [3, 4]], "per_class": [{"class": text, "precision": 1, "recall": 1, "f1": 1, "support": 3}],
                "roc": [{"class": text, "false_positive_rate": [0, 1], "true_positive_rate": [0, 1]}]}}).to_string()),
        ("data.json", json!({"rows": 9, "target": text, "columns": [{"name": text, "kind": text, "distinct": 2, "levels": [{"level": text, "rows": 3}]}]}).to_string()),
        ("split.json", json!({"method": text, "column": text, "classes": [text, "b"], "parts": [{"part": text, "rows": 9, "classes": [4, 5]}], "test_reads": [text]}).to_string()),
        ("preflight.json", json!({"metric": text, "learning_curve": [{"rows": 1, "train": 1, "valid": 1}, {"rows": 2, "train": 1, "valid": 1}]}).to_string()),
        ("worst.json", json!({"columns": [text], "rows": [{"row": 1, "target": text, "prediction": text, "probability": 0.1, "loss": 2, "cells": [text]}]}).to_string()),
        ("pictures.json", json!({"groups": [{"title": text, "caption": text, "pictures": [picture]}], "plane": {"classes": [text, "b"], "points": [[0, 1], [1, 0]], "truth": [0, 1], "predicted": [0, 0]}}).to_string()),
        ("monitor.json", serde_json::to_string(&crate::report::monitoring::sample::figures(text)).unwrap()),
        ("texts.json", json!({"texts": [{"row": 1, "truth": text, "predicted": text, "probability": 0.4, "pieces": [{"text": text, "weight": 1}]}], "changed": [{"text": text, "changed": [text]}]}).to_string()),
    ]
}

fn paths(id: &str) -> Vec<String> {
    let of = |path: &str| match path {
        "/run/{id}/series" => format!("/run/{id}/series?name=loss"),
        "/compare" => format!("/compare?run={id}&run={id}"),
        path => path.replace("{id}", id),
    };
    ROUTES.iter().map(|route| of(route.path)).collect()
}

#[test]
fn every_address_answers_and_says_what_it_may_do() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "r1", "plain");
    let address = start(folder.path(), None);
    for path in paths("r1") {
        let answer = ask(address, "GET", &path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self';",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(answer.head.contains(line), "{path} lacks {line}: {}", answer.head);
        }
        let head = ask(address, "HEAD", &path, "");
        assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let refused = ask(address, method, &path, "");
            assert_eq!(refused.status, 405, "{method} {path}");
            assert!(refused.head.contains("allow: get, head"), "{}", refused.head);
        }
    }
}

#[test]
fn every_address_wants_its_host_its_origin_and_no_body() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "r1", "plain");
    let address = start(folder.path(), None);
    for path in paths("r1").iter().map(String::as_str).chain(["/nowhere"]) {
        let refusals = [
            ("Host: evil.example\r\n", 421),
            ("Host: localhost\r\nHost: evil.example\r\n", 421),
            ("Origin: http://evil.example\r\n", 403),
            ("Origin: null\r\n", 403),
            ("Content-Length: 5\r\n", 413),
            ("Transfer-Encoding: chunked\r\n", 413),
        ];
        for (head, status) in refusals {
            assert_eq!(ask(address, "GET", path, head).status, status, "{path} {head}");
        }
        let whole = format!("http://evil.example{path}");
        assert_eq!(ask(address, "GET", &whole, "").status, 421, "{whole}");
    }
    assert_eq!(ask(address, "GET", "/", "Origin: http://localhost\r\n").status, 200);
}

#[test]
fn every_address_wants_the_token_when_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "r1", "plain");
    let address = start(folder.path(), Some(TOKEN));
    let given = ask(address, "GET", &format!("/compare?run=r1&token={TOKEN}"), "");
    assert_eq!(given.status, 303);
    assert!(given.head.contains("location: /compare") && !given.head.contains(TOKEN), "{}", given.head);
    assert!(given.head.contains("httponly; samesite=strict"), "{}", given.head);
    let cookie = given.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    for path in paths("r1").iter().map(String::as_str).chain(["/nowhere"]) {
        let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
        let kept = format!("Cookie: other=1; {cookie}\r\n");
        let expected = if path == "/nowhere" { 404 } else { 200 };
        assert_eq!(ask(address, "GET", path, &bearer).status, expected, "{path}");
        assert_eq!(ask(address, "GET", path, &kept).status, expected, "{path}");
        let half = &TOKEN[1..];
        for wrong in [
            String::new(),
            format!("Authorization: Bearer {half}\r\n"),
            "Authorization: Basic x\r\n".into(),
            format!("Cookie: {}\r\n", &cookie[..cookie.len() - 1]),
            format!("Cookie: plumb_ui_{}={TOKEN}\r\n", address.port()),
        ] {
            let refused = ask(address, "GET", path, &wrong);
            assert_eq!(refused.status, 401, "{path} {wrong}");
            assert!(!refused.body.contains("r1"), "{}", refused.body);
        }
    }
    assert_eq!(ask(address, "GET", &format!("/?token={half}", half = &TOKEN[1..]), "").status, 401);
    let elsewhere = ask(address, "GET", &format!("//evil.example/?token={TOKEN}"), "");
    assert!(elsewhere.head.contains("location: /\r\n"), "{}", elsewhere.head);
}

#[test]
fn a_name_in_an_address_never_becomes_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    run(folder.path(), "outside", "secret");
    run(&runs, "r1", "plain");
    let address = start(&runs, None);
    for name in [
        "..",
        "%2e%2e",
        "%252e%252e",
        "..%2foutside",
        "%2e%2e%2foutside",
        "../outside",
        "r1%2f..%2f..%2foutside",
        "r1%00",
        "r1/",
        "%2fetc%2fpasswd",
        ".",
        "r1%2fledger.json",
        "R1",
        "%ff",
        "%c0%ae%c0%ae",
        "C:",
        "r1\\..\\..\\outside",
    ] {
        for end in ["", "/job", "/series?name=loss", "/live"] {
            let answer = ask(address, "GET", &format!("/run/{name}{end}"), "");
            assert!(matches!(answer.status, 400 | 404), "{name}{end}: {}", answer.status);
            assert!(!answer.body.contains("secret"), "{name}{end}");
        }
    }
    assert_eq!(ask(address, "GET", &format!("/run/{}", "a".repeat(10_000)), "").status, 404);
    assert_ne!(ask(address, "GET", &format!("/run/{}", "a".repeat(40_000)), "").status, 200);
    assert_eq!(ask(address, "GET", "/run/r1/series?name=..%2fledger.json", "").status, 404);
    assert_eq!(ask(address, "GET", "/run/r1/series?name=loss&from=x", "").status, 400);
    assert_eq!(ask(address, "GET", "/run/r1/series?name=loss&most=99999999999999999999", "").status, 400);
    assert_eq!(ask(address, "GET", "/?from=-1", "").status, 400);
}

/// Every tag without its quoted values: what the page is, whatever it says. `code` is left out: backticks make it; and a
/// numbered choice of words may come with a number in it.
fn tags(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let unquoted = tags.map(|tag| tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\""));
    unquoted.filter(|tag| !matches!(tag.as_str(), "code" | "/code")).collect()
}

#[test]
fn hostile_strings_stay_text_on_every_page() {
    let folder = tempfile::tempdir().unwrap();
    assert!(PAYLOADS.lines().count() >= 60);
    run(folder.path(), "harmless", "harmless");
    for (at, payload) in PAYLOADS.lines().enumerate() {
        run(folder.path(), &format!("r{at}"), payload);
    }
    let address = start(folder.path(), None);
    let pages = |id: &str| -> Vec<String> {
        paths(id).into_iter().filter(|path| path.starts_with("/run") && !path.ends_with("/live")).collect()
    };
    for (path_of_harmless, at) in pages("harmless").iter().zip(0..) {
        let allowed = tags(&ask(address, "GET", path_of_harmless, "").body);
        for (run, payload) in PAYLOADS.lines().enumerate() {
            let path = &pages(&format!("r{run}"))[at];
            let answer = ask(address, "GET", path, "");
            assert_eq!(answer.status, 200, "{path}");
            if answer.head.contains("application/json") {
                continue;
            }
            let found = tags(&answer.body);
            let different = found.iter().zip(&allowed).find(|(tag, allowed)| tag != allowed);
            assert!(
                different.is_none() && found.len() == allowed.len(),
                "{payload} makes markup on {path}: {different:?}, {} tags, not {}",
                found.len(),
                allowed.len()
            );
        }
    }
    for path in ["/", "/compare?run=r0&run=r1"] {
        let page = ask(address, "GET", path, "").body;
        assert!(page.matches("<script").count() == 1 && !page.contains("<img"), "{path}");
    }
}

#[test]
fn no_template_lets_a_string_through() {
    for (name, source) in super::pages::TEMPLATES {
        for hatch in ["|safe", "| safe", "autoescape", " style=", "http:", "https:", " on", "javascript:"] {
            let source = source.replace(" only", "").replace(" one", "").replace(" on ", "");
            assert!(!source.contains(hatch), "{name} contains {hatch}");
        }
        assert_eq!(source.matches("<script").count(), usize::from(name == "frame.html"), "{name}");
    }
}

#[test]
fn streams_above_the_limit_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "r1", "plain");
    let address = start(folder.path(), None);
    // More streams than there are places for.
    let open: Vec<(TcpStream, u16)> = (0..70)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET /run/r1/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut head = [0; 16];
            stream.read_exact(&mut head).unwrap();
            (stream, String::from_utf8_lossy(&head[9..12]).parse::<u16>().unwrap())
        })
        .collect();
    let statuses: Vec<u16> = open.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 64);
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 6);
    assert_eq!(ask(address, "GET", "/", "").status, 200, "pages are not streams");
}
