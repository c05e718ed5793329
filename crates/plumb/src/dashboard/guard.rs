//! Who may ask, and what every answer says about itself.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use plumb_serve::access::{Hosts, Token};

use super::App;
use super::refusal::Refusal;
use super::routes::plain_refusal;

/// No script, style, picture or connection but the dashboard's own; nothing may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What a request must bring.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The names it may ask for.
    pub(crate) hosts: Hosts,
    /// The token it must know.
    pub(crate) token: Option<Token>,
    /// The port, which tells the cookies of two dashboards apart.
    pub(crate) port: u16,
}

/// What the guard says to a request that is not turned away.
enum Let {
    Through,
    /// The token stood in the address: the browser shall keep it, and ask again without.
    KeepToken,
}

impl Guard {
    fn look(&self, request: &Request) -> Result<Let, Refusal> {
        let headers = request.headers();
        let host = text(headers, &header::HOST).unwrap_or_default();
        let whole = request.uri().host().is_none_or(|host| self.hosts.knows(host));
        if headers.get_all(header::HOST).iter().count() != 1 || !whole || !self.hosts.knows(host) {
            return Err(Refusal::WrongHost);
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Err(Refusal::WrongMethod);
        }
        let empty = text(headers, &header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if !empty || headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Refusal::HasBody);
        }
        if let Some(origin) = headers.get(header::ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            if of != Some(host) {
                return Err(Refusal::WrongOrigin);
            }
        }
        self.token(request)
    }

    fn token(&self, request: &Request) -> Result<Let, Refusal> {
        let Some(token) = &self.token else { return Ok(Let::Through) };
        let headers = request.headers();
        let bearer = text(headers, &header::AUTHORIZATION).and_then(|text| text.strip_prefix("Bearer "));
        if bearer.is_some_and(|bearer| token.is(bearer.trim()))
            || self.kept(headers).any(|kept| token.is_cookie(kept))
        {
            return Ok(Let::Through);
        }
        let query = request.uri().query().unwrap_or_default();
        let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        if given.is_some_and(|given| token.is(&decoded(given))) {
            Ok(Let::KeepToken)
        } else {
            Err(Refusal::NoToken)
        }
    }

    fn cookie_name(&self) -> String {
        format!("plumb_ui_{}", self.port)
    }

    /// What browsers kept under the dashboard's name.
    fn kept<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|all| all.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(move |(known, _)| *known == name).map(|(_, kept)| kept)
    }

    fn keep_token(&self, request: &Request) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let cookie = self.token.as_ref().map(Token::cookie).unwrap_or_default();
        let cookie = format!("{}={cookie}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name());
        // A path of two slashes would be another host's address.
        let path = Some(request.uri().path()).filter(|path| !path.starts_with("//") && !path.contains('\\'));
        let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, path.unwrap_or("/").to_owned())];
        for (name, value) in headers {
            // Neither can hold anything but visible ASCII.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// The characters that `%41` stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| first == b'%');
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks the guard, finds a free place, and writes on every answer what it may do.
pub(super) async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match app.guard.look(&request) {
        Err(refusal) => plain_refusal(&refusal),
        Ok(Let::KeepToken) => app.guard.keep_token(&request),
        Ok(Let::Through) => match app.requests.try_acquire() {
            Ok(_place) => next.run(request).await,
            Err(_) => plain_refusal(&Refusal::Busy),
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
