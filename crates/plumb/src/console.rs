//! The two streams: stdout carries the result, stderr the log. Nothing else in Plumb prints.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::fault::Fault;

/// Writes a result to stdout. A reader that went away, as `head` does, ends the process as done.
pub(crate) fn result(text: impl Display) -> Result<(), Fault> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|e| match e.kind() {
        io::ErrorKind::BrokenPipe => Fault::reader_gone(),
        _ => Fault::failed(format!("cannot write the result ({e})")),
    })
}

/// Writes one line to stderr. When stderr is gone there is nobody to tell.
pub(crate) fn log(line: impl Display) {
    let _nobody_to_tell = writeln!(io::stderr().lock(), "{line}");
}

/// Text from data with its control characters made visible, so that a file cannot steer the terminal or
/// forge a line of the log.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_and_direction_overrides_are_shown() {
        assert_eq!(super::visible("a\u{1b}[2J\nb\u{202e}c"), r"a\u{1b}[2J\u{a}b\u{202e}c");
        assert_eq!(super::visible("größe 温度"), "größe 温度");
    }
}
