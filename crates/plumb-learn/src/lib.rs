//! Models, their training and its live checks, on Burn.
//!
//! A [`network::Network`] maps a [`batches::Batch`] to outputs. Its values live in tensors while it computes and
//! in plain slices ([`parameters`]) where they are updated, stored and hashed.

#![forbid(unsafe_code)]

// Linked for its cargo feature: run-time dispatch to AVX-512 kernels in Burn's own matrix products.
use gemm as _;

pub mod batches;
mod combiner;
pub mod compress;
pub mod encoders;
pub mod explain;
pub mod export;
pub mod layers;
pub mod losses;
pub mod model;
pub mod models;
pub mod network;
pub mod optim;
pub mod parameters;
pub mod predict;
pub mod preflight;
pub mod presets;
pub mod pretrained;
pub mod rate_finder;
pub mod schedules;
pub mod train;
mod trial;
pub mod watch;
