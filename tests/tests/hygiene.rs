//! What is kept from other programs and people on the same machine: memory, environment, files, and the admin key on its way.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use acceptance::{Whatisup, World};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

/// Somebody who is not root: to root everything is open, so that a test by root alone would prove nothing.
const NOBODY: u32 = 65_534;

fn am_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

/// As an ordinary user, whoever runs the tests.
fn as_a_user(program: &Path) -> Command {
    if !am_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &NOBODY.to_string(), "--regid", &NOBODY.to_string(), "--clear-groups", "--"]).arg(program);
    command
}

struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn can_read(path: &str) -> bool {
    as_a_user(Path::new("head")).args(["-c", "1", path]).output().unwrap().status.success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_programs_of_the_same_user_cannot_look_into_it() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("app");
    // Where that user may go, with a program that it may start.
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let program = dir.path().join("whatisupd");
    let built = acceptance::binaries::program("whatisupd").unwrap();
    fs::hard_link(&built, &program).or_else(|_| fs::copy(&built, &program).map(drop)).unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    if am_root() {
        chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = as_a_user(&program);
    command.args(["run", "--port", &options.port.to_string(), "--whatsapp-url", &world.url(), "--data-dir"]);
    command.arg(&data).arg("--key-file").arg(data.join("vault.key")).env("HOME", &data);
    let child = Killed(command.spawn().unwrap());
    let running = acceptance::written(&data.join("running.json"), "pid").await.unwrap();
    let running: serde_json::Value = serde_json::from_str(&running).unwrap();
    assert_eq!(running["pid"], child.0.id());

    // One that does nothing for it can be looked into: this test can fail.
    let open = Killed(as_a_user(Path::new("sleep")).arg("60").spawn().unwrap());
    acceptance::written(Path::new(&format!("/proc/{}/comm", open.0.id())), "sleep").await.unwrap();
    for file in ["environ", "maps"] {
        assert!(can_read(&format!("/proc/{}/{file}", open.0.id())), "{file}");
        assert!(!can_read(&format!("/proc/{}/{file}", child.0.id())), "{file} can be read");
    }
    let said = as_a_user(&program).arg("doctor").arg("--data-dir").arg(&data).env("HOME", &data).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let line = |what: &str| said.lines().find(|line| line.contains(what)).unwrap_or_default().to_owned();
    assert!(line("  memory ").starts_with("ok"), "{said}");
    assert!(line("  permissions ").starts_with("ok"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_a_variable_does_not_stay_in_the_environment() {
    let world = World::with_phones(0).await.unwrap();
    let mut options = world.options("app");
    // Nothing answers there, so it waits; and nothing but loopback is asked.
    let nowhere = acceptance::process::free_port();
    let database = format!("postgres://app:hunter2hunter2@127.0.0.1:{nowhere}/whatisup");
    options.env.push(("WHATISUP_DATABASE".into(), database));
    options.env.push(("WHATISUP_LOG_LEVEL".into(), "debug".into()));
    let mut app = Whatisup::spawn(options.clone()).unwrap();
    app.prints("The database server cannot be reached").await.unwrap();
    let pid = app.pid().unwrap();
    let environment = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).unwrap()).into_owned();
    assert!(environment.contains("WHATISUP_LOG_LEVEL=debug"), "{environment}");
    assert!(!environment.contains("hunter2") && !environment.contains("WHATISUP_DATABASE"), "it is still there");
    assert!(!app.printed().contains("hunter2"), "{}", app.printed());
    // And it is heard: the same is said by a command that was given it in the same way.
    let said = options.command("doctor").unwrap().output().await.unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(&format!("127.0.0.1:{nowhere}")) && !said.contains("hunter2"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("ok") && line.contains("environment")), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_to_others_is_mended_at_the_start_and_told() {
    let world = World::with_phones(0).await.unwrap();
    let options = Whatisup::start(world.options("app")).await.unwrap().terminate().await.unwrap();
    let (data, ledger) = (options.data_dir.clone(), options.data_dir.join("ledger.db"));
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let doctor = async || {
        let said = options.command("doctor").unwrap().output().await.unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    set(&ledger, 0o644);
    assert!(doctor().await.contains("ledger.db"), "doctor names a file that others can read");
    set(&data, 0o755);
    assert!(doctor().await.contains("Others can enter"), "doctor tells of a directory that others can enter");
    assert_eq!((mode(&data), mode(&ledger)), (0o755, 0o644), "doctor changes nothing");

    let app = Whatisup::start(options.clone()).await.unwrap();
    assert_eq!((mode(&data), mode(&ledger)), (0o700, 0o600));
    let printed = app.printed();
    assert!(printed.contains("others could enter the data directory; that is mended"), "{printed}");
    assert!(printed.contains("ledger.db") && printed.contains("rotate the keys"), "{printed}");
    assert!(doctor().await.contains("Only you can enter the data directory"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_key_is_not_told_to_a_proxy_of_the_environment() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = app.command("channels");
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, &url);
    }
    let asked = tokio::select! {
        output = command.output() => output.unwrap(),
        _ = proxy.accept() => panic!("the proxy was asked"),
    };
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    assert!(tokio::time::timeout(std::time::Duration::ZERO, proxy.accept()).await.is_err(), "the proxy was asked");
}

#[test]
fn nothing_secret_is_an_argument() {
    let help = Command::new(acceptance::binaries::program("whatisupd").unwrap()).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in ["passphrase", "password", "secret", "token", "--key "] {
        let flags = help.lines().filter(|line| line.trim_start().starts_with('-'));
        let named = flags.filter(|line| line.contains(word)).collect::<Vec<_>>();
        assert!(named.iter().all(|line| line.contains("FILE")), "{named:?}");
    }
    assert!(help.contains("--data-dir"), "{help}");
}
