//! Schedules: what the rate is multiplied by at each step, a pure function of (step, steps in all).
//!
//! Nothing is remembered, so resuming at any step needs no replay. Lengths inside a schedule are shares of
//! the run: a job keeps its shape when its epochs change. The exception is [`Plateau`], which answers to
//! the valid loss and keeps a small explicit state. Equal to `torch.optim.lr_scheduler` within 1e-12 where
//! torch has the schedule (`oracles/schedules.py`).

mod config;
mod constant;
mod cosine;
mod coslog4;
mod flat_cos;
#[cfg(test)]
mod golden;
mod linear;
mod one_cycle;
mod plateau;
mod step;
mod warm_restarts;
mod warmup;

pub use config::{ScheduleConfig, ScheduleError};
pub use cosine::Cosine;
pub use linear::Linear;
pub use one_cycle::OneCycle;
pub use plateau::{Plateau, PlateauConfig};
pub use step::Step;
pub use warm_restarts::WarmRestarts;

/// From 1 at `share` 0 to 0 at `share` 1 along half a cosine.
fn half_cosine(share: f64) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * share).cos())
}
