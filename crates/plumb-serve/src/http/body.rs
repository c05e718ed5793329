//! The body of a request, under limits: its bytes before and after decompression, its time, and the memory of all requests.

use std::io::Read as _;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use bytes::{Bytes, BytesMut};
use flate2::read::{GzDecoder, ZlibDecoder};
use http_body_util::BodyExt as _;

use crate::held::Held;
use crate::{ApiError, App, ErrorKind};

/// Bodies that are read; `curl -d` names the last one whatever it sends.
const MEDIA: [&str; 3] =
    ["application/json", "application/octet-stream", "application/x-www-form-urlencoded"];

/// The text of a header.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// How many bytes a body has, where the client says so and they are not compressed.
pub(super) fn length(request: &Request) -> Option<usize> {
    let headers = request.headers();
    if headers.contains_key(CONTENT_ENCODING) { None } else { stated(headers) }
}

fn stated(headers: &HeaderMap) -> Option<usize> {
    header(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok())
}

/// Reads a body whole, and holds its bytes.
pub(super) async fn read(app: &App, request: Request) -> Result<(Bytes, Held), ApiError> {
    let (head, body) = request.into_parts();
    if let Some(kind) = header(&head.headers, &CONTENT_TYPE) {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !MEDIA.contains(&kind.as_str()) {
            return Err(ApiError::plain(ErrorKind::MediaType));
        }
    }
    let limit = app.limits().body;
    if stated(&head.headers).is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut held = app.budget.hold();
    let reading = collect(body, limit, &mut held);
    let bytes = tokio::time::timeout(app.limits().body_time, reading).await;
    let bytes = bytes.unwrap_or_else(|_late| Err(ApiError::plain(ErrorKind::SlowBody)))?;
    let bytes = match header(&head.headers, &CONTENT_ENCODING).map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity" | "") => bytes,
        Some("gzip") => inflated(GzDecoder::new(bytes.as_ref()), limit, &mut held)?,
        Some("deflate") => inflated(ZlibDecoder::new(bytes.as_ref()), limit, &mut held)?,
        Some(_) => {
            return Err(ApiError::new(ErrorKind::MediaType, "bodies are compressed by gzip or deflate"));
        }
    };
    Ok((bytes, held))
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorKind::TooLarge, format!("a body has {limit} bytes at most"))
}

async fn collect(mut body: Body, limit: usize, held: &mut Held) -> Result<Bytes, ApiError> {
    let mut all = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| ApiError::bad("the body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + first.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        held.more(data.len())?;
        // Most bodies are one piece, which need not be copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn inflated(decoder: impl std::io::Read, limit: usize, held: &mut Held) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    let mut piece = decoder.take(limit as u64 + 1);
    let read = piece.read_to_end(&mut bytes);
    read.map_err(|_damaged| ApiError::bad("the compressed body is damaged"))?;
    if bytes.len() > limit {
        return Err(too_large(limit));
    }
    held.more(bytes.len())?;
    Ok(bytes.into())
}
