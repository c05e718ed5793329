//! The log of a server: a JSON object a line on stderr. Nothing of what requests carry stands in it.

use plumb_ledger::clock::Clock as _;
use plumb_serve::{Line, Log};
use serde_json::{Value, json};

use crate::clock::SystemClock;
use crate::console;

/// Something has happened.
pub(crate) fn event(name: &str, facts: Value) {
    let mut line = json!({"unix_ms": SystemClock::start().unix_ms(), "event": name});
    if let (Value::Object(line), Value::Object(facts)) = (&mut line, facts) {
        line.extend(facts);
    }
    console::log(line);
}

/// A line on stderr for each request.
pub(super) struct Lines;

impl Log for Lines {
    fn request(&self, line: &Line<'_>) {
        let milliseconds = (line.time.as_secs_f64() * 1e6).round() / 1e3;
        event(
            "request",
            json!({"method": line.method, "route": line.route, "status": line.status, "ms": milliseconds}),
        );
    }
}
