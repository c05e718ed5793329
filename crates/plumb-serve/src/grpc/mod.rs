//! The Open Inference Protocol over gRPC, and gRPC's own health checks, on the port of HTTP: the same models, limits and guard.
//!
//! What `proto/` declares is made into code by `cargo run --release -p xtask -- proto` and kept in `generated/`.

mod health;
mod messages;
mod service;

use std::sync::Arc;

use axum::Router;

use crate::{ApiError, App};

/// Messages and services of the protocol.
#[expect(clippy::all, clippy::pedantic, unreachable_pub, reason = "made by a program")]
mod inference {
    include!("generated/inference.rs");
}

/// Messages and services of gRPC's health checks.
#[expect(clippy::all, clippy::pedantic, unreachable_pub, reason = "made by a program")]
mod grpc_health {
    include!("generated/grpc.health.v1.rs");
}

use grpc_health::health_server::HealthServer;
use inference::grpc_inference_service_server::GrpcInferenceServiceServer;

/// The address of the health check, which answers without a token.
pub(crate) const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// The addresses of the protocol.
const INFERENCE: &str = "/inference.GRPCInferenceService/{rpc}";
/// Bytes of a question for the health.
const QUESTION: usize = 1 << 10;

/// Adds the services to the addresses of HTTP.
pub(crate) fn add(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    let limit = app.limits().body;
    let inference = GrpcInferenceServiceServer::new(service::Service(Arc::clone(app)));
    let inference = inference.max_decoding_message_size(limit).max_encoding_message_size(usize::MAX);
    let health = HealthServer::new(health::Checks(Arc::clone(app))).max_decoding_message_size(QUESTION);
    router.route_service(INFERENCE, inference).route_service(HEALTH, health)
}

impl From<ApiError> for tonic::Status {
    fn from(error: ApiError) -> Self {
        Self::new(error.kind.row().code, error.message)
    }
}
