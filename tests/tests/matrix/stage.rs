//! A running application with something of everything in it, and all kinds of keys.

use super::axes::PAGE;
use super::declared::Operation;
use acceptance::apps::{App, Asking};
use acceptance::hook::{Hook, Reply};
use acceptance::{Options, Rest, Whatisup, World};
use serde_json::{Value, json};

/// All scopes.
pub const SCOPES: [&str; 8] = [
    "channels:read",
    "channels:manage",
    "messages:read",
    "messages:send",
    "messages:send:ask",
    "events:read",
    "webhooks:manage",
    "apps:manage",
];

pub struct Stage {
    pub app: Whatisup,
    pub admin: Rest,
    pub full: App,
    pub elsewhere: App,
    /// A key with `one_scope` alone, and one with another alone.
    pub one_scope: &'static str,
    pub one_scoped: String,
    pub other_one_scoped: String,
    pub expired: String,
    pub revoked: String,
    pub disabled: String,
    pub asking: Asking,
    /// One that is signed in.
    pub browser: Browser,
    ids: Ids,
    _hook: Hook,
    _world: World,
}

/// What a browser has that is signed in.
pub struct Browser {
    cookie: String,
    /// What its page was told.
    page: String,
}

impl Browser {
    pub fn cookie_line(&self) -> String {
        format!("Cookie: {}\r\n", self.cookie)
    }

    /// As the dashboard asks.
    pub fn lines(&self) -> String {
        format!("{}X-WhatIsUp: {}\r\n", self.cookie_line(), self.page)
    }
}

struct Ids {
    channel: String,
    message: String,
    webhook: String,
    delivery: String,
    /// An app that nobody uses.
    app: String,
    key: String,
}

/// Nothing here has these.
const NOTHING: &str = "00000000000000000000000001";

impl Stage {
    pub async fn set() -> Self {
        Stage::set_with(Vec::new()).await
    }

