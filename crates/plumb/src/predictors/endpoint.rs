//! A model behind an address that speaks the Open Inference Protocol, version 2, over HTTP: KServe, Triton, MLServer, OpenVINO, Seldon.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use plumb_data::{PredictError, Predictions, Predictor, Table, Target};
use plumb_ledger::{ExitCode, Explain};
use plumb_stats::Task;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Opened;
use super::wiring::{Declared, Element, Elements, Tensor, Wiring, WiringError, WiringOptions};
use crate::fault::Fault;
use crate::outgoing;

/// For a request, connecting included: a large network takes seconds for a batch on a small machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Rows of a request: enough that its cost does not count, few enough for servers that limit bodies to a mebibyte.
const ROWS: usize = 256;
/// Numbers of pictures of a request: one of 224 x 224 in colours, some megabytes as text.
const NUMBERS: usize = 1 << 18;
/// Bytes of an answer: 256 rows of ten thousand classes as text.
const ANSWER: u64 = 64 << 20;
/// Characters of an answer that are passed on.
const SHOWN: usize = 300;

/// Why a server could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointError {
    /// The address names no model.
    #[error("the address names no model: {0}")]
    Address(String),
    /// It does not answer.
    #[error("no answer ({why}): {url}")]
    Away {
        /// What happened.
        why: String,
        /// Whom was asked.
        url: String,
    },
    /// It refuses.
    #[error("refused (HTTP {status}: {said}): {url}")]
    Refused {
        /// The status.
        status: u16,
        /// What it says.
        said: String,
        /// Whom was asked.
        url: String,
    },
    /// Its answer is not of the protocol.
    #[error("the answer is not of the Open Inference Protocol ({why}): {url}")]
    Foreign {
        /// What is wrong with it.
        why: String,
        /// Whom was asked.
        url: String,
    },
    /// Its tensors do not go with the table.
    #[error(transparent)]
    Wiring(#[from] WiringError),
}

impl Explain for EndpointError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Address(_) => Some(
                "`http://HOST:PORT/v2/models/NAME`, a version after it if need be: `/versions/1`".to_owned(),
            ),
            Self::Away { .. } => Some("is the server running, and is the model loaded?".to_owned()),
            Self::Refused { status: 401 | 403, .. } => {
                Some("the environment's `PLUMB_TOKEN` is sent as a bearer token".to_owned())
            }
            Self::Refused { .. } | Self::Foreign { .. } => Some(
                "ask the address for the model's metadata by hand: its inputs and outputs must be listed"
                    .to_owned(),
            ),
            Self::Wiring(error) => error.hint(),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Address(_) | Self::Wiring(_) => ExitCode::Usage,
            _ => ExitCode::Failed,
        }
    }
}

/// `GET v2/models/NAME`.
#[derive(Debug, Deserialize)]
struct Metadata {
    inputs: Vec<Described>,
    outputs: Vec<Described>,
}

#[derive(Debug, Deserialize)]
struct Described {
    name: String,
    datatype: String,
    shape: Vec<i64>,
}

/// An answer of `POST v2/models/NAME/infer`.
#[derive(Debug, Deserialize)]
struct Answer {
    outputs: Vec<Output>,
}

#[derive(Debug, Deserialize)]
struct Output {
    name: String,
    data: Vec<Value>,
}

/// A server with the table's columns tied to its model.
struct Endpoint {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
    wiring: Wiring,
    task: Task,
    /// The type of each input, as the server names it.
    types: BTreeMap<String, String>,
}

/// Whether a predictor is named by an address.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Asks the server what the model takes, and ties it to the table. One request.
pub(super) fn open(
    url: &str,
    table: &Table,
    target: &Target,
    options: &WiringOptions<'_>,
) -> Result<Opened, Fault> {
    let url = url.trim_end_matches('/').trim_end_matches("/infer").to_owned();
    if !url.contains("/v2/models/") {
        return Err(EndpointError::Address(url).into());
    }
    let agent = outgoing::agent(Some(TIMEOUT));
    let token = std::env::var("PLUMB_TOKEN").ok().filter(|token| !token.is_empty());
    let request = authorized(agent.get(&url), token.as_deref());
    let metadata: Metadata = read(request.call(), &url)?;
    let declared = |all: &[Described]| all.iter().filter_map(Described::declared).collect::<Vec<_>>();
    let wiring =
        Wiring::new(&declared(&metadata.inputs), &declared(&metadata.outputs), table, target, options)?;
    let types = metadata.inputs.into_iter().map(|input| (input.name, input.datatype)).collect();
    let remarks = vec![wiring.in_words()];
    let target = target.knowing(&wiring.classes);
    let endpoint = Endpoint { agent, url, token, task: target.task, wiring, types };
    Ok(Opened { predictor: Box::new(endpoint), rows: None, table: table.clone(), target, remarks })
}

