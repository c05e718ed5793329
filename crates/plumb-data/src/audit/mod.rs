//! The `data.*` practices: one file each, one row each in the table.
