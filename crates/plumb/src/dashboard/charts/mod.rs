//! Charts that the report does not have: curves that show what is no number, spreads over time.

pub(super) mod curves;
pub(super) mod ridges;
