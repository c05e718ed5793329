//! What makes training fast on a CPU and is not the engine's own.
//!
//! The only crate of Plumb that may use `unsafe`; each use says why it is sound.

pub mod memory;
