//! The dashboard as a process: its command line, its limits, what it does over time.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::context::TestContext;

/// A dashboard that ends with its test.
struct Dashboard {
    process: Child,
    address: SocketAddr,
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _gone = self.process.kill().is_ok() && self.process.wait().is_ok();
    }
}

impl Dashboard {
    fn start(context: &TestContext, arguments: &[&str]) -> Self {
        let arguments = [&["ui", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut process =
            context.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").split('/').next().unwrap().parse().unwrap();
        Self { process, address }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    fn json(&self, path: &str) -> serde_json::Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}

fn step(step: usize) -> String {
    let loss = 1.0 + (step % 100) as f64 / 100.0;
    format!(
        "{{\"event\":\"step\",\"step\":{step},\"epoch\":0,\"loss\":{loss},\"lr\":0.1,\"grad_norm\":1.5}}\n"
    )
}

#[test]
fn an_address_of_others_wants_a_token_and_a_folder_must_be_there() {
    let context = TestContext::new();
    let missing = context.plumb(&["ui"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("there is no such folder: runs\nhint: "), "{}", missing.stderr);
    std::fs::create_dir(context.path("runs")).unwrap();
    let open = context.plumb(&["ui", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.code, Some(2));
    assert!(
        open.stderr.contains("without a token: 0.0.0.0:0\nhint: add `--token-file FILE`"),
        "{}",
        open.stderr
    );
    context.write("token", "short\n");
    let short = context.plumb(&["ui", "--listen", "0.0.0.0:0", "--token-file", "token"]);
    assert_eq!(short.code, Some(2), "{}", short.stderr);
    assert!(short.stderr.contains("a token is one line of 16 to 1024"), "{}", short.stderr);
    let taken = Dashboard::start(&context, &["runs"]);
    let again = context.plumb(&["ui", "--listen", &taken.address.to_string()]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("hint: `--listen 127.0.0.1:0`"), "{}", again.stderr);
}

#[test]
fn a_line_that_is_appended_comes_down_the_stream() {
    let context = TestContext::new();
    let history = context.write("runs/r1/history.jsonl", step(0));
    context.write("runs/r1/ledger.json", r#"{"schema":1,"run":"r1","stage":"train","verdicts":[]}"#);
    let dashboard = Dashboard::start(&context, &["runs"]);
    let mut stream = TcpStream::connect(dashboard.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(stream, "GET /run/r1/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(
        lines.by_ref().take_while(|line| !line.is_empty()).any(|line| line.contains("text/event-stream"))
    );
    std::thread::sleep(Duration::from_millis(1_500));
    let mut file = std::fs::OpenOptions::new().append(true).open(history).unwrap();
    let torn = step(2);
    write!(file, "{}{}", step(1), &torn[..20]).unwrap();
    let data = |lines: &mut dyn Iterator<Item = String>, event: &str| {
        while lines.next().unwrap() != format!("event: {event}") {}
        let data = lines.next().unwrap();
        serde_json::from_str::<serde_json::Value>(data.strip_prefix("data: ").unwrap()).unwrap()
    };
    let points = data(&mut lines, "points");
    assert_eq!((points.as_array().unwrap().len(), &points[0]["at"]), (1, &serde_json::json!(1.0)));
    assert_eq!(points[0]["values"]["loss"], 1.01);
    write!(file, "{}", &torn[20..]).unwrap();
    assert_eq!(data(&mut lines, "points")[0]["at"], 2.0, "the torn line comes when it is whole");
    let verdict =
        r#"{"id":"train.finite","verdict":"fail","summary":"it is not","evidence":{},"remedy":"r"}"#;
    context.write(
        "runs/r1/ledger.json",
        format!(r#"{{"schema":1,"run":"r1","stage":"train","verdicts":[{verdict}]}}"#),
    );
    let verdicts = data(&mut lines, "verdicts");
    assert_eq!(
        (&verdicts["new"][0]["id"], &verdicts["counts"]["fail"]),
        (&serde_json::json!("train.finite"), &serde_json::json!(1))
    );
    context.write("runs/r1/history.jsonl", step(7));
    data(&mut lines, "reload");
    let series = dashboard.json("/run/r1/series?name=loss");
    assert_eq!(
        series["blocks"]["from"],
        serde_json::json!([7.0]),
        "a history that was cut back is read anew"
    );
}

#[test]
fn a_long_history_is_thinned_without_losing_what_matters() {
    let context = TestContext::new();
    let mut text: String = (0..60_000).map(step).collect();
    text = text.replacen(&step(41_234), &step(41_234).replace("\"loss\":1.34", "\"loss\":77.5"), 1);
    text = text.replacen(&step(52_000), &step(52_000).replace("\"loss\":1,", "\"loss\":null,"), 1);
    context.write("runs/r1/history.jsonl", text);
    let dashboard = Dashboard::start(&context, &["runs"]);
    let all = loop {
        let all = dashboard.json("/run/r1/series?name=loss&most=300");
        if all["whole"] == true {
            break all;
        }
    };
    let column = |answer: &serde_json::Value, name: &str| answer["blocks"][name].as_array().unwrap().clone();
    assert_eq!(all["count"], 60_000);
    assert!(column(&all, "from").len() <= 300);
    let highest = column(&all, "high").iter().filter_map(serde_json::Value::as_f64).fold(0.0, f64::max);
    assert_eq!(highest.to_string(), "77.5");
    assert!(column(&all, "high_at").contains(&serde_json::json!(41_234.0)));
    assert_eq!(column(&all, "bad").iter().filter_map(serde_json::Value::as_u64).sum::<u64>(), 1);
    assert!(column(&all, "bad_at").contains(&serde_json::json!(52_000.0)));
    let near = dashboard.json("/run/r1/series?name=loss&from=51990&to=52010");
    assert_eq!(near["blocks"].as_object().unwrap().len(), 2, "points, not blocks: {near}");
    assert!(near["blocks"]["first"].as_array().unwrap().contains(&serde_json::Value::Null));
    assert!(near["before"].as_array().unwrap().len() > 10);
    let page = dashboard.get("/run/r1").1;
    assert!(
        page.contains("loss of each step is not a number at step 52,000"),
        "the drawing without script shows it, too"
    );
}

#[test]
fn a_thousand_runs_are_a_quick_page() {
    let context = TestContext::new();
    for run in 0..1_000 {
        let metrics = format!(
            r#"{{"schema":1,"task":"binary","primary":"auroc","valid":{{}},"test":{{"auroc":{{"value":0.{:04},"low":0.1,"high":0.9,"n":100}}}},"details":{{"confusion":[[1,2],[3,4]]}}}}"#,
            (run * 7_919) % 10_000
        );
        context.write(&format!("runs/run-{run}/metrics.json"), metrics);
        let mut verdicts = String::new();
        for verdict in 0..60 {
            let comma = if verdict > 0 { "," } else { "" };
            write!(verdicts, r#"{comma}{{"id":"a.b{verdict}","verdict":"pass","summary":"s","evidence":{{"rows":[1,2,3]}},"remedy":"r"}}"#).unwrap();
        }
        context.write(
            &format!("runs/run-{run}/ledger.json"),
            format!(r#"{{"schema":1,"run":"x","stage":"evaluate","verdicts":[{verdicts}]}}"#),
        );
        context.write(
            &format!("runs/run-{run}/job.toml"),
            "[data]\ntarget = \"y\"\n[model]\npreset = \"mlp\"\n[train]\nseed = 3\n",
        );
    }
    let dashboard = Dashboard::start(&context, &["runs"]);
    let begun = Instant::now();
    let (status, first) = dashboard.get("/?sort=result");
    let cold = begun.elapsed();
    let begun = Instant::now();
    let found = dashboard.get("/?q=run-77%20mlp&sort=name").1;
    let warm = begun.elapsed();
    assert_eq!(status, 200);
    assert!(first.contains("1 to 100 of 1,000 runs") && first.contains("0.9991"), "the best stand first");
    assert!(found.contains("11 of 1,000 runs"));
    // The goal of one second is for a machine that does nothing else; tests run beside one another.
    assert!(cold < Duration::from_secs(5) && warm < Duration::from_secs(2), "{cold:?}, {warm:?}");
}

#[test]
fn a_head_that_never_ends_is_closed() {
    let context = TestContext::new();
    std::fs::create_dir(context.path("runs")).unwrap();
    let dashboard = Dashboard::start(&context, &["runs"]);
    let slow: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(dashboard.address).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow:").unwrap();
            stream
        })
        .collect();
    assert_eq!(dashboard.get("/").0, 200, "others are served meanwhile");
    let begun = Instant::now();
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
