//! The `data.*` practices: one file each, one row each in the table.

mod column_facts;
mod context;
mod far_values;
mod row_hashes;

pub use context::AuditContext;