fn authorized<Body>(request: ureq::RequestBuilder<Body>, token: Option<&str>) -> ureq::RequestBuilder<Body> {
    match token {
        Some(token) => request.header("Authorization", format!("Bearer {token}")),
        None => request,
    }
}

/// The body of an answer, under a limit, as what it should be.
fn read<T: serde::de::DeserializeOwned>(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    url: &str,
) -> Result<T, EndpointError> {
    let away = |why: String| EndpointError::Away { why, url: url.to_owned() };
    let mut answer = answer.map_err(|error| away(error.to_string()))?;
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .take(ANSWER)
        .read_to_end(&mut bytes)
        .map_err(|error| away(error.to_string()))?;
    if !answer.status().is_success() {
        let said: String = String::from_utf8_lossy(&bytes).chars().take(SHOWN).collect();
        return Err(EndpointError::Refused { status, said, url: url.to_owned() });
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| EndpointError::Foreign { why: error.to_string(), url: url.to_owned() })
}

impl Described {
    /// None of a type that no column fills.
    fn declared(&self) -> Option<Declared> {
        let element = match self.datatype.as_str() {
            "FP16" | "BF16" | "FP32" | "FP64" => Element::Float,
            "INT8" | "INT16" | "INT32" | "INT64" | "UINT8" | "UINT16" | "UINT32" | "UINT64" => Element::Whole,
            "BOOL" => Element::Truth,
            "BYTES" => Element::Text,
            _ => return None,
        };
        let shape = self.shape.iter().map(|&extent| usize::try_from(extent).ok()).collect();
        Some(Declared { name: self.name.clone(), element, shape })
    }
}

impl Endpoint {
    fn ask(&self, inputs: &[Tensor]) -> Result<Vec<f64>, EndpointError> {
        let inputs: Vec<Value> =
            inputs.iter().map(|tensor| self.written(tensor)).collect::<Result<_, _>>()?;
        let body = json!({"inputs": inputs, "outputs": [{"name": self.wiring.output}]});
        let url = format!("{}/infer", self.url);
        let request =
            authorized(self.agent.post(&url).content_type("application/json"), self.token.as_deref());
        let answer: Answer = read(request.send(body.to_string()), &url)?;
        let foreign = |why: &str| EndpointError::Foreign { why: why.to_owned(), url: url.clone() };
        let output = answer.outputs.into_iter().find(|output| output.name == self.wiring.output);
        let data = output.ok_or_else(|| foreign("the output is missing"))?.data;
        flat(data).ok_or_else(|| foreign("an output is no number"))
    }
}

/// Numbers that may stand in nested lists.
fn flat(data: Vec<Value>) -> Option<Vec<f64>> {
    let mut numbers = Vec::with_capacity(data.len());
    for value in data {
        match value {
            Value::Array(inner) => numbers.extend(flat(inner)?),
            value => numbers.push(value.as_f64()?),
        }
    }
    Some(numbers)
}

impl Endpoint {
    /// A tensor as the protocol writes it.
    fn written(&self, tensor: &Tensor) -> Result<Value, WiringError> {
        let data = match &tensor.elements {
            Elements::Floats(values) => {
                if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                    let (width, column) = (tensor.shape.get(1).copied().unwrap_or(1), tensor.name.clone());
                    let value = "nothing, or no finite number,".to_owned();
                    return Err(WiringError::Value {
                        column,
                        row: at / width.max(1),
                        value,
                        element: "numbers, which JSON writes",
                    });
                }
                json!(values)
            }
            Elements::Whole(values) => json!(values),
            Elements::Truths(values) => json!(values),
            Elements::Texts(values) => json!(values),
        };
        Ok(
            json!({"name": tensor.name, "shape": tensor.shape, "datatype": self.types.get(&tensor.name), "data": data}),
        )
    }
}

impl Predictor for Endpoint {
    fn task(&self) -> Task {
        self.task
    }

    fn classes(&self) -> &[String] {
        &self.wiring.classes
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let values = self.wiring.ask(table, rows, (ROWS, NUMBERS), |inputs| self.ask(&inputs));
        let values = values.map_err(|error| PredictError { message: error.to_string() })?;
        self.wiring
            .predictions(values, rows.len())
            .map_err(|error| PredictError { message: error.to_string() })
    }
}
