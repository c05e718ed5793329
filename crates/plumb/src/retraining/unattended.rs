//! Round after round without a person: each one stands in `log.jsonl`, and one that fails does not end the loop.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use plumb_ledger::ExitCode;
use plumb_ledger::clock::Clock as _;
use serde_json::{Value, json};

use super::champion::Seat;
use super::{Done, Wishes, answer, one};
use crate::console;
use crate::fault::Fault;
use crate::run::{Screen, interrupt};

/// The file, in the folder of the rounds.
const LOG: &str = "log.jsonl";
/// How soon a Ctrl-C is heard in a pause.
const LISTEN: Duration = Duration::from_millis(200);

/// Goes on until it is interrupted, or has done as many rounds as were asked for.
pub(super) fn rounds(
    wishes: &Wishes<'_>,
    seat: &Seat,
    pause: Duration,
    screen: &mut Screen,
) -> Result<ExitCode, Fault> {
    let path = wishes.out.join(LOG);
    let mut before = None;
    for round in 1.. {
        let done = one(wishes, seat, screen);
        if let Err(fault) = &done
            && fault.exit_code() == ExitCode::Interrupted
        {
            return done.map(|_| ExitCode::Interrupted);
        }
        let line = line(&done);
        // What is said again and again is said once.
        if before.as_ref() != Some(&line) {
            let mut stamped = line.clone();
            stamped["unix_ms"] = json!(screen.clock().unix_ms());
            append(&path, &stamped).map_err(|error| {
                Fault::failed(format!("cannot write the log ({error}): {}", path.display()))
            })?;
            match &done {
                Ok(done) => console::result(answer::in_a_loop(done, wishes.json))?,
                Err(fault) => drop(fault.report()),
            }
            before = Some(line);
        }
        if wishes.max.is_some_and(|most| round >= most) || !waited(pause, screen) {
            break;
        }
    }
    Ok(ExitCode::Done)
}

/// Waits; false when somebody asked to stop.
fn waited(pause: Duration, screen: &Screen) -> bool {
    let begun = screen.clock().elapsed();
    loop {
        if interrupt::asked() {
            return false;
        }
        let left = pause.saturating_sub(screen.clock().elapsed().saturating_sub(begun));
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LISTEN));
    }
}

fn line(done: &Result<Done, Fault>) -> Value {
    match done {
        Ok(Done::Nothing(words)) => json!({"ended": "nothing", "words": words}),
        Ok(Done::Decided { outcome, again }) => json!({
            "ended": if outcome.promoted { "promoted" } else { "refused" },
            "words": outcome.reason,
            "round": outcome.round,
            "before": again,
            "champion": outcome.champion.version,
            "challenger": outcome.challenger.as_ref().and_then(|side| side.version),
            "data_sha256": outcome.data.sha256,
        }),
        Err(fault) => json!({"ended": "failed", "words": fault.message()}),
    }
}

/// Appends a line, durable when this returns. A line that a kill has torn is cut away before.
fn append(path: &Path, line: &Value) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path)?;
    let mut known = Vec::new();
    file.read_to_end(&mut known)?;
    let whole = known.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    file.set_len(whole as u64)?;
    file.seek(SeekFrom::Start(whole as u64))?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture need not be durable")]
    fn a_torn_line_is_cut_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOG);
        append(&path, &json!({"round": 1})).unwrap();
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "{\"rou").unwrap();
        append(&path, &json!({"round": 2})).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"round\":1}\n{\"round\":2}\n");
    }
}
