//! The client against servers that refuse, fail and hang; `scripts/check_logs` does the same with MLflow's own server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use super::*;
use crate::clock::SystemClock;
use crate::log::sink::Sink;

/// A request as it came: path, head, body.
#[derive(Debug, Clone)]
struct Request {
    path: String,
    head: String,
    body: Value,
}

/// What a server answers: a status and a body; nothing at all where there is none.
type Script = fn(&Request, usize) -> Option<(u16, &'static str)>;

/// A server that answers by a script until the test ends.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&requests);
        std::thread::spawn(move || {
            // Held, so that a connection without an answer stays open.
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else { continue };
                let number = {
                    let mut requests = shared.lock().unwrap();
                    requests.push(request.clone());
                    requests.len()
                };
                match script(&request, number) {
                    Some((status, body)) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                        );
                        stream.write_all((head + body).as_bytes()).unwrap();
                    }
                    None => held.push(stream),
                }
            }
        });
        Self { address, requests }
    }

    fn paths(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.path.clone()).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length =
        lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.trim_start_matches("/api/2.0/mlflow/").to_owned();
    Some(Request { path, head, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// A server that does what MLflow's does.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every script")]
fn works(request: &Request, _: usize) -> Option<(u16, &'static str)> {
    Some(match request.path.split('?').next().unwrap() {
        "experiments/get-by-name" => (404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST"}"#),
        "experiments/create" => (200, r#"{"experiment_id":"7"}"#),
        "runs/create" => (200, r#"{"run":{"info":{"run_id":"abc"}}}"#),
        _ => (200, "{}"),
    })
}

fn note(content: Content) -> Arc<Note> {
    Arc::new(Note { unix_ms: 1_700_000_000_000, content })
}

fn step(step: u64) -> Arc<Note> {
    note(Content::Event(Event::Step { step, epoch: 0, loss: f64::NAN, lr: 0.1, grad_norm: 1.0 }))
}

fn settled() -> Arc<Note> {
    let settings = vec![("train.seed".to_owned(), toml::Value::Integer(3))];
    note(Content::Settled(Settled {
        job: String::new(),
        settings,
        network: Vec::new(),
        first_step: 0,
        told_beyond: false,
    }))
}

fn ended() -> Arc<Note> {
    let judged = Judged {
        practice: "data.duplicates".to_owned(),
        verdict: plumb_ledger::Verdict::Pass,
        summary: "none".to_owned(),
    };
    note(Content::Ended(Ended { outcome: Outcome::Finished, verdicts: vec![judged] }))
}

/// Runs a whole run against a server; answers with what is said at the end, and how long the end took.
fn run(address: &str, folder: &std::path::Path, notes: &[Arc<Note>]) -> (Vec<String>, Duration) {
    run_until(address, folder, notes, &|| true)
}

/// The same, which ends when something has happened.
fn run_until(
    address: &str,
    folder: &std::path::Path,
    notes: &[Arc<Note>],
    happened: &dyn Fn() -> bool,
) -> (Vec<String>, Duration) {
    let about = About {
        address: address.to_owned(),
        experiment: "penguins".to_owned(),
        name: "penguins-1".to_owned(),
        folder: folder.to_owned(),
        start_ms: 1,
        data: DataSet { files: vec!["/a/b.csv".to_owned()], sha256: "0f".repeat(32), extents: [9, 2] },
    };
    let mut tracking = Tracking::new(about);
    let secret = Some("Bearer s3cret".to_owned());
    tracking.client = Client::new(address, secret);
    assert!(!format!("{tracking:?}").contains("s3cret"));
    let clock = Arc::new(SystemClock::start());
    let kind = Kind { gather: Duration::from_millis(20), farewell: Duration::from_secs(2), ..KIND };
    let sink = Sink::start(kind, tracking, clock);
    for note in notes {
        sink.offer(note);
    }
    let begun = SystemClock::start();
    while !happened() && plumb_ledger::clock::Clock::elapsed(&begun) < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ending = SystemClock::start();
    let told = {
        sink.close();
        sink.finish()
    };
    (told, plumb_ledger::clock::Clock::elapsed(&ending))
}

#[test]
fn a_run_is_told_in_order_and_its_id_kept() {
    let (server, folder) = (Server::start(works), tempfile::tempdir().unwrap());
    let (told, _) = run(&server.address, folder.path(), &[settled(), step(0), ended()]);
    assert_eq!(told, Vec::<String>::new());
    let expected = [
        "experiments/get-by-name?experiment_name=penguins",
        "experiments/create",
        "runs/create",
        "runs/log-batch",
        "runs/log-inputs",
        "runs/log-batch",
        "runs/log-batch",
        "runs/update",
    ];
    assert_eq!(server.paths(), expected);
    let requests = server.requests.lock().unwrap();
    assert!(
        requests.iter().all(|request| request.head.to_lowercase().contains("authorization: bearer s3cret"))
    );
    assert_eq!(requests[3].body["params"], json!([{ "key": "train.seed", "value": "3" }]));
    let metrics = requests[5].body["metrics"].as_array().unwrap();
    let keys: Vec<&str> = metrics.iter().map(|metric| metric["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["train/grad_norm", "train/loss", "train/lr"]);
    assert_eq!(metrics[1]["value"], "NaN");
    assert_eq!(requests[6].body["tags"], json!([{ "key": "plumb.data.duplicates", "value": "pass: none" }]));
    assert_eq!(requests[7].body["status"], "FINISHED");
    let kept: Kept = serde_json::from_slice(&std::fs::read(folder.path().join(FILE)).unwrap()).unwrap();
    assert_eq!((kept.run_id.as_str(), kept.experiment_id.as_str()), ("abc", "7"));
    assert!(!std::fs::read_to_string(folder.path().join(FILE)).unwrap().contains("s3cret"));
}

#[test]
fn a_resumed_run_goes_on_where_it_was_or_says_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(works);
    run(&first.address, folder.path(), &[step(0)]);
    let (told, _) = run(&first.address, folder.path(), &[step(10)]);
    assert_eq!(told, Vec::<String>::new());
    let paths = first.paths();
    assert_eq!(paths[4..], ["runs/update", "runs/log-batch"], "{paths:?}");

    let forgets: Script = |request, number| match request.path.as_str() {
        "runs/update" => Some((404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST"}"#)),
        _ => works(request, number),
    };
    let second = Server::start(forgets);
    let mut kept: Kept = serde_json::from_slice(&std::fs::read(folder.path().join(FILE)).unwrap()).unwrap();
    kept.address = second.address.trim_end_matches('/').to_owned();
    atomic::write_file(&folder.path().join(FILE), &serde_json::to_vec(&kept).unwrap()).unwrap();
    run(&second.address, folder.path(), &[step(20)]);
    let requests = second.requests.lock().unwrap();
    let created = requests.iter().find(|request| request.path == "runs/create").unwrap();
    let tags = created.body["tags"].as_array().unwrap();
    assert!(tags.contains(&json!({ "key": "plumb.resumed-from", "value": "abc" })), "{tags:?}");
}

#[test]
fn a_server_that_is_away_for_a_moment_loses_nothing() {
    let script: Script =
        |request, number| if number < 3 { Some((503, "busy")) } else { works(request, number) };
    let (server, folder) = (Server::start(script), tempfile::tempdir().unwrap());
    let all = || server.paths().last().is_some_and(|path| path == "runs/update");
    let (told, _) = run_until(&server.address, folder.path(), &[settled(), ended()], &all);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("does not answer (HTTP 503), trying again"), "{told:?}");
    assert_eq!(server.paths().len(), 9, "two in vain, seven of a run without points: {:?}", server.paths());
}

#[test]
fn a_run_whose_making_was_not_heard_of_is_not_made_twice() {
    let script: Script = |request, number| match request.path.as_str() {
        "runs/create" => Some((502, "the answer was lost")),
        "runs/search" => Some((200, r#"{"runs":[{"info":{"run_id":"abc"}}]}"#)),
        _ => works(request, number),
    };
    let (server, folder) = (Server::start(script), tempfile::tempdir().unwrap());
    let all = || server.paths().last().is_some_and(|path| path == "runs/update");
    run_until(&server.address, folder.path(), &[settled(), ended()], &all);
    let paths = server.paths();
    assert_eq!(paths[2..4], ["runs/create", "runs/search"], "{paths:?}");
    let kept: Kept = serde_json::from_slice(&std::fs::read(folder.path().join(FILE)).unwrap()).unwrap();
    assert_eq!(kept.run_id, "abc");
}

#[test]
fn servers_that_fail_end_the_sink_in_a_bounded_time_and_in_words() {
    let fails: Script = |_, _| Some((500, "{}"));
    let refuses: Script = |_, _| Some((401, "who are you"));
    let hangs: Script = |_, _| None;
    let says_nothing: Script = |_, _| Some((200, "[]"));
    let cases = [
        (fails, "does not answer (HTTP 500)"),
        (refuses, "`MLFLOW_TRACKING_TOKEN`"),
        (hangs, ""),
        (says_nothing, "an answer without an id"),
    ];
    for (script, words) in cases {
        let (server, folder) = (Server::start(script), tempfile::tempdir().unwrap());
        let (told, spent) = run(&server.address, folder.path(), &[settled(), step(0), ended()]);
        assert!(spent < Duration::from_secs(3), "{words}: {spent:?}");
        assert!(told.iter().any(|line| line.starts_with("MLflow: ") && line.contains(words)), "{told:?}");
        assert!(!told.join(" ").contains("s3cret"));
        assert!(!folder.path().join(FILE).exists());
    }
}

#[test]
fn nobody_listening_is_said_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let (told, spent) = run(&address, folder.path(), &[settled(), ended()]);
    assert!(spent < Duration::from_secs(2), "{spent:?}");
    assert!(told.last().unwrap().contains("does not answer"), "{told:?}");
}

#[test]
fn what_the_server_refuses_is_counted_and_the_rest_goes_on() {
    let script: Script = |request, number| match request.path.as_str() {
        "runs/log-batch" => Some((400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#)),
        _ => works(request, number),
    };
    let (server, folder) = (Server::start(script), tempfile::tempdir().unwrap());
    let (told, _) = run(&server.address, folder.path(), &[settled(), step(0), ended()]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("3 requests were in vain") && told[0].contains("INVALID_PARAMETER_VALUE: no"),
        "{told:?}"
    );
    assert_eq!(server.paths().last().unwrap(), "runs/update");
}

#[test]
fn a_token_or_a_name_with_a_password_gives_access() {
    let given = |pairs: &'static [(&str, &str)]| {
        client::authorization(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(given(&[]), None);
    assert_eq!(given(&[("MLFLOW_TRACKING_TOKEN", " a\n")]).as_deref(), Some("Bearer a"));
    let both = given(&[("MLFLOW_TRACKING_USERNAME", "foo"), ("MLFLOW_TRACKING_PASSWORD", "bar")]);
    assert_eq!(both.as_deref(), Some("Basic Zm9vOmJhcg=="));
}
