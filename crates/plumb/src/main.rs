//! The `plumb` binary.

#[cfg_attr(not(test), expect(dead_code, reason = "`plumb run` draws the report"))]
mod report;

fn main() {}
