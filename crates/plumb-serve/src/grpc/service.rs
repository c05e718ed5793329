//! The calls of the protocol.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Response, Status};

use super::inference::grpc_inference_service_server::GrpcInferenceService;
use super::inference::model_metadata_response::TensorMetadata;
use super::inference::repository_index_response::ModelIndex;
use super::inference::{
    ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest,
    ModelReadyResponse, RepositoryIndexRequest, RepositoryIndexResponse, RepositoryModelLoadRequest,
    RepositoryModelLoadResponse, RepositoryModelUnloadRequest, RepositoryModelUnloadResponse,
    ServerLiveRequest, ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse, ServerReadyRequest,
    ServerReadyResponse,
};
use super::messages;
use crate::http::{EXTENSIONS, PLATFORM, SERVER, VERSION};
use crate::oip;
use crate::{ApiError, App, ErrorKind, Port};

/// Answers the calls.
#[derive(Debug)]
pub(super) struct Service(pub(super) Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

/// A version that is not named is that in use.
fn named(version: &str) -> Option<&str> {
    Some(version).filter(|version| !version.is_empty())
}

fn metadata(ports: &[Port]) -> Vec<TensorMetadata> {
    let port = |port: &Port| TensorMetadata {
        name: port.name.clone(),
        datatype: port.datatype.as_str().to_owned(),
        shape: port.shape.clone(),
    };
    ports.iter().map(port).collect()
}

/// How long a client waits, as the header `grpc-timeout` says it: up to eight digits and a unit.
fn timeout<T>(request: &Request<T>) -> Option<Duration> {
    let text = request.metadata().get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = if digits.len() <= 8 { digits.parse().ok()? } else { return None };
    Some(match unit {
        "H" => Duration::from_hours(count),
        "M" => Duration::from_mins(count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

impl Service {
    async fn infer(&self, request: Request<ModelInferRequest>) -> Result<ModelInferResponse, ApiError> {
        let app = &self.0;
        let patience = timeout(&request);
        let request = request.into_inner();
        let (model, version) = (request.model_name.clone(), request.model_version.clone());
        let known = app.hub.lane(&model, named(&version))?;
        let bytes = prost::Message::encoded_len(&request);
        let _place = app.place(&known, Some(bytes)).await?;
        let mut held = app.budget.hold();
        held.more(bytes)?;
        let asked = messages::asked(request, app.limits());
        let mut asked = asked.inspect_err(|error| known.stats().refused(error.kind))?;
        let id = asked.id.clone().unwrap_or_else(|| app.new_id());
        let chosen = app.hub.choose(&model, named(&version), &id)?;
        let payload = asked.payload(&chosen.lane, app.limits());
        let payload = payload.inspect_err(|error| chosen.lane.stats().refused(error.kind))?;
        let patience = asked.timeout.into_iter().chain(patience).min();
        let outcome = app.ask(&chosen, payload, &id, (held, patience)).await?;
        let outputs = oip::outputs(outcome, &chosen.lane, &asked.outputs)?;
        let loaded = chosen.lane.loaded();
        Ok(messages::written((loaded.name(), loaded.version()), &asked, outputs))
    }

    /// Changes which models are there, where the operator allows it.
    async fn control(
        &self,
        name: String,
        change: fn(&App, &str) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        if !self.0.settings.allows_control {
            return Err(ApiError::new(
                ErrorKind::Forbidden,
                "models are not loaded or unloaded by clients here",
            ));
        }
        let app = Arc::clone(&self.0);
        let changing = tokio::task::spawn_blocking(move || change(&app, &name));
        changing.await.unwrap_or_else(|_panic| Err(ApiError::plain(ErrorKind::Failed)))
    }
}

#[tonic::async_trait]
impl GrpcInferenceService for Service {
    async fn server_live(&self, _: Request<ServerLiveRequest>) -> Answer<ServerLiveResponse> {
        Ok(Response::new(ServerLiveResponse { live: true }))
    }

    async fn server_ready(&self, _: Request<ServerReadyRequest>) -> Answer<ServerReadyResponse> {
        Ok(Response::new(ServerReadyResponse { ready: self.0.hub.is_ready() }))
    }

    async fn model_ready(&self, request: Request<ModelReadyRequest>) -> Answer<ModelReadyResponse> {
        let request = request.into_inner();
        let found = self.0.hub.lane(&request.name, named(&request.version));
        Ok(Response::new(ModelReadyResponse { ready: found.is_ok() && self.0.hub.is_open() }))
    }

    async fn server_metadata(&self, _: Request<ServerMetadataRequest>) -> Answer<ServerMetadataResponse> {
        Ok(Response::new(ServerMetadataResponse {
            name: SERVER.to_owned(),
            version: VERSION.to_owned(),
            extensions: EXTENSIONS.map(str::to_owned).into(),
        }))
    }

    async fn model_metadata(&self, request: Request<ModelMetadataRequest>) -> Answer<ModelMetadataResponse> {
        let request = request.into_inner();
        let lane = self.0.hub.lane(&request.name, named(&request.version))?;
        let entry = self.0.hub.entry(&request.name)?;
        Ok(Response::new(ModelMetadataResponse {
            name: lane.loaded().name().to_owned(),
            versions: entry.lanes().map(|lane| lane.loaded().version().to_owned()).collect(),
            platform: PLATFORM.to_owned(),
            inputs: metadata(lane.inputs()),
            outputs: metadata(lane.outputs()),
        }))
    }

    async fn model_infer(&self, request: Request<ModelInferRequest>) -> Answer<ModelInferResponse> {
        Ok(Response::new(self.infer(request).await?))
    }

    async fn repository_index(
        &self,
        request: Request<RepositoryIndexRequest>,
    ) -> Answer<RepositoryIndexResponse> {
        let only_ready = request.into_inner().ready;
        let mut models = Vec::new();
        for (name, entry) in self.0.hub.list() {
            let index = |version: &str, state: &str, reason: &str| ModelIndex {
                name: name.clone(),
                version: version.to_owned(),
                state: state.to_owned(),
                reason: reason.to_owned(),
            };
            match entry {
                Some(entry) => {
                    models.extend(entry.lanes().map(|lane| index(lane.loaded().version(), "READY", "")));
                }
                None if only_ready => {}
                None => models.push(index("", "UNAVAILABLE", "unloaded")),
            }
        }
        Ok(Response::new(RepositoryIndexResponse { models }))
    }

    async fn repository_model_load(
        &self,
        request: Request<RepositoryModelLoadRequest>,
    ) -> Answer<RepositoryModelLoadResponse> {
        self.control(request.into_inner().model_name, |app, name| app.hub.load(name)).await?;
        Ok(Response::new(RepositoryModelLoadResponse {}))
    }

    async fn repository_model_unload(
        &self,
        request: Request<RepositoryModelUnloadRequest>,
    ) -> Answer<RepositoryModelUnloadResponse> {
        self.control(request.into_inner().model_name, |app, name| app.hub.unload(name)).await?;
        Ok(Response::new(RepositoryModelUnloadResponse {}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_patience_is_read() {
        let of = |text: &str| {
            let mut request = Request::new(());
            request.metadata_mut().insert("grpc-timeout", text.parse().unwrap());
            timeout(&request)
        };
        assert_eq!(of("250m"), Some(Duration::from_millis(250)));
        assert_eq!(of("99999999H"), Some(Duration::from_hours(99_999_999)));
        for text in ["", "S", "5", "5s", "123456789S", "-1S", "1.5S"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
