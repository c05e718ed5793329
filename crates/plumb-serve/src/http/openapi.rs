//! The description of the addresses, made of their table, the table of errors and the models that are loaded.

use serde_json::{Map, Value, json};

use super::about::VERSION;
use super::routes::{Handler, ROUTES, Route, is_open};
use crate::error::ERRORS;
use crate::tensor::Datatype;
use crate::{App, Entry, ErrorKind, Limits, Loaded};

/// Lists in lists of a tensor's elements that the description shows: of pictures with their rows, and a batch of them.
const DEPTH: usize = 3;

/// The description as OpenAPI 3.1 has it.
pub(super) fn description(app: &App) -> Value {
    let mut paths = Map::new();
    for route in &ROUTES {
        let method = if route.is_post { "post" } else { "get" };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method.to_owned(), operation(app, route));
        }
    }
    let mut description = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plumb", "version": VERSION,
            "description": "Models over the Open Inference Protocol, version 2, and rows as people have them.",
        },
        "paths": paths,
        "components": {"schemas": schemas(app.limits())},
    });
    if app.settings.token.is_some() {
        description["components"]["securitySchemes"] = json!({"token": {"type": "http", "scheme": "bearer"}});
    }
    description
}

fn operation(app: &App, route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.words,
        "responses": responses(app, route),
    });
    let parameters = parameters(app, route);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = request_body(route.handler) {
        operation["requestBody"] = body;
    }
    if app.settings.token.is_some() && !is_open(route.path) {
        operation["security"] = json!([{"token": []}]);
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let version = if route.path.contains("{version}") { "OfVersion" } else { "" };
    format!("{:?}{version}", route.handler)
}

/// The names in the path: those of the models that are loaded and answer there.
fn parameters(app: &App, route: &Route) -> Vec<Value> {
    let list = app.hub.list();
    let answers =
        |entry: &Entry| route.handler != Handler::Rows || matches!(entry.champion.loaded(), Loaded::Rows(_));
    let fitting: Vec<(&String, &Entry)> = list
        .iter()
        .filter_map(|(name, entry)| Some((name, entry.as_ref()?)))
        .filter(|(_, entry)| answers(entry))
        .collect();
    let models: Vec<&str> = fitting.iter().map(|(name, _)| name.as_str()).collect();
    let mut versions: Vec<&str> =
        fitting.iter().flat_map(|(_, entry)| entry.lanes()).map(|lane| lane.loaded().version()).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut parameters = Vec::new();
    for (name, values) in [("model", models), ("version", versions)] {
        if route.path.contains(&format!("{{{name}}}")) {
            parameters.push(json!({"name": name, "in": "path", "required": true, "schema": named(&values)}));
        }
    }
    parameters
}

fn named(values: &[&str]) -> Value {
    if values.is_empty() {
        return json!({"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*$", "maxLength": Limits::DEFAULT.name});
    }
    json!({"type": "string", "enum": values})
}

