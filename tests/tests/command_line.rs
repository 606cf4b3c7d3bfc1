//! The commands of `whatisupd`, as a person types them.
#![allow(clippy::unwrap_used)]

use acceptance::{Options, PATIENCE, Whatisup, World};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

async fn said(app: &Whatisup, verb: &str) -> (bool, String) {
    told(&mut app.command(verb)).await
}

/// Whether the command was a success, and all that it printed. It has to end.
async fn told(command: &mut Command) -> (bool, String) {
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pair_draws_a_qr_in_the_terminal_and_ends_when_connected() {
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut child = app.command("pair").arg("Front desk").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut drawn = 0;
    while let Some(line) = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        drawn += usize::from(line.contains('█') || line.contains('▄') || line.contains('▀'));
        if line.starts_with("good until") {
            break;
        }
    }
    assert!(drawn > 20, "only {drawn} lines of a QR were drawn");
    let channel = rest.get("/v1/channels").await.unwrap()["items"][0]["id"].as_str().unwrap().to_owned();
    world.phone(0).unwrap().scan(&rest.qr(&channel).await.unwrap()).await.unwrap();
    let mut rest_of_it = String::new();
    while let Some(line) = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        rest_of_it.push_str(&line);
    }
    assert!(rest_of_it.contains("Connected as +15550100101."), "{rest_of_it}");
    assert!(child.wait().await.unwrap().success());

    let (good, text) = said(&app, "channels").await;
    assert!(good && text.contains("Front desk") && text.contains("connected"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_checks_everything_and_says_what_to_do() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let (good, text) = said(&app, "doctor").await;
    assert!(good, "{text}");
    for part in ["application", "keys", "port", "disk", "clock", "network"] {
        assert!(text.contains(part), "doctor says nothing of the {part}:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pair_says_why_there_is_nothing_to_scan() {
    let world = World::with_phones(0).await.unwrap();
    let nowhere = format!("ws://127.0.0.1:{}/ws/chat", acceptance::process::free_port());
    let app = Whatisup::start(Options { whatsapp_url: Some(nowhere), ..world.options("app") }).await.unwrap();
    let mut child = app.command("pair").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut all = String::new();
    while !all.contains("WhatsApp cannot be reached") {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap_or_else(|_| panic!("it only said:\n{all}")).unwrap();
        all.push_str(&line.unwrap_or_else(|| panic!("it ended with:\n{all}")));
    }
    // And it does not outlive the application.
    app.terminate().await.unwrap();
    assert!(!timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pair_shows_what_whatsapp_wants_signed_and_does_not_hang() {
    let world = World::with_phones(1).await.unwrap();
    world.network().demand_passkey(Some(r#"{"challenge":"AAAA","rpId":"sandbox.invalid"}"#.to_owned()));
    let app = Whatisup::start(world.options("app")).await.unwrap();
    for args in [vec!["By QR"], vec!["By code", "--phone", "+15550100101"]] {
        let (good, text) = told(app.command("pair").args(&args)).await;
        assert!(!good && text.contains("passkey"), "{args:?}: {text}");
        assert!(text.contains("sandbox.invalid") || args.len() > 1, "{text}");
    }
}

/// The line of doctor that tells of `what`, which has to be the reason of a failure.
async fn objection(command: &mut Command, what: &str) -> String {
    let (good, text) = told(command).await;
    assert!(!good, "doctor is content:\n{text}");
    let found = text.lines().find(|line| line.starts_with("CHECK") && line.contains(what));
    found.unwrap_or_else(|| panic!("doctor has no objection to the {what}:\n{text}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_the_holder_of_a_taken_port() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("app");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", options.port)).unwrap();
    let line = objection(options.command("doctor").unwrap().args(["--port", &options.port.to_string()]), "port").await;
    for part in [format!("127.0.0.1:{} is taken", options.port), format!("process {}", std::process::id()), "--port".into()] {
        assert!(line.contains(&part), "no {part:?} in: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_misses_the_key_of_a_database() {
    let world = World::with_phones(0).await.unwrap();
    let options = Whatisup::start(world.options("app")).await.unwrap().terminate().await.unwrap();
    let key_file = options.key_file.clone().unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let line = objection(&mut options.command("doctor").unwrap(), "keys").await;
    assert!(line.contains("The key of the database is not in the key file"), "{line}");
    assert!(line.contains(&key_file.display().to_string()) && line.contains("nothing was deleted"), "{line}");
    assert!(!key_file.exists(), "doctor made a new key");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_sees_a_data_directory_that_is_open_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&app.options.data_dir, open).unwrap();
    let line = objection(&mut app.command("doctor"), "permissions").await;
    assert!(line.contains("Others can enter") && line.contains("chmod 700"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_says_when_whatsapp_cannot_be_reached() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("app");
    let nowhere = format!("ws://127.0.0.1:{}/ws/chat", acceptance::process::free_port());
    let line = objection(options.command("doctor").unwrap().args(["--whatsapp-url", &nowhere]), "network").await;
    assert!(line.contains(&nowhere) && line.contains("cannot be reached") && line.contains("firewall"), "{line}");
}

const CLIENTS: [&str; 6] = ["channels", "pair", "open", "apps", "asks", "audit"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_without_a_running_application_say_so() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("never started");
    for verb in CLIENTS {
        let (good, text) = told(&mut options.command(verb).unwrap()).await;
        assert!(!good && text.contains("nothing runs on") && text.contains("start it with: whatisupd run"), "{verb}: {text}");
    }
    assert!(!options.data_dir.exists(), "a command that only asks has made the data directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_see_through_what_a_killed_application_left_behind() {
    let world = World::with_phones(0).await.unwrap();
    let options = Whatisup::start(world.options("app")).await.unwrap().kill().await.unwrap();
    assert!(options.data_dir.join("running.json").exists(), "a kill leaves no time to clear up");
    // Whoever has the port now must not be sent the key.
    let port = std::net::TcpListener::bind(("127.0.0.1", options.port)).unwrap();
    port.set_nonblocking(true).unwrap();
    for verb in CLIENTS {
        let (good, text) = told(&mut options.command(verb).unwrap()).await;
        assert!(!good && text.contains("did not stop in order") && text.contains("whatisupd run"), "{verb}: {text}");
        assert!(port.accept().is_err(), "{verb} has called whoever has the port");
    }
    let line = objection(&mut options.command("doctor").unwrap(), "application").await;
    assert!(line.contains("did not stop in order") && line.contains("start it with: whatisupd run"), "{line}");

    drop(port);
    let app = Whatisup::start(options).await.unwrap();
    let (good, text) = said(&app, "channels").await;
    assert!(good, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_gives_a_link_that_signs_a_browser_in_once() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let (good, link) = said(&app, "open").await;
    assert!(good, "{link}");
    let ticket = link.trim().split_once("#sign-in=").unwrap().1.to_owned();
    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let sign_in = || browser.post(format!("{}/v1/session", app.base())).json(&serde_json::json!({ "ticket": ticket })).send();
    let told: serde_json::Value = sign_in().await.unwrap().json().await.unwrap();
    let page = told["secret"].as_str().expect("the page is told something");
    let answer = browser.get(format!("{}/v1/channels", app.base())).header("x-whatisup", page).send().await.unwrap();
    assert!(answer.status().is_success(), "the cookie does not sign in");
    assert!(!sign_in().await.unwrap().status().is_success(), "the link worked twice");
}
