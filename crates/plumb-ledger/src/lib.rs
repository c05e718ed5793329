//! The spine of Plumb: what a practice is, what a verdict is, and where they are written.
//!
//! This crate knows no data and no tensor. Every other crate stands on it.

#![forbid(unsafe_code)]

pub mod atomic;
mod base64;
pub mod clock;
pub mod digest;
pub mod exit_code;
pub mod explain;
pub mod ledger;
pub mod limits;
pub mod lock;
pub mod nearest;
pub mod practice;
pub mod seed;
pub mod verdict;

pub use base64::{base64, from_base64};
pub use digest::Sha256;
pub use exit_code::ExitCode;
pub use explain::Explain;
pub use ledger::{Entry, Ledger};
pub use limits::Limits;
pub use practice::{Page, Practice, Source, Threshold};
pub use seed::{Seed, Stream};
pub use verdict::{Evidence, Judgement, Verdict};
