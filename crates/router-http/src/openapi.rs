//! The OpenAPI 3.1 document: the route table and the types, told to programs.

use http::{HeaderMap, Method, StatusCode};
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::anthropic_error::AnthropicError;
use crate::dialect::Dialect;
use crate::native_error::ErrorBody;
use crate::openai_error::OpenAiError;
use crate::route::{Access, Answer, Content, Limit, Operation, RequestBody, Route};
use crate::routes::ROUTES;

/// Every route with its parameters, bodies, answers and errors. `docs/openapi.json` is this document.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation(route, &mut schemas);
    }
    let responses = error_responses(&mut schemas);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "LLM Router",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Routes prompts to the model with the best trade-off of quality, cost and latency for each caller.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas.definitions(), "responses": responses, "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key (`sk-llmr-…`) or a JWT."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            "session": {"type": "apiKey", "in": "cookie", "name": "llmr_session"},
        }},
    });
    // So that moving a type or a field does not move its lines in the committed document.
    document.sort_all_objects();
    document
}

/// The schemas of what is sent and of what is answered. Apart, because a field that callers may leave out is optional
/// in the one and always there in the other.
struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let generator = |contract: Contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { sent: generator(Contract::Deserialize), answered: generator(Contract::Serialize) }
    }

    fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.sent.take_definitions(true);
        definitions.extend(self.answered.take_definitions(true));
        definitions
    }
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let Operation { id, summary, description, .. } = route.operation;
    let mut operation = json!({"operationId": id, "summary": summary, "x-access": route.access.name()});
    operation["security"] = match route.access {
        Access::Open => json!([]),
        _ => json!([{"bearer": []}, {"apiKey": []}, {"session": []}]),
    };
    if !description.is_empty() {
        operation["description"] = description.into();
    }
    let parameters = parameters(route, schemas);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = &route.operation.body {
        operation["requestBody"] = request_body(body, schemas);
    }
    let mut responses = Map::new();
    let Answer { status, description, .. } = &route.operation.answer;
    responses.insert(
        status.to_string(),
        json!({"description": description, "content": content(&route.operation.answer, schemas)}),
    );
    for status in error_statuses(route) {
        responses.insert(
            status.to_string(),
            json!({"$ref": format!("#/components/responses/{}", response_name(route, status))}),
        );
    }
    operation["responses"] = responses.into();
    operation
}

fn parameters(route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let in_path = route
        .path
        .contains("id}")
        .then(|| json!({"name": "id", "in": "path", "required": true, "schema": id_schema(route)}));
    let in_query = route.operation.query.iter().map(|parameter| {
        let schema = (parameter.schema)(&mut schemas.sent);
        let mut shown =
            json!({"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema});
        if shown["schema"]["type"] == "array" {
            // Separated by commas.
            shown["style"] = "form".into();
            shown["explode"] = false.into();
        }
        shown
    });
    in_path.into_iter().chain(in_query).collect()
}

/// Ids of our own are UUIDs; names of models are anything.
fn id_schema(route: &Route) -> Value {
    if route.path.contains("{*id}") || route.path.starts_with("/api/admin/") {
        json!({"type": "string"})
    } else {
        json!({"type": "string", "format": "uuid"})
    }
}

fn request_body(body: &RequestBody, schemas: &mut Schemas) -> Value {
    let examples: Map<String, Value> = body
        .examples
        .iter()
        .map(|&(name, text)| {
            // A test reads every example as the handler would.
            let value: Value = serde_json::from_str(text).unwrap_or_default();
            (name.to_owned(), json!({"value": value}))
        })
        .collect();
    json!({"required": true, "content": {"application/json": {"schema": (body.schema)(&mut schemas.sent), "examples": examples}}})
}

/// One event of a stream: its name, and its data, which is JSON of that schema; or what somebody else's API says it is.
fn event(data: Schema) -> Value {
    let data = match data.get("description").filter(|_| data.get("$ref").is_none()) {
        Some(description) => json!({"type": "string", "description": description}),
        None => json!({"type": "string", "contentMediaType": "application/json", "contentSchema": data}),
    };
    json!({"type": "object", "required": ["data"], "properties": {"event": {"type": "string"}, "data": data}})
}

fn content(answer: &Answer, schemas: &mut Schemas) -> Value {
    match answer.content {
        Content::Json(schema) => json!({"application/json": {"schema": schema(&mut schemas.answered)}}),
        Content::JsonOrEvents(whole, events) => json!({
            "application/json": {"schema": whole(&mut schemas.answered)},
            "text/event-stream": {"schema": event(events(&mut schemas.answered))},
        }),
        Content::Events(events) => json!({"text/event-stream": {"schema": event(events(&mut schemas.answered))}}),
        Content::Text(media_type) => json!({media_type: {"schema": {"type": "string"}}}),
    }
}

/// The route's own error statuses and those that follow from what it takes, in order.
fn error_statuses(route: &Route) -> Vec<u16> {
    let mut statuses = vec![400, 403, 500];
    if route.access != Access::Open {
        statuses.extend([401, 503]);
    }
    if route.operation.body.is_some() || route.method == Method::POST {
        statuses.extend([408, 413, 415]);
    }
    if route.limit != Limit::None {
        statuses.push(429);
    }
    if route.limit == Limit::Execution {
        statuses.push(402);
    }
    statuses.extend(route.operation.errors);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn error_responses(schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    for route in ROUTES {
        let schema = match Dialect::of(route.path, &HeaderMap::new()) {
            Dialect::Native => schemas.answered.subschema_for::<ErrorBody>(),
            Dialect::OpenAi => schemas.answered.subschema_for::<OpenAiError>(),
            Dialect::Anthropic => schemas.answered.subschema_for::<AnthropicError>(),
        };
        for status in error_statuses(route) {
            let content = json!({"application/json": {"schema": schema}});
            responses.insert(response_name(route, status), json!({"description": reason(status), "content": content}));
        }
    }
    responses
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// `NotFound` for 404, after the dialect where it is not our own.
fn response_name(route: &Route, status: u16) -> String {
    let name: String = reason(status).split(' ').collect();
    match Dialect::of(route.path, &HeaderMap::new()) {
        Dialect::Native => name,
        Dialect::OpenAi => format!("OpenAi{name}"),
        Dialect::Anthropic => format!("Anthropic{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_both_sent_and_answered_has_one_schema() {
        let mut schemas = Schemas::new();
        for route in ROUTES {
            operation(route, &mut schemas);
        }
        let answered = schemas.answered.take_definitions(true);
        for (name, sent) in schemas.sent.take_definitions(true) {
            assert!(answered.get(&name).is_none_or(|answered| *answered == sent), "{name} has two schemas");
        }
    }

    #[test]
    fn names_of_operations_are_unique() {
        let mut names: Vec<_> = ROUTES.iter().map(|route| route.operation.id).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROUTES.len());
    }
}