fn request_body(handler: Handler) -> Option<Value> {
    let schema = match handler {
        Handler::Infer => "InferRequest",
        Handler::Rows => "RowsRequest",
        Handler::Index => "IndexRequest",
        _ => return None,
    };
    let content = json!({"application/json": {"schema": reference(schema)}});
    Some(json!({"required": handler != Handler::Index, "content": content}))
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn responses(app: &App, route: &Route) -> Value {
    let mut responses = Map::new();
    let content = match route.handler {
        Handler::Metrics => json!({"text/plain": {"schema": {"type": "string"}}}),
        Handler::Page => json!({"text/html": {"schema": {"type": "string"}}}),
        Handler::Script => json!({"text/javascript": {"schema": {"type": "string"}}}),
        Handler::Style => json!({"text/css": {"schema": {"type": "string"}}}),
        handler => json!({"application/json": {"schema": reference(answer(handler))}}),
    };
    responses.insert("200".to_owned(), json!({"description": route.words, "content": content}));
    for row in ERRORS.iter().filter(|row| can_end_in(app, route, row.kind)) {
        let schema = if matches!(route.handler, Handler::Ready | Handler::ModelReady) && row.status == 503 {
            json!({"oneOf": [reference("Health"), reference("Error")]})
        } else {
            reference("Error")
        };
        let content = json!({"application/json": {"schema": schema}});
        responses.insert(row.status.to_string(), json!({"description": row.words, "content": content}));
    }
    Value::Object(responses)
}

/// Whether an address can answer with an error.
fn can_end_in(app: &App, route: &Route, kind: ErrorKind) -> bool {
    let is_asked = matches!(route.handler, Handler::Infer | Handler::Rows);
    match kind {
        ErrorKind::WrongHost | ErrorKind::Forbidden | ErrorKind::WrongMethod => true,
        ErrorKind::NoToken => app.settings.token.is_some() && !is_open(route.path),
        ErrorKind::TooMany => app.rate.is_some() && !is_open(route.path),
        ErrorKind::NotFound => route.path.contains("{model}"),
        ErrorKind::Bad | ErrorKind::SlowBody | ErrorKind::TooLarge | ErrorKind::MediaType => route.is_post,
        ErrorKind::Failed | ErrorKind::TimedOut => is_asked || route.handler == Handler::Load,
        ErrorKind::Unavailable => {
            route.is_post || matches!(route.handler, Handler::Ready | Handler::ModelReady | Handler::Model)
        }
    }
}

fn answer(handler: Handler) -> &'static str {
    match handler {
        Handler::Server => "Server",
        Handler::Live | Handler::Ready | Handler::ModelReady => "Health",
        Handler::Model => "Model",
        Handler::Infer => "InferResponse",
        Handler::Rows => "RowsResponse",
        Handler::Index => "Index",
        _ => "Object",
    }
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

/// What rows are asked with, and what is said of each.
fn rows_schemas(limits: &Limits) -> (Value, Value) {
    let text = json!({"type": "string"});
    let id = json!({"type": "string", "minLength": 1, "maxLength": limits.name});
    let part = object(&["name", "adds"], &json!({"name": text, "adds": {"type": "number"}}));
    let explanation = object(
        &["of", "parts"],
        &json!({
            "of": text, "base": {"type": "number"}, "parts": {"type": "array", "items": part},
        }),
    );
    let prediction = object(
        &["id"],
        &json!({
            "id": text, "label": text, "prediction": {"type": "number"},
            "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
            "explanation": explanation,
        }),
    );
    let cell = json!({"type": ["string", "number", "boolean", "null"]});
    let mut rows_request = object(
        &["rows"],
        &json!({
            "id": id,
            "rows": {
                "type": "array", "minItems": 1, "maxItems": limits.rows,
                "items": {"type": "object", "additionalProperties": cell},
                "description": "A value for each column of the model: a number, a text, a time in ISO 8601, a picture in Base64 or as a `data:` URI; null where it is missing",
            },
        }),
    );
    let wanted = format!("Reasons for each answer, of {} rows at most", limits.explained);
    rows_request["properties"]["explain"] = json!({"type": "boolean", "description": wanted});
    rows_request["additionalProperties"] = json!(false);
    (rows_request, prediction)
}

fn schemas(limits: &Limits) -> Value {
    let datatypes: Vec<&str> = Datatype::all().map(Datatype::as_str).collect();
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let extents = json!({"type": "array", "items": {"type": "integer"}, "maxItems": limits.rank});
    let name = json!({"type": "string", "maxLength": limits.name});
    let datatype = json!({"type": "string", "enum": datatypes});
    let port = object(
        &["name", "datatype", "shape"],
        &json!({"name": text, "datatype": datatype, "shape": extents}),
    );
    let scalar = json!({"type": ["number", "string", "boolean", "null"]});
    let parameters =
        json!({"type": "object", "additionalProperties": {"type": ["number", "string", "boolean"]}});
    let elements = (0..DEPTH).fold(
        json!({"type": "array", "items": scalar}),
        |inner, _| json!({"type": "array", "items": {"anyOf": [scalar, inner]}}),
    );
    let input = object(
        &["name", "shape", "datatype", "data"],
        &json!({
            "name": name, "datatype": datatype, "parameters": parameters,
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": limits.rank},
            "data": elements,
        }),
    );
    let tensor = object(
        &["name", "shape", "datatype"],
        &json!({"name": text, "shape": extents, "datatype": datatype, "parameters": parameters, "data": elements}),
    );
    let output = object(&["name"], &json!({"name": name, "parameters": parameters}));
    let (rows_request, prediction) = rows_schemas(limits);
    json!({
        "Error": object(&["error"], &json!({"error": text})),
        "Health": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
        "Object": {"type": "object"},
        "Server": object(&["name", "version", "extensions"], &json!({"name": text, "version": text, "extensions": texts})),
        "Model": object(
            &["name", "versions", "platform", "inputs", "outputs"],
            &json!({
                "name": text, "versions": texts, "platform": text,
                "inputs": {"type": "array", "items": port}, "outputs": {"type": "array", "items": port},
            }),
        ),
        "InferRequest": object(
            &["inputs"],
            &json!({
                "id": {"type": "string", "maxLength": limits.name}, "parameters": parameters,
                "inputs": {"type": "array", "items": input, "maxItems": limits.tensors},
                "outputs": {"type": "array", "items": output},
            }),
        ),
        "InferResponse": object(
            &["model_name", "outputs"],
            &json!({"model_name": text, "model_version": text, "id": text, "outputs": {"type": "array", "items": tensor}}),
        ),
        "RowsRequest": rows_request,
        "RowsResponse": object(
            &["model_name", "model_version", "id", "predictions"],
            &json!({
                "model_name": text, "model_version": text, "id": text,
                "predictions": {"type": "array", "items": prediction},
            }),
        ),
        "IndexRequest": object(&[], &json!({"ready": {"type": "boolean"}})),
        "Index": {
            "type": "array",
            "items": object(&["name", "state"], &json!({"name": text, "version": text, "state": text, "reason": text})),
        },
    })
}
