//! One file for each command: its arguments and what it does.

pub(crate) mod completions;
pub(crate) mod explain_key;
pub(crate) mod practices;
pub(crate) mod schema;
