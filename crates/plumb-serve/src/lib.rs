//! A model server under limits, what it remembers of its traffic, and what that says about the world.
//!
//! It knows neither tensors nor networks: the binary hands in what answers ([`Served`]), and what is told about each answer
//! ([`observe::Observer`]). A request goes from a socket ([`serve`]) through the guard and the table of routes to a model's queue
//! ([`Lane`]), where requests of many clients become one batch; models are found by name in the [`Hub`].

#![forbid(unsafe_code)]

pub mod access;
mod app;
mod cells;
mod error;
pub mod explain;
#[cfg(test)]
mod fixture;
mod grpc;
mod held;
mod http;
mod hub;
mod json;
mod lane;
mod limits;
pub mod monitor;
pub mod observe;
mod oip;
mod rate;
mod rows;
mod served;
mod server;
pub mod signature;
mod stall;
mod stats;
pub mod tensor;
mod tls;
mod turns;

pub use app::{App, Line, Log, Settings};
pub use error::{ApiError, ErrorKind};
pub use hub::{Entry, Hub, Share, Source, is_name};
pub use lane::{Batching, Lane, Telling};
pub use limits::Limits;
pub use served::{Loaded, Network, Port, ServeError, Served};
pub use server::serve;
pub use signature::Signature;
pub use tls::{Tls, TlsError};
pub use turns::Turns;
