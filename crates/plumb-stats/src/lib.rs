//! Statistics of Plumb, as pure functions: slices in, numbers out, no IO.
//!
//! Every function names its convention and is held against a reference implementation: the golden files in
//! `tests/golden/` are made by `oracles/stats.py`. Nothing here panics on data: an undefined figure is `None`.

#![forbid(unsafe_code)]

pub mod attribution;
pub mod calibration;
pub mod conformal;
pub mod confusion;
pub mod curves;
pub mod describe;
mod distributions;
pub mod drift;
pub mod effect;
pub mod expected;
pub mod intervals;
pub mod isotonic;
mod least_squares;
pub mod metrics;
pub mod mmd;
pub mod multilabel;
pub mod multiplicity;
pub mod noise;
pub mod online;
mod outcome;
mod ranks;
pub mod resample;
pub mod reweighing;
pub mod sequential;
mod task;
pub mod tests;
pub mod thresholds;

pub use confusion::{ClassReport, confusion};
pub use intervals::{Bootstrap, Interval, Method, bootstrap, bootstrap_all};
pub use metrics::{Direction, METRICS, Metric, metric};
pub use outcome::{Outcome, most_probable};
pub use task::Task;
