

pub mod batches;
mod combiner;
pub mod encoders;
pub mod layers;
pub mod losses;
pub mod model;
pub mod models;
pub mod network;
pub mod optim;
pub mod parameters;
pub mod predict;
pub mod schedules;
pub mod train;
