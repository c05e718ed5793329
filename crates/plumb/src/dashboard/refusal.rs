//! Why a request gets no answer: its status, one sentence, and what to do.

use axum::http::StatusCode;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such address.
    NoPage,
    /// No such run.
    NoRun(String),
    /// The run has no such curve.
    NoCurve(String),
    /// Something that is no number.
    NoNumber(&'static str),
    /// What was asked cannot be read.
    BadQuery,
    /// The request came for another host.
    WrongHost,
    /// A page of another host sent it.
    WrongOrigin,
    /// It has no token, or a wrong one.
    NoToken,
    /// It would change something.
    WrongMethod,
    /// It has a body.
    HasBody,
    /// Too many others are asking.
    Busy,
    /// The answer took too long.
    TooSlow,
    /// A fault of Plumb.
    Broken,
}

impl Refusal {
    /// One of each, for the tests.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        let text = String::new;
        vec![
            Self::NoPage,
            Self::NoRun(text()),
            Self::NoCurve(text()),
            Self::NoNumber("from"),
            Self::BadQuery,
            Self::WrongHost,
            Self::WrongOrigin,
            Self::NoToken,
            Self::WrongMethod,
            Self::HasBody,
            Self::Busy,
            Self::TooSlow,
            Self::Broken,
        ]
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoPage | Self::NoRun(_) | Self::NoCurve(_) => StatusCode::NOT_FOUND,
            Self::NoNumber(_) | Self::BadQuery => StatusCode::BAD_REQUEST,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::WrongOrigin => StatusCode::FORBIDDEN,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::HasBody => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NoPage => "there is no such page".to_owned(),
            Self::NoRun(id) => format!("there is no run `{id}`"),
            Self::NoCurve(name) => format!("the run has no curve `{name}`"),
            Self::NoNumber(key) => format!("`{key}` is no number"),
            Self::BadQuery => "what stands behind the question mark cannot be read".to_owned(),
            Self::WrongHost => "the request is for another host".to_owned(),
            Self::WrongOrigin => "the request comes from a page of another host".to_owned(),
            Self::NoToken => "the dashboard wants its token".to_owned(),
            Self::WrongMethod => "nothing can be changed here".to_owned(),
            Self::HasBody => "a request here has no body".to_owned(),
            Self::Busy => "too many requests at once".to_owned(),
            Self::TooSlow => "the answer took longer than half a minute".to_owned(),
            Self::Broken => "the page cannot be made: a fault of Plumb".to_owned(),
        }
    }

    /// What to do.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NoPage | Self::NoRun(_) => "the list of runs has an address for each",
            Self::NoCurve(_) => "the page of the run lists its curves",
            Self::NoNumber(_) => "write it as 12 or 0.5",
            Self::BadQuery => "go back and choose again",
            Self::WrongHost => "start with `plumb ui --host NAME` to be asked by that name",
            Self::WrongOrigin => "open the dashboard's own address",
            Self::NoToken => {
                "open the address with `?token=` and what stands in the token file, or send it as a bearer token"
            }
            Self::WrongMethod => "ask with GET or HEAD",
            Self::HasBody => "send the request without one",
            Self::Busy => "ask again in a second",
            Self::TooSlow => "ask for less at once",
            Self::Broken => "please tell the authors what you asked for",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_an_error_with_a_sentence_and_a_hint() {
        for refusal in Refusal::all() {
            assert!(refusal.status().is_client_error() || refusal.status().is_server_error(), "{refusal:?}");
            let sentence = refusal.sentence();
            assert!(!sentence.ends_with('.') && !refusal.hint().is_empty(), "{refusal:?}");
            assert!(sentence.starts_with(|c: char| c.is_lowercase() || c == '`'), "{refusal:?}");
        }
    }
}
