//! The OpenAPI 3.1 document: what the routes declare, and what the guard adds to each of them.

mod problems;

use crate::guard::EXTENSION;
use crate::problem::Code;
use crate::routes;
use crate::session::cookie;
use crate::tickets;
use domain::EventKind;
use problems::problems;
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "WhatIsUp",
        description = "WhatsApp sessions, lent to the programs on this machine. Guide: docs/api.md.",
        license(name = "AGPL-3.0-only", identifier = "AGPL-3.0-only")
    ),
    servers((url = "/", description = "The server that this document came from.")),
    tags(
        (name = "channels", description = "WhatsApp accounts lent to programs."),
        (name = "messages", description = "Sending and reading."),
        (name = "events", description = "The durable log of what happened."),
        (name = "webhooks", description = "Programs that are called with what happens."),
        (name = "apps", description = "Programs that may use this API: how they ask, what they may do, their keys."),
        (name = "audit", description = "Who did what."),
        (name = "settings", description = "What the user chose in the application."),
        (name = "session", description = "Signing a browser in."),
        (name = "ops", description = "Health, metrics and this description."),
    ),
    components(schemas(
        crate::problem::ProblemOut, wire::SnapshotOut, wire::GapOut, wire::EventOut, wire::EventData
    ))
)]
struct Described;

/// Browsers keep one cookie jar for all ports of a host, so the cookie is named by the port: known when serving.
const COOKIE: &str = "whatisup_<port>";

/// The document as a server on `port` gives it out.
pub(crate) fn served(port: u16) -> String {
    document().replace(COOKIE, &cookie::name(port))
}

/// The document as JSON text, ending with a newline; `docs/openapi.json` is a copy of it.
pub fn document() -> String {
    let router = OpenApiRouter::with_openapi(Described::openapi()).merge(routes::open()).merge(routes::keyed());
    let described = router.into_openapi();
    let mut document = serde_json::to_value(described).expect("the document holds only strings, numbers and maps");
    complete(&mut document);
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value always serialises");
    text.push('\n');
    text
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Adds the security schemes and, to every operation, the problems that do not depend on it.
fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "key": {"type": "http", "scheme": "bearer", "description": "The key of an app, wiu_…, or the admin key, which `whatisupd key` shows."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser that was signed in by a one-use link, together with X-WhatIsUp."},
        "page": {"type": "apiKey", "in": "header", "name": "X-WhatIsUp", "description": "What the page was told when its browser was signed in (POST /v1/session). The cookie is nobody's without it."},
        "poll_token": {"type": "http", "scheme": "bearer", "description": "What a program was given when it asked for access, wip_…: good for hearing what became of that."},
        "ticket": {"type": "apiKey", "in": "query", "name": tickets::PARAMETER, "description": "Stands in for a key once, for one address: POST /v1/tickets."},
    });
    // The log's types as the code has them: generated clients then know them all.
    document["components"]["schemas"]["Event"]["properties"]["type"]["enum"] =
        EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    document["security"] = json!([{"key": []}, {"session": [], "page": []}]);
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
            secure(operation);
            for code in problems(path, method, operation) {
                let answer = answer(code, &operation["responses"]);
                operation["responses"][code.status().as_str()] = answer;
            }
        }
    }
}

/// By what a request may say who it is, as the operation's permission has it.
fn secure(operation: &mut Map<String, Value>) {
    let need = operation.get(EXTENSION).cloned().unwrap_or_default();
    match need["kind"].as_str() {
        Some("open" | "sign_in") => {
            operation.insert("security".to_owned(), json!([{}]));
        }
        Some("poll_token") => {
            operation.insert("security".to_owned(), json!([{"poll_token": []}]));
        }
        _ if need["cookie_alone"] == true => {
            operation.insert("security".to_owned(), json!([{"key": []}, {"session": []}]));
        }
        _ if need["ticket"] == true => {
            operation.insert("security".to_owned(), json!([{"key": []}, {"session": [], "page": []}, {"ticket": []}]));
        }
        _ => {}
    }
}

fn answer(code: Code, declared: &Value) -> Value {
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    let mut answer = declared.get(code.status().as_str()).cloned().unwrap_or_else(|| json!({"description": code.title()}));
    answer["content"]["application/problem+json"] = problem;
    // Which words the problem's `code` may be, as far as they depend on the guard and the route.
    match answer["x-codes"].as_array_mut() {
        Some(codes) if codes.iter().any(|known| known == code.as_str()) => {}
        Some(codes) => codes.push(json!(code.as_str())),
        None => answer["x-codes"] = json!([code.as_str()]),
    }
    answer
}
