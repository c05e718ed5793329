//! Models, training and its live checks, on Burn

pub mod optim;
pub mod schedules;