    /// With these variables besides.
    pub async fn set_with(env: Vec<(String, String)>) -> Self {
        let world = World::with_phones(2).await.unwrap();
        let mut options = options(&world);
        options.env.extend(env);
        let app = Whatisup::start(options).await.unwrap();
        let admin = app.rest().await.unwrap();
        let mut events = app.events(None).await.unwrap();

        // A channel that is linked and stands still, with a message that waits, and another channel.
        let channel = world.pair(&admin, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
        admin.act(&format!("/v1/channels/{channel}/stop")).await.unwrap();
        admin.until("stopped", &channel, |state| state["status"] == "disconnected").await.unwrap();
        let message = admin.send_text(&channel, world.phone(1).unwrap().number(), "a letter that waits").await.unwrap();
        let other = admin.post("/v1/channels", json!({ "name": "Workshop", "start": false })).await.unwrap();
        let other = id(&other);

        // Apps: everything, everything elsewhere, one thing, another thing.
        let all = |scope: &&str, channels: &Value| json!({ "scope": scope, "channels": channels });
        let everything: Value = SCOPES.iter().map(|scope| all(scope, &Value::Null)).collect();
        let full = json!({ "name": "Full", "permits": everything, "origins": [PAGE] });
        let full = App::of(&admin, full).await.unwrap();
        let by_channel = SCOPES.iter().filter(|scope| **scope != "apps:manage");
        let elsewhere: Value = by_channel.map(|scope| all(scope, &json!([other]))).collect();
        let elsewhere = App::make(&admin, "Elsewhere", elsewhere).await.unwrap();
        let one = async |scope: &str| App::make(&admin, scope, json!([{ "scope": scope }])).await.unwrap();
        let (one_scoped, other_one_scoped) = (one("webhooks:manage").await, one("channels:read").await);

        // Keys that were good.
        let expired = one("messages:read").await;
        expired.rotate_key(&admin, &expired.key_id, 1).await.unwrap();
        ends(&expired.rest).await;
        let revoked = one("events:read").await;
        revoked.revoke_key(&admin, &revoked.key_id).await.unwrap();
        let disabled = one("messages:send").await;
        let off = Some(json!({ "disabled": true }));
        admin.call(reqwest::Method::PATCH, &format!("/v1/apps/{}", disabled.id), off).await.unwrap();

        // A receiver of a person's, at rest, to which an event is owed. No app of a sandbox build has one: those of apps are public,
        // and a sandbox build delivers to this machine alone.
        let hook = Hook::start(|_| Reply::Status(200, String::new())).await.unwrap();
        let webhook = admin.post("/v1/webhooks", json!({ "url": hook.url(), "types": ["channel.*"] })).await.unwrap();
        let webhook = id(&webhook);
        admin.act(&format!("/v1/webhooks/{webhook}/pause")).await.unwrap();
        admin.post("/v1/channels", json!({ "name": "A third", "start": false })).await.unwrap();
        let delivery = owed(&admin, &webhook).await;

        let ask = json!({ "name": "Assistant", "reason": "To be asked about", "scopes": ["channels:read"] });
        let asking = Asking::to_be_let_in(&app.base(), ask).await.unwrap();
        Stage {
            ids: Ids {
                channel,
                message: id(&message),
                webhook,
                delivery,
                app: one_scoped.id.clone(),
                key: one_scoped.key_id.clone(),
            },
            one_scope: "webhooks:manage",
            one_scoped: one_scoped.rest.key().to_owned(),
            other_one_scoped: other_one_scoped.rest.key().to_owned(),
            expired: expired.rest.key().to_owned(),
            revoked: revoked.rest.key().to_owned(),
            disabled: disabled.rest.key().to_owned(),
            browser: signed_in(&app, &admin).await,
            app,
            admin,
            full,
            elsewhere,
            asking,
            _hook: hook,
            _world: world,
        }
    }

    pub fn port(&self) -> u16 {
        self.app.options.port
    }

    /// One more browser.
    pub async fn signed_in(&self) -> Browser {
        signed_in(&self.app, &self.admin).await
    }

    /// The address of an operation, about something that is there or about nothing.
    pub fn path(&self, path: &str, of_something: bool) -> String {
        let ids = &self.ids;
        // By what stands before the parameter.
        let known = [
            ("/v1/apps/requests/{", &self.asking.id, "req_"),
            ("/v1/channels/{", &ids.channel, "ch_"),
            ("/v1/messages/{", &ids.message, "msg_"),
            ("/v1/webhooks/{", &ids.webhook, "wh_"),
            ("/v1/deliveries/{", &ids.delivery, "dlv_"),
            ("/keys/{", &ids.key, "key_"),
            ("/v1/apps/{", &ids.app, "app_"),
        ];
        let mut made = path.to_owned();
        while let Some(from) = made.find('{') {
            let to = made[from..].find('}').map(|at| from + at).expect("a parameter ends");
            let found = known.iter().find(|(before, ..)| made[..=from].ends_with(before));
            let (_, id, prefix) = found.unwrap_or_else(|| panic!("there is nothing here for {path}: add it to the stage"));
            let typed = id.split_once('_').map_or(*prefix, |(prefix, _)| prefix);
            let id = if of_something { (*id).clone() } else { format!("{}_{NOTHING}", typed.trim_end_matches('_')) };
            made.replace_range(from..=to, &id);
        }
        made
    }

    /// All that can be seen from outside, but for what every request changes.
    pub async fn seen(&self, operations: &[Operation]) -> Value {
        let mut seen = serde_json::Map::new();
        for operation in operations.iter().filter(|o| o.method == "GET" && !VOLATILE.contains(&o.id.as_str())) {
            let path = self.path(&operation.path, true);
            let path = if operation.id == "read_events" { format!("{path}?limit=500&types={TYPES}") } else { path };
            let (_, mut answer) = page(&self.admin, &path).await;
            forget(&mut answer);
            seen.insert(path, answer);
        }
        seen.into()
    }
}

/// A browser that comes in by a link.
async fn signed_in(app: &Whatisup, admin: &Rest) -> Browser {
    let link = admin.act("/v1/sign-in-links").await.unwrap();
    let ticket = link["url"].as_str().unwrap().split_once("#sign-in=").unwrap().1.split('&').next().unwrap().to_owned();
    let browser = reqwest::Client::new().post(format!("{}/v1/session", app.base()));
    let answer = browser.json(&json!({ "ticket": ticket })).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let told: Value = answer.json().await.unwrap();
    Browser { cookie, page: told["secret"].as_str().unwrap().to_owned() }
}

/// What tells of requests themselves, or of the time.
const VOLATILE: [&str; 10] = [
    "read_audit",
    "metrics",
    "show_stats",
    "livez",
    "openapi",
    "show_info",
    "channel_uptime",
    "collect_access",
    "readyz",
    "list_workers",
];
/// Not `access.*`: many wrong keys are an event, and this test has many.
const TYPES: &str = "channel.*,message.*,webhook.*,app.*";

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for volatile in ["last_used_at", "last_from", "requests_today", "next_after"] {
                fields.remove(volatile);
            }
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where they differ: the place, what was there, and what is.
pub fn differences(was: &Value, is: &Value) -> Vec<(String, String, String)> {
    fn walk(place: &str, was: &Value, is: &Value, found: &mut Vec<(String, String, String)>) {
        match (was, is) {
            (Value::Object(a), Value::Object(b)) => {
                let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                names
                    .into_iter()
                    .for_each(|name| walk(&format!("{place}/{name}"), &was[name.as_str()], &is[name.as_str()], found));
            }
            (Value::Array(a), Value::Array(b)) => {
                (0..a.len().max(b.len())).for_each(|n| walk(&format!("{place}/{n}"), &was[n], &is[n], found));
            }
            _ if was != is => found.push((place.to_owned(), was.to_string(), is.to_string())),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk("", was, is, &mut found);
    found
}

async fn page(rest: &Rest, path: &str) -> (u16, Value) {
    let request = reqwest::Client::new().get(format!("{}{path}", rest.base())).bearer_auth(rest.key());
    let answer = request.header("accept", "application/json").send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Waits until a key is none any more.
async fn ends(key: &Rest) {
    let deadline = tokio::time::Instant::now() + acceptance::PATIENCE;
    while page(key, "/v1/me").await.0 != 401 {
        assert!(tokio::time::Instant::now() < deadline, "the key does not end");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn owed(admin: &Rest, webhook: &str) -> String {
    let deadline = tokio::time::Instant::now() + acceptance::PATIENCE;
    loop {
        let deliveries = admin.get(&format!("/v1/webhooks/{webhook}/deliveries")).await.unwrap();
        if let Some(delivery) = deliveries["items"].get(0) {
            return id(delivery);
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing is owed to the receiver");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("it has an id: {thing}")).to_owned()
}

/// So many requests are not what the limits are for; they have tests of their own.
fn options(world: &World) -> Options {
    let mut options = world.options("app");
    options.env.extend(super::without_limits());
    options
}
