//! The settings of a worker of `compose.yaml`, its Redis, its database user and its proxy, tried for real.

use crate::files::{compose, deploy, items, on_path, ran};
use acceptance::process::free_port;
use acceptance::{Options, PATIENCE, Whatisup};
use servers::{Postgres, Redis, RedisOptions};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

/// Everything that `deploy/secrets.sh` makes.
fn secrets(folder: &Path) {
    let whatisupd = acceptance::binaries::program("whatisupd").unwrap();
    ran(Command::new(deploy("secrets.sh")).arg(folder).env("WHATISUPD", whatisupd));
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    // A container gets it on a read-only mount; here it is a file like others, which has to be closed.
    fs::set_permissions(folder.join("master_key"), fs::Permissions::from_mode(0o600)).unwrap();
}

/// As in `redis.conf`, but for what is of the container: directory, address, port, where the users' file is.
fn redis(secrets: &Path) -> Redis {
    let text = fs::read_to_string(deploy("redis.conf")).unwrap();
    let of_container = ["dir ", "bind ", "port ", "aclfile "];
    let lines = text.lines().filter(|line| !line.starts_with('#') && !of_container.iter().any(|word| line.starts_with(word)));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.push(format!("aclfile {}", secrets.join("redis_users").display()));
    Redis::start(RedisOptions { lines, ..RedisOptions::default() })
}

/// As `postgres-role.sh` makes it: the program run by the image, on this server.
fn database(postgres: &Postgres, secrets: &Path) -> String {
    let password = fs::read_to_string(secrets.join("postgres_password")).unwrap();
    postgres.user("gateway", password.trim());
    postgres.psql("CREATE DATABASE gateway OWNER gateway");
    postgres.psql("REVOKE ALL ON DATABASE gateway FROM PUBLIC");
    format!("postgres://gateway@{}/gateway?sslmode=disable", postgres.address())
}

