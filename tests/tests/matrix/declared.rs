//! What the running application declares: its OpenAPI document, and in it the permission of each route.

use serde_json::Value;

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    pub need: Need,
    pub body: Body,
    /// The statuses that it says it may answer.
    pub answers: Vec<u16>,
    /// Whether somebody who is known by a program, a ticket or a key is asked for at all.
    pub takes_ticket: bool,
    /// Whether the cookie of a browser will do without what its page was told.
    pub takes_cookie_alone: bool,
}

/// Who is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    Open,
    SignIn,
    PollToken,
    Known,
    Person,
    Scope { scope: String, of: Of },
}

/// What the scope has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Anything,
    EveryChannel,
    Channel,
    Message,
    Webhook,
    Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    Optional,
    Required,
}

impl Operation {
    pub fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    pub fn has_id(&self) -> bool {
        self.path.contains('{')
    }
}

/// All operations.
///
/// # Panics
/// When one says nothing of its permission, or something that this test does not know: then it is not covered.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("the document has paths") {
        for (method, operation) in item.as_object().expect("a path has operations") {
            if !["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"].contains(&method.as_str()) {
                continue;
            }
            let name = format!("{} {path}", method.to_uppercase());
            let permission = &operation["x-permission"];
            assert!(permission.is_object(), "{name} does not declare who may use it");
            all.push(Operation {
                id: operation["operationId"].as_str().expect("an operation has an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                need: need(permission).unwrap_or_else(|| panic!("{name}: a permission that is not known here: {permission}")),
                body: match (operation["requestBody"].is_null(), operation["requestBody"]["required"] == true) {
                    (true, _) => Body::None,
                    (false, true) => Body::Required,
                    (false, false) => Body::Optional,
                },
                answers: operation["responses"].as_object().into_iter().flatten().filter_map(|(s, _)| s.parse().ok()).collect(),
                takes_ticket: permission["ticket"] == true,
                takes_cookie_alone: permission["cookie_alone"] == true,
            });
        }
    }
    assert!(all.len() > 60, "this is not the document");
    all
}

fn need(permission: &Value) -> Option<Need> {
    Some(match permission["kind"].as_str()? {
        "open" => Need::Open,
        "sign_in" => Need::SignIn,
        "poll_token" => Need::PollToken,
        "known" => Need::Known,
        "person" => Need::Person,
        "scope" => Need::Scope { scope: permission["scope"].as_str()?.to_owned(), of: of(permission["of"].as_str()?)? },
        _ => return None,
    })
}

fn of(word: &str) -> Option<Of> {
    Some(match word {
        "anything" => Of::Anything,
        "every_channel" => Of::EveryChannel,
        "channel" => Of::Channel,
        "message" => Of::Message,
        "webhook" => Of::Webhook,
        "delivery" => Of::Delivery,
        _ => return None,
    })
}
