//! Whether the server, or a model, can be asked: for whoever balances load.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::grpc_health::health_check_response::ServingStatus;
use super::grpc_health::health_server::Health;
use super::grpc_health::{HealthCheckRequest, HealthCheckResponse};
use crate::App;

/// The name of the protocol's service.
const SERVICE: &str = "inference.GRPCInferenceService";

/// Answers the checks.
#[derive(Debug)]
pub(super) struct Checks(pub(super) Arc<App>);

#[tonic::async_trait]
impl Health for Checks {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !(service.is_empty() || service == SERVICE) {
            return Err(Status::not_found("there is no such service"));
        }
        let status = if self.0.hub.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(Response::new(HealthCheckResponse { status: status.into() }))
    }
}
