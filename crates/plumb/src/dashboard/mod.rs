//! `plumb ui`: the runs of a folder in a browser, as they are now.
//!
//! Pages are made here, by the templates and the charts of the report, and can be read without script; one script of our
//! own adds zoom, values under the pointer or the cursor, smoothing, and curves that move while a run trains. Everything is read from the run
//! folders ([`store`]), nothing is written, and no request can change anything. Who may ask is settled in one place
//! ([`guard`]); which addresses there are in one table ([`routes`]).

mod app;
mod charts;
mod guard;
mod live;
mod pages;
mod refusal;
mod routes;
mod server;
pub(crate) mod store;
pub(crate) mod terminal;

#[cfg(test)]
mod tests;

pub(crate) use app::App;
pub(crate) use guard::Guard;
pub(crate) use server::{Ending, serve};
