//! What the server answers where it has no answer: one table of errors for HTTP, gRPC, the OpenAPI description and the tests.

use tonic::Code;

use crate::ServeError;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The body or the address cannot be understood, or goes with no input of the model.
    Bad,
    /// No token, or a wrong one.
    NoToken,
    /// A page of another host sent it, or what it asks for is switched off.
    Forbidden,
    /// No such address, model or version.
    NotFound,
    /// The address knows other methods.
    WrongMethod,
    /// The client took too long to send its body.
    SlowBody,
    /// More bytes than the limit.
    TooLarge,
    /// Another kind of body than the address takes.
    MediaType,
    /// The request is for another host.
    WrongHost,
    /// More requests than the rate of one client.
    TooMany,
    /// The model failed, or a fault of Plumb.
    Failed,
    /// The queue is full, the model is not loaded, or the server is ending.
    Unavailable,
    /// No answer in the time of a request.
    TimedOut,
}

/// An error of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Which.
    pub(crate) kind: ErrorKind,
    /// Its status over HTTP.
    pub(crate) status: u16,
    /// Its status over gRPC.
    pub(crate) code: Code,
    /// One sentence.
    pub(crate) words: &'static str,
}

const fn row(kind: ErrorKind, status: u16, code: Code, words: &'static str) -> Row {
    Row { kind, status, code, words }
}

/// Every error.
pub(crate) static ERRORS: [Row; 13] = [
    row(ErrorKind::Bad, 400, Code::InvalidArgument, "the request goes with no input of the model"),
    row(ErrorKind::NoToken, 401, Code::Unauthenticated, "the token is missing or wrong"),
    row(ErrorKind::Forbidden, 403, Code::PermissionDenied, "the request is not allowed here"),
    row(ErrorKind::NotFound, 404, Code::NotFound, "there is no such address, model or version"),
    row(ErrorKind::WrongMethod, 405, Code::Unimplemented, "the address knows other methods"),
    row(ErrorKind::SlowBody, 408, Code::DeadlineExceeded, "the body came too slowly"),
    row(ErrorKind::TooLarge, 413, Code::ResourceExhausted, "the body is larger than the limit"),
    row(ErrorKind::MediaType, 415, Code::InvalidArgument, "the body is of a kind that is not read here"),
    row(ErrorKind::WrongHost, 421, Code::PermissionDenied, "the request is for another host"),
    row(ErrorKind::TooMany, 429, Code::ResourceExhausted, "more requests than one client may make"),
    row(ErrorKind::Failed, 500, Code::Internal, "the model failed"),
    row(ErrorKind::Unavailable, 503, Code::Unavailable, "too many requests wait, or the model is not ready"),
    row(ErrorKind::TimedOut, 504, Code::DeadlineExceeded, "no answer in time"),
];

/// An error with what is known of this case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Which.
    pub kind: ErrorKind,
    /// One lower-case sentence that names what and where, without anything of the request's contents but names.
    pub message: String,
}

impl ApiError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The sentence of the table.
    pub(crate) fn plain(kind: ErrorKind) -> Self {
        Self::new(kind, kind.row().words)
    }

    /// The request cannot be understood.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bad, message)
    }
}

impl ErrorKind {
    /// Its row of the table.
    pub(crate) fn row(self) -> &'static Row {
        // The test holds that every kind has a row.
        ERRORS.iter().find(|row| row.kind == self).unwrap_or(&ERRORS[10])
    }
}

impl From<ServeError> for ApiError {
    fn from(error: ServeError) -> Self {
        let kind = if matches!(error, ServeError::Asked(_)) { ErrorKind::Bad } else { ErrorKind::Failed };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_with_a_status_of_its_own() {
        for (at, row) in ERRORS.iter().enumerate() {
            assert_eq!(row.kind.row().status, row.status);
            assert!(ERRORS[..at].iter().all(|other| other.status < row.status), "{row:?}");
            assert!((400..600).contains(&row.status) && !row.words.ends_with('.'));
            assert_ne!(row.code, Code::Ok);
        }
    }
}
