//! The same at the other doors: the one for other machines, which a person has opened, has other names and TLS; the socket in the
//! file system has one name and no port.

use super::axes::{NAMES, Who};
use super::cells::Cells;
use super::declared::operations;
use super::door::Door;
use super::run::Run;
use super::stage::Stage;
use acceptance::process::free_port;
use std::net::SocketAddr;

/// Both are this machine's, and nobody else's.
const ADDRESSES: &str = "127.0.0.2,::1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_at_every_other_door_to_its_own_names_and_to_keys_alone() {
    let port = free_port();
    let set = [("BIND", ADDRESSES.to_owned()), ("PORT", port.to_string()), ("NAMES", NAMES.join(","))];
    let stage = Stage::set_with(set.map(|(name, value)| (format!("WHATISUP_API_PUBLIC_{name}"), value)).to_vec()).await;
    let exposed = stage.admin.get("/v1/info").await.unwrap()["exposed"].clone();
    let tls = acceptance::tls::pinned(exposed["fingerprint"].as_str().unwrap()).unwrap();
    // A machine without IPv6 has the first of them.
    let told = exposed["addresses"].as_array().unwrap().iter().filter_map(|address| address.as_str());
    let at: Vec<SocketAddr> = told.filter_map(|address| address.strip_prefix("https://")?.parse().ok()).collect();
    assert_eq!(at[0].to_string(), format!("127.0.0.2:{port}"), "{exposed}");
    let mut doors: Vec<Door> = at.into_iter().map(|at| Door::public(at, tls.clone(), stage.port())).collect();
    doors.push(Door::unix(stage.app.options.data_dir.join("api.sock"), stage.port()));

    let operations = operations(&stage.admin.get("/v1/openapi.json").await.unwrap());
    let before = stage.seen(&operations).await;
    let mut asked = 0;
    for door in &doors {
        // Who tries wrong keys from one place is told to wait after some of them.
        let who: &[Who] = if door.is_asked_from_many() { &Who::ALL } else { &[Who::Nobody, Who::Admin] };
        let run = Run::new(&stage, door);
        for (path, operations_of_path) in super::by_path(&operations) {
            run.ask(path, &operations_of_path, &Cells::of_names(door, &operations_of_path, who)).await;
        }
        run.verdict();
        asked += run.asked();
    }
    println!("{asked} requests at {} doors", doors.len());
    assert!(asked > 15_000, "that was not the matrix: {asked}");
    let now = stage.seen(&operations).await;
    assert!(now == before, "something has changed: {:#?}", super::stage::differences(&before, &now));
}
