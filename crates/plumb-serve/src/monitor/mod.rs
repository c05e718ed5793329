//! What a server remembers of its traffic, and what that says about the world.
//!
//! ```text
//! answers -> recorder -> segments -> log -> windows -> figures -> verdicts
//!                                             |
//!                        reference sample ----+
//! ```
//!
//! The recorder stands between nobody and an answer: what does not fit is dropped and counted. The rest is a function of files.

mod compare;
pub mod figures;
mod layout;
mod look;
pub mod practices;
mod quality;
mod reader;
mod recorder;
mod rows;
mod sample;
mod segments;
mod settings;
mod skew;
mod windows;
mod writer;

pub use figures::Figures;
pub use look::Look;
pub use quality::Labels;
pub use windows::Mode;

pub use layout::{Layout, logged_name};
pub use reader::{Log, Logged, Wanted, read_log};
pub use recorder::{Counts, Recorder};
pub use rows::{Embeddings, Rows};
pub use sample::{Sample, Truth};
pub use segments::{Segment, segments};
pub use settings::{LogError, LogSettings};
