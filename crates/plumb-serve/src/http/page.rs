//! The page for people: a form for each model that takes rows. It holds no script but its own, and nothing of a model is ever markup.

use axum::http::HeaderValue;
use axum::http::header;
use axum::response::Response;
use plumb_data::Kind;

use super::routes::response;
use crate::signature::Input;
use crate::{App, Loaded, Signature};

/// Nothing but the page's own script, style and questions; nothing may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The script.
pub(super) fn script() -> Response {
    response("text/javascript; charset=utf-8", include_str!("assets/try.js"))
}

/// The style.
pub(super) fn style() -> Response {
    response("text/css; charset=utf-8", include_str!("assets/try.css"))
}

/// The page.
pub(super) fn page(app: &App) -> Response {
    let mut forms = String::new();
    for (_, entry) in app.hub.list() {
        let Some(entry) = entry else { continue };
        if let Loaded::Rows(served) = entry.champion.loaded() {
            forms += &form(served.signature(), served.explains());
        }
    }
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Plumb</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"try.css\">\
         <script src=\"try.js\" defer></script></head><body><h1>Models</h1>{forms}\
         <p>Programs ask at the addresses of <a href=\"openapi.json\">openapi.json</a>; figures are at \
         <a href=\"metrics\">metrics</a>.</p></body></html>\n"
    );
    let mut response = response("text/html; charset=utf-8", body);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn form(of: &Signature, explains: bool) -> String {
    let (name, version, target) = (escaped(&of.name), escaped(&of.version), escaped(&of.target));
    let fields: Vec<String> = of.inputs.iter().map(field).collect();
    let why =
        if explains { "<label class=\"why\"><input type=\"checkbox\" data-why> and why</label>" } else { "" };
    format!(
        "<section><h2>{name}</h2><p>Version {version} predicts {target}.</p>\
         <form data-model=\"{name}\">{}{why}<button>Ask</button><output></output></form></section>",
        fields.concat()
    )
}

fn field(input: &Input) -> String {
    let name = escaped(&input.name);
    let control = match input.kind {
        Kind::Number => format!("<input type=\"number\" step=\"any\" name=\"{name}\">"),
        Kind::Text => format!("<textarea name=\"{name}\" rows=\"4\"></textarea>"),
        Kind::Image => format!("<input type=\"file\" accept=\"image/*\" name=\"{name}\">"),
        Kind::Time => format!("<input name=\"{name}\" placeholder=\"2026-01-31T12:00:00Z\">"),
        _ => format!("<input name=\"{name}\">"),
    };
    format!("<label>{name} <small>{}</small>{control}</label>", input.kind.as_str())
}

/// The text with everything that is markup as entities.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::signature;

    #[test]
    fn no_name_of_a_column_is_markup() {
        let mut of = signature();
        for payload in
            ["\"><script>alert(1)</script>", "' onfocus='alert(1)", "</form><img src=x onerror=alert(1)>"]
        {
            payload.clone_into(&mut of.inputs[0].name);
            payload.clone_into(&mut of.target);
            let form = form(&of, true);
            assert!(!form.contains("<script") && !form.contains("<img") && !form.contains("' on"), "{form}");
        }
    }
}
