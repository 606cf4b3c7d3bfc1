//! Every route of the running application's own OpenAPI document × every way to ask: the exact status, reckoned from the
//! permission that the document declares, and that nothing changed. A new route is covered, or fails here.
//!
//! `MATRIX=all` asks the whole product; without it, all of what can matter together, and a part of the rest by chance
//! (`MATRIX_SEED` repeats it).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "matrix/axes.rs"]
mod axes;
#[path = "matrix/cells.rs"]
mod cells;
#[path = "matrix/declared.rs"]
mod declared;
#[path = "matrix/door.rs"]
mod door;
#[path = "matrix/doors.rs"]
mod doors;
#[path = "matrix/expected.rs"]
mod expected;
#[path = "matrix/heads.rs"]
mod heads;
#[path = "matrix/run.rs"]
mod run;
#[path = "matrix/stage.rs"]
mod stage;

use axes::Who;
use cells::Cells;
use declared::{Need, Operation, operations};
use door::Door;
use run::Run;
use serde_json::json;
use stage::Stage;
use std::collections::BTreeMap;

/// So many requests as here are what limits are against; those have tests of their own.
pub fn without_limits() -> Vec<(String, String)> {
    let limits = ["PER_KEY", "BURST", "SENDS_PER_KEY", "UNKNOWN"];
    limits.map(|name| (format!("WHATISUP_LIMITS_{name}"), "1000000".to_owned())).to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_way_to_ask_exactly_as_it_declares_and_nothing_changes() {
    let stage = Stage::set().await;
    let document = stage.admin.get("/v1/openapi.json").await.unwrap();
    let operations = operations(&document);
    let by_path = by_path(&operations);
    let door = Door::loopback(stage.port());
    let run = Run::new(&stage, &door);
    let before = stage.seen(&operations).await;
    for (path, operations_of_path) in &by_path {
        run.ask(path, operations_of_path, &Cells::of(&door, operations_of_path)).await;
        // Noticed where it happened.
        let now = stage.seen(&operations).await;
        assert!(now == before, "asking {path} changed something: {:#?}", stage::differences(&before, &now));
    }
    println!("{} requests for {} operations on {} paths", run.asked(), operations.len(), by_path.len());
    assert!(run.asked() > 30_000, "that was not the matrix");
    run.verdict();

    // A change would have been seen.
    stage.admin.post("/v1/channels", json!({ "name": "One more", "start": false })).await.unwrap();
    assert_ne!(stage.seen(&operations).await, before, "this test sees no change");
}

fn by_path(operations: &[Operation]) -> BTreeMap<&str, Vec<&Operation>> {
    let mut by_path: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_path.entry(&operation.path).or_default().push(operation);
    }
    by_path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_is_let_in_and_every_kind_of_need_is_there() {
    let stage = Stage::set().await;
    let operations = operations(&stage.admin.get("/v1/openapi.json").await.unwrap());
    // Those who must be kept out are told apart from those who may by these alone: each kind is in use.
    let uses = |need: fn(&Need) -> bool| operations.iter().any(|operation| need(&operation.need));
    assert!(uses(|n| *n == Need::Open) && uses(|n| *n == Need::SignIn) && uses(|n| *n == Need::PollToken));
    assert!(uses(|n| *n == Need::Known) && uses(|n| *n == Need::Person));
    for scope in stage::SCOPES {
        let used = operations.iter().any(|o| matches!(&o.need, Need::Scope { scope: s, .. } if s == scope));
        // Sending is asked for by the narrower of the two scopes, which the wider one implies.
        assert!(used || scope == "messages:send", "no route needs {scope}");
    }
    // The poll token opens its one door.
    let (status, answer) = stage.asking.poll(0).await.unwrap();
    assert_eq!((status.as_u16(), answer["state"].as_str()), (200, Some("waiting")), "{answer}");
    // And no key of whatever app says yes to what a person is asked.
    for who in [&stage.full, &stage.elsewhere] {
        for verb in ["allow", "deny"] {
            let path = format!("/v1/apps/requests/{}/{verb}", stage.asking.id);
            let (status, problem) = who.rest.call(reqwest::Method::POST, &path, Some(json!({}))).await.unwrap();
            assert_eq!((status.as_u16(), problem["code"].as_str()), (403, Some("person_only")), "{problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_opens_the_one_address_that_it_is_for_once() {
    let stage = Stage::set().await;
    let operations = operations(&stage.admin.get("/v1/openapi.json").await.unwrap());
    let ticket = async |rest: &acceptance::Rest, path: &str| {
        let made = rest.post("/v1/tickets", json!({ "for": path })).await.unwrap();
        made["ticket"].as_str().unwrap().to_owned()
    };
    let mut taken = 0;
    for operation in operations.iter().filter(|o| o.method == "GET") {
        let path = stage.path(&operation.path, true);
        let good = if operation.takes_ticket { path.clone() } else { "/v1/events".to_owned() };
        let ticket = ticket(&stage.full.rest, &good).await;
        let nobody = acceptance::Rest::nobody(stage.app.base());
        let ask = async || {
            let request = reqwest::Client::new().get(format!("{}{path}?ticket={ticket}", nobody.base()));
            request.header("accept", "application/json").send().await.unwrap().status().as_u16()
        };
        match (&operation.need, operation.takes_ticket) {
            (_, true) => {
                taken += 1;
                assert_ne!(ask().await, 401, "{path}");
                assert_eq!(ask().await, 401, "the ticket for {path} was good twice");
            }
            (Need::Open, false) => assert_eq!(ask().await, 200, "{path}"),
            (_, false) => assert!(ask().await >= 400, "a ticket opened {path}"),
        }
    }
    assert!(taken >= 2, "events and QR images take tickets");
}

/// What the axes call somebody.
impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
