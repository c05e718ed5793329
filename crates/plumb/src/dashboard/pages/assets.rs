//! The files that come with the program: the looks, the script, the icon.

use super::super::app::Answer;
use crate::report::page::STYLE;

const MORE_STYLE: &str = include_str!("../assets/dashboard.css");
const SCRIPT: &str = include_str!("../assets/dashboard.js");
const ICON: &str = include_str!("../assets/icon.svg");

/// The looks of the report, and what the dashboard has beside it.
pub(crate) fn style() -> Answer {
    Answer::Asset { kind: "text/css; charset=utf-8", text: format!("{STYLE}\n{MORE_STYLE}") }
}

/// The script.
pub(crate) fn script() -> Answer {
    Answer::Asset { kind: "text/javascript; charset=utf-8", text: SCRIPT.to_owned() }
}

/// The icon.
pub(crate) fn icon() -> Answer {
    Answer::Asset { kind: "image/svg+xml", text: ICON.to_owned() }
}
