//! Where sessions and database may be kept: all four combinations, what is told when one of them does not work, and the keys.
#![allow(clippy::unwrap_used)]

use acceptance::fleet::new_master_key;
use acceptance::{Options, PATIENCE, Whatisup, World};
use servers::{Postgres, Redis, RedisOptions};
use std::path::PathBuf;
use std::process::Output;
use tokio::time::timeout;

/// Servers of its own for one test, and a master key in a file.
struct Ground {
    world: World,
    postgres: Postgres,
    redis: Redis,
    master: PathBuf,
}

impl Ground {
    async fn new() -> Self {
        let world = World::with_phones(2).await.unwrap();
        let (postgres, redis) = tokio::task::block_in_place(|| {
            (Postgres::start(), Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() }))
        });
        let master = world.path("master.key");
        keep(&master, &new_master_key().await.unwrap());
        Ground { world, postgres, redis, master }
    }

    /// An application with these stores, in a data directory of this name.
    fn options(&self, name: &str, sessions: &str, database: &str) -> Options {
        let mut options = Options { key_file: None, ..self.world.options(name) };
        set(&mut options, "WHATISUP_SESSIONS", sessions);
        set(&mut options, "WHATISUP_DATABASE", database);
        set(&mut options, "WHATISUP_VAULT_MASTER_KEY_FILE", self.master.to_str().unwrap());
        options
    }

    fn database(&self) -> String {
        tokio::task::block_in_place(|| self.postgres.database())
    }
}

fn set(options: &mut Options, name: &str, value: &str) {
    options.env.retain(|(known, _)| known != name);
    options.env.push((name.to_owned(), value.to_owned()));
}

fn keep(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A command on the same installation, with what it said.
async fn ran(options: &Options, args: &[&str]) -> (bool, String) {
    let mut command = tokio::process::Command::new(acceptance::binaries::program("whatisupd").unwrap());
    command.args(args).env("WHATISUP_DATA_DIR", &options.data_dir).envs(options.env.iter().cloned()).kill_on_drop(true);
    let Output { status, stdout, stderr } = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

/// Pairs, sends, receives; ends in good order and comes back without a QR; is killed, and comes back again.
async fn lives_with(ground: &Ground, options: Options) {
    let (ada, grace) = (ground.world.phone(0).unwrap(), ground.world.phone(1).unwrap());
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = ground.world.pair(&rest, &mut events, &ada, "Desk").await.unwrap();
    rest.send_text(&channel, grace.number(), "first").await.unwrap();
    ground.world.arrives(&grace, "first").await.unwrap();
    grace.send_text(ada.number(), "and back").await.unwrap();
    events.of("message.received", &channel).await.unwrap();

    let options = app.terminate().await.unwrap();
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    resumed(&rest, &channel).await;
    rest.send_text(&channel, grace.number(), "after a restart").await.unwrap();
    ground.world.arrives(&grace, "after a restart").await.unwrap();

    let options = app.kill().await.unwrap();
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    resumed(&rest, &channel).await;
    let mut events = app.events(None).await.unwrap();
    grace.send_text(ada.number(), "after a kill").await.unwrap();
    events.of("message.received", &channel).await.unwrap();
    app.terminate().await.unwrap();
}

/// Waits until the channel is connected; it never asks for a QR meanwhile.
async fn resumed(rest: &acceptance::Rest, channel: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let seen = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
        match seen["state"]["status"].as_str().unwrap() {
            "connected" => return,
            "reconnecting" => {}
            other => panic!("{other}: {seen}"),
        }
        assert!(tokio::time::Instant::now() < deadline, "{seen}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_database_on_this_machine() {
    let ground = Ground::new().await;
    lives_with(&ground, ground.options("app", "disk", "sqlite")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_in_a_redis_and_the_database_on_this_machine() {
    let ground = Ground::new().await;
    lives_with(&ground, ground.options("app", &ground.redis.url(), "sqlite")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_on_this_machine_and_the_database_in_a_postgres() {
    let ground = Ground::new().await;
    lives_with(&ground, ground.options("app", "disk", &ground.database())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_in_a_redis_and_the_database_in_a_postgres() {
    let ground = Ground::new().await;
    lives_with(&ground, ground.options("app", &ground.redis.url(), &ground.database())).await;
}