/// What `compose.yaml` gives to a worker, with places of this machine.
fn environment(worker: &str, secrets: &Path, postgres: &str, redis: &Redis) -> Vec<(String, String)> {
    let environment = compose()["services"][worker]["environment"].clone();
    let here = |value: &str| {
        let value = value.replace("/run/secrets", &secrets.to_string_lossy());
        let value = value.replace("redis:6379", &redis.address().to_string());
        if value.starts_with("postgres://") { postgres.to_owned() } else { value }
    };
    items(&environment).map(|(name, value)| (name.clone(), here(value.as_str().unwrap()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_starts_with_what_compose_gives_it_and_is_reached_through_its_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secrets");
    secrets(&secret);
    let (postgres, redis) = (Postgres::start(), redis(&secret));
    let database = database(&postgres, &secret);
    // Whoever has no password cannot do anything.
    assert_eq!(redis.cli(&["PING"]), "PONG");
    assert!(redis.cli(&["GET", "whatisup:a"]).contains("NOPERM"));

    let data_dir = folder.path().join("data");
    let env = environment("worker-1", &secret, &database, &redis);
    let options =
        Options { data_dir: data_dir.clone(), port: free_port(), whatsapp_url: None, key_file: None, env, args: Vec::new() };
    let alive = |options: &Options| options.command("alive").unwrap().status();
    assert!(!alive(&options).await.unwrap().success(), "nothing runs yet");
    let worker = Whatisup::start(options.clone()).await.unwrap();
    assert!(alive(&options).await.unwrap().success());

    let proxy = Proxy::start(folder.path(), &secret, worker.options.port);
    proxy.until_it_answers();
    assert_eq!(proxy.ask("/livez", &[]).0, 200);
    assert_eq!(proxy.ask("/v1/channels", &[]).0, 401, "keys are asked for here too");
    assert_eq!(proxy.ask("/", &[]).0, 404, "the dashboard is not for outside");
    let key = format!("authorization: Bearer {}", worker.key().await.unwrap());
    // What others say of themselves is not passed on.
    let (status, channels) = proxy.ask("/v1/channels", &["--header", &key, "--header", "x-forwarded-host: example.net"]);
    assert!(status == 200 && channels.contains("items"), "{status}: {channels}");

    // Nothing that has to stay is in the data directory: another one comes up with the same channels.
    let rest = worker.rest().await.unwrap();
    rest.post("/v1/channels", serde_json::json!({"name": "Shop"})).await.unwrap();
    worker.terminate().await.unwrap();
    assert!(!alive(&options).await.unwrap().success());
    fs::remove_dir_all(&data_dir).unwrap();
    let worker = Whatisup::start(options).await.unwrap();
    let found = worker.rest().await.unwrap().get("/v1/channels").await.unwrap();
    assert_eq!(found["items"][0]["name"], "Shop");
    worker.terminate().await.unwrap();
}

/// haproxy with `haproxy.cfg`, ended when dropped.
struct Proxy {
    child: Child,
    port: u16,
    ca: PathBuf,
}

impl Proxy {
    fn start(folder: &Path, secrets: &Path, worker: u16) -> Proxy {
        let port = free_port();
        let text = fs::read_to_string(deploy("haproxy.cfg")).unwrap();
        let text =
            text.replace(":8443", &format!("127.0.0.1:{port}")).replace("127.0.0.1:9487", &format!("127.0.0.1:{worker}"));
        let text = text.replace("/run/secrets", &secrets.to_string_lossy());
        let file = folder.join("haproxy.cfg");
        fs::write(&file, text).unwrap();
        let haproxy = on_path("haproxy", "haproxy");
        ran(Command::new(&haproxy).args(["-c", "-f"]).arg(&file));
        let child = Command::new(haproxy).args(["-db", "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Proxy { child: child.unwrap(), port, ca: secrets.join("tls.crt") }
    }

    /// Status and body; status 0 when nobody answers.
    fn ask(&self, path: &str, arguments: &[&str]) -> (u16, String) {
        let mut curl = Command::new(on_path("curl", "curl"));
        curl.args(["--silent", "--max-time", "20", "--write-out", "\n%{http_code}", "--cacert"]).arg(&self.ca).args(arguments);
        let output = curl.arg(format!("https://localhost:{}{path}", self.port)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    fn until_it_answers(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask("/livez", &[]).0 == 0 {
            assert!(Instant::now() < deadline, "the proxy does not answer");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As systemd starts `whatisup.service`: its environment, its credential, and a socket on which it waits for news.
#[tokio::test(flavor = "multi_thread")]
async fn the_unit_of_systemd_hears_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    let whatisupd = acceptance::binaries::program("whatisupd").unwrap();
    ran(Command::new(whatisupd).args(["vault", "new-key"]).arg(credentials.join("whatisup-master-key")));
    let notices = UnixDatagram::bind(folder.path().join("notify")).unwrap();

    let unit = fs::read_to_string(deploy("whatisup.service")).unwrap();
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let state = folder.path().to_string_lossy();
    let mut env: Vec<_> = lines.map(|(name, value)| (name.to_owned(), value.replace("%S", &state))).collect();
    env.push(("CREDENTIALS_DIRECTORY".to_owned(), credentials.to_string_lossy().into_owned()));
    env.push(("NOTIFY_SOCKET".to_owned(), folder.path().join("notify").to_string_lossy().into_owned()));
    let data_dir = folder.path().join("whatisup");
    let options = Options { data_dir, port: free_port(), whatsapp_url: None, key_file: None, env, args: Vec::new() };

    let program = Whatisup::start(options).await.unwrap();
    assert_eq!(heard(&notices).await, "READY=1");
    // The keys are wrapped by the credential, and not in a file beside what they open.
    assert!(program.options.data_dir.join("vault.sealed").exists() && !program.options.data_dir.join("vault.key").exists());
    program.terminate().await.unwrap();
    assert_eq!(heard(&notices).await, "STOPPING=1");
}

async fn heard(notices: &UnixDatagram) -> String {
    let mut words = [0; 200];
    let length = timeout(PATIENCE, notices.recv(&mut words)).await.expect("it is told").unwrap();
    String::from_utf8_lossy(&words[..length]).trim().to_owned()
}
