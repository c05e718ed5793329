//! HTTP: one table of routes feeds the router, the guard, the OpenAPI description and the tests.

mod about;
mod body;
mod guard;
mod infer;
mod openapi;
mod page;
mod repository;
mod routes;
#[cfg(test)]
mod tests;

pub(crate) use about::{EXTENSIONS, PLATFORM, SERVER, VERSION};
pub(crate) use guard::Client;
pub(crate) use routes::router;
