//! A model server under limits, what it remembers of its traffic, and what that says about the world.
//!
//! It knows neither tensors nor networks: the binary hands in what answers ([`Served`]), and what is told about each answer
//! ([`observe::Observer`]).

#![forbid(unsafe_code)]

pub mod observe;
mod served;
pub mod signature;

pub use served::{ServeError, Served};
pub use signature::Signature;
