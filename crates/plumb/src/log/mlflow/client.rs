//! Requests to an MLflow server: each under a time-out, tried again while the server is away, given up after a bound.

use std::fmt;
use std::time::Duration;

use plumb_ledger::base64;
use serde_json::Value;

use crate::log::Patience;
use crate::outgoing;

/// For a whole request, connecting included: a loopback server needs milliseconds, one that is starting some seconds.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Before the second try; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Between tries at most.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a server may be away before it is given up: it may be restarted or moved meanwhile.
const GIVE_UP: Duration = Duration::from_mins(15);
/// Bytes of an answer: those to our requests have a few hundred for each tag and parameter of the run.
const ANSWER: u64 = 8 << 20;
/// Characters of an error of the server that are passed on.
const SHOWN: usize = 300;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be reached, or says that it cannot work now.
    Away(String),
    /// The server understood, and refuses.
    Refused {
        /// The HTTP status.
        status: u16,
        /// MLflow's word for it: `RESOURCE_DOES_NOT_EXIST`.
        code: String,
        /// What it says.
        message: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "does not answer ({why})"),
            Self::Refused { status: status @ (401 | 403), .. } => write!(
                f,
                "refuses access (HTTP {status}); `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and \
                 `MLFLOW_TRACKING_PASSWORD`, in the environment give it"
            ),
            Self::Refused { status, code, message } => write!(f, "refuses (HTTP {status} {code}: {message})"),
        }
    }
}

/// The server of a tracking address.
pub(super) struct Client {
    agent: ureq::Agent,
    address: String,
    /// The value of the header `Authorization`. It is a secret: it stands in no message and no file.
    authorization: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client {{ address: {:?}, .. }}", self.address)
    }
}

impl Client {
    /// A client for `address`; nothing is sent yet.
    pub(super) fn new(address: &str, authorization: Option<String>) -> Self {
        let address = address.trim_end_matches('/').to_owned();
        Self { agent: outgoing::agent(None), address, authorization }
    }

    /// The server's address.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Asks, as often as `patience` allows while the server is away.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)], patience: &Patience<'_>) -> Answer {
        self.until_answered(patience, |timeout| {
            let request = self.authorized(self.agent.get(self.url(path)).query_pairs(query.iter().copied()));
            answer(request.config().timeout_global(Some(timeout)).build().call())
        })
    }

    /// Sends, as often as `patience` allows while the server is away. The server must take a second time as the first one.
    pub(super) fn post(&self, path: &str, body: &Value, patience: &Patience<'_>) -> Answer {
        self.until_answered(patience, |timeout| self.post_once(path, body, timeout))
    }

    /// Sends a single time.
    pub(super) fn post_once(&self, path: &str, body: &Value, timeout: Duration) -> Answer {
        let request = self.authorized(self.agent.post(self.url(path)).content_type("application/json"));
        answer(request.config().timeout_global(Some(timeout)).build().send(body.to_string()))
    }

    fn authorized<Body>(&self, request: ureq::RequestBuilder<Body>) -> ureq::RequestBuilder<Body> {
        match &self.authorization {
            Some(secret) => request.header("Authorization", secret),
            None => request,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/2.0/mlflow/{path}", self.address)
    }

    /// Tries `once`, which is told how long it may take, until it has an answer or `patience` ends.
    pub(super) fn until_answered(
        &self,
        patience: &Patience<'_>,
        mut once: impl FnMut(Duration) -> Answer,
    ) -> Answer {
        let begun = patience.now();
        let mut pause = FIRST_PAUSE;
        loop {
            let timeout = patience.left().map_or(TIMEOUT, |left| left.min(TIMEOUT));
            if timeout.is_zero() {
                return Err(Failure::Away("no time was left".to_owned()));
            }
            let why = match once(timeout) {
                Err(Failure::Away(why)) => why,
                answer => {
                    patience.sign();
                    return answer;
                }
            };
            let (first, over) = (pause == FIRST_PAUSE, patience.left().is_some());
            // When the run is over, one try must do for a server that was away before.
            if over && !first || patience.now().saturating_sub(begun) > GIVE_UP {
                return Err(Failure::Away(why));
            }
            if first && !over {
                patience.say(&format!("{} does not answer ({why}), trying again meanwhile", self.address));
            }
            patience.wait(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.map_err(|error| failure(&error))?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER).read_to_vec();
    let body: Value = serde_json::from_slice(&body.map_err(|error| failure(&error))?).unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().chars().take(SHOWN).collect::<String>();
    let (code, message) = (text("error_code"), text("message"));
    // Too many requests, a server that is starting, or one that has a fault of its own for the moment.
    let is_away = status == 429 || status >= 500 || code == "TEMPORARILY_UNAVAILABLE";
    Err(if is_away {
        Failure::Away(format!("HTTP {status}"))
    } else {
        Failure::Refused { status, code, message }
    })
}

/// What a request leads to: the JSON of the answer, null where it is none.
pub(super) type Answer = Result<Value, Failure>;

/// Only an address or a certificate that is wrong stays so.
fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Http(_)
        | ureq::Error::BadUri(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::TooManyRedirects
        | ureq::Error::RedirectFailed
        | ureq::Error::BodyExceedsLimit(_)
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_) => {
            Failure::Refused { status: 0, code: "no MLflow server".to_owned(), message: error.to_string() }
        }
        other => Failure::Away(other.to_string()),
    }
}

/// The header that MLflow's own clients would send: of a token, or of a name and a password.
pub(super) fn authorization(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match (set("MLFLOW_TRACKING_USERNAME"), set("MLFLOW_TRACKING_PASSWORD")) {
        (Some(name), Some(password)) => {
            Some(format!("Basic {}", base64(format!("{name}:{password}").as_bytes())))
        }
        _ => set("MLFLOW_TRACKING_TOKEN").map(|token| format!("Bearer {token}")),
    }
}
