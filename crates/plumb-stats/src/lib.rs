//! Statistics of Plumb, as pure functions: slices in, numbers out, no IO.
//!
//! Every function names its convention and is held against a reference implementation (`oracles/`).

mod task;

pub use task::Task;
