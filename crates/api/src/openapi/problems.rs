use crate::guard::EXTENSION;
use crate::problem::Code;
use serde_json::{Map, Value};

/// What every operation of this shape may answer besides what it declares. Of several codes with the same status the first names it.
pub(super) fn problems(path: &str, method: &str, operation: &Map<String, Value>) -> Vec<Code> {
    let changes = method != "get";
    let mut codes = vec![Code::BadHost, Code::HeadTooLarge];
    if path != "/livez" {
        codes.extend([Code::RateLimited, Code::Overloaded, Code::ShuttingDown, Code::Unavailable]);
    }
    codes.extend(of_permission(operation));
    codes.extend([Code::HostNotAllowed, Code::OriginNotAllowed, Code::CrossSite, Code::Internal]);
    if path.contains('{') {
        codes.push(Code::NotFound);
    }
    if changes {
        codes.extend([Code::UnsupportedMediaType, Code::TooLarge]);
    }
    if operation.contains_key("requestBody") {
        codes.extend([Code::BodyTimeout, Code::BadJson, Code::Invalid]);
    }
    let queries = |p: &Value| p["in"] == "query" || p["in"] == "header";
    if operation.get("parameters").and_then(Value::as_array).is_some_and(|all| all.iter().any(queries)) {
        codes.push(Code::Invalid);
    }
    codes.extend(of_route(path, method));
    codes
}

/// What whoever does not have what the route needs is answered.
fn of_permission(operation: &Map<String, Value>) -> Vec<Code> {
    let need = operation.get(EXTENSION).cloned().unwrap_or_default();
    let mut codes = match need["kind"].as_str() {
        Some("sign_in") => return vec![Code::TicketInvalid],
        Some("poll_token") => return vec![Code::Unauthorized],
        Some("known") => vec![],
        Some("person") => vec![Code::PersonOnly],
        Some("scope") => vec![Code::ScopeMissing],
        _ => return vec![],
    };
    codes.extend([Code::Unauthorized, Code::KeyExpired, Code::KeyRevoked]);
    if need["ticket"] == true {
        codes.push(Code::TicketInvalid);
    }
    codes.push(Code::TooManyAttempts);
    codes
}

/// What only these can answer.
fn of_route(path: &str, method: &str) -> Vec<Code> {
    let mut codes = Vec::new();
    let changes = method != "get";
    if path.starts_with("/v1/channels") && changes {
        codes.extend([Code::Conflict, Code::Unavailable]);
    }
    if path == "/v1/channels/{id}/export" {
        codes.push(Code::NotPaired);
    }
    if path == "/v1/channels/import" {
        codes.extend([Code::AlreadyHere, Code::WrongPassphrase]);
    }
    if path == "/v1/channels/{id}/messages" && changes {
        codes.extend([Code::QueueFull, Code::RecipientNotAllowed]);
    }
    if ["/v1/messages/", "/v1/deliveries/", "/v1/apps"].iter().any(|prefix| path.starts_with(prefix)) && changes {
        codes.push(Code::Conflict);
    }
    if ["/v1/webhooks", "/v1/webhooks/{id}/resume"].contains(&path) && changes {
        codes.push(Code::Conflict);
    }
    if path.ends_with("/passkey") {
        codes.push(Code::NotPairing);
    }
    if path == "/v1/outbox" {
        codes.push(Code::NotFound);
    }
    if path.ends_with("/qr") {
        codes.extend([Code::NotPairing, Code::NotAcceptable]);
    }
    if ["/v1/events", "/v1/audit", "/v1/apps/requests/{id}"].contains(&path) {
        codes.push(Code::NotAcceptable);
    }
    codes
}
