//! A folder of its own for a test, and the binary run in it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A test's folder.
pub(crate) struct TestContext {
    folder: tempfile::TempDir,
}

/// What a process left.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestContext {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The binary with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plumb"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PLUMB_CACHE", self.folder.path().join("cache"));
        command.env("PLUMB_STATE", self.folder.path().join("state"));
        command
    }

    /// Runs it; the folder's path in its output becomes `[DIR]`.
    pub(crate) fn plumb(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().unwrap();
        let shown = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&self.folder.path().display().to_string(), "[DIR]")
        };
        Answer { code: output.status.code(), stdout: shown(&output.stdout), stderr: shown(&output.stderr) }
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let names = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A table of two separable classes, with a category and missing values.
pub(crate) fn table(rows: usize) -> String {
    let mut text = "length,width,site,kind\n".to_owned();
    for row in 0..rows {
        // Two interleaved low-discrepancy sequences: spread like chance, the same everywhere.
        let (a, b) = ((row as f64 * 0.618_034).fract(), (row as f64 * 0.754_878).fract());
        let kind = if a + 0.3 * b > 0.6 { "long" } else { "short" };
        let width = if row % 17 == 3 { String::new() } else { format!("{:.4}", 3.0 - a + b) };
        writeln!(text, "{:.4},{width},{},{kind}", 10.0 * a, ["north", "south", "west"][row % 3]).unwrap();
    }
    text
}

/// Asserts that a text equals the one stored under `tests/it/snapshots`; a stale one is rewritten, and the test
/// fails once so that somebody looks.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(format!("{name}.txt"));
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    if stored != text {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        panic!("{name}.txt was stale and has been rewritten: look at it and commit it\n{text}");
    }
}

/// A server on a free port until the test ends; its address. `answer` is given the first line of a request and its body as JSON, and
/// gives what is answered, or nothing where there is nothing.
pub(crate) fn serve(answer: impl Fn(&str, Value) -> Option<Value> + Send + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            served(&mut stream.unwrap(), &answer);
        }
    });
    address
}

fn served(stream: &mut std::net::TcpStream, answer: &impl Fn(&str, Value) -> Option<Value>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let found = answer(&first, serde_json::from_slice(&body).unwrap_or_default());
    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
    let text = found.unwrap_or_else(|| serde_json::json!({"error": "no such model"})).to_string();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    stream.write_all(format!("{head}{text}").as_bytes()).unwrap();
}
