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

/// Starts it, waits for its end and gives what it said; it must not end well.
async fn refused(options: Options) -> String {
    let mut app = Whatisup::spawn(options).unwrap();
    let status = app.ends().await.unwrap();
    assert_eq!(status.code(), Some(1), "{}", app.printed());
    // What was printed last may still be on its way.
    app.prints("whatisupd: ").await.unwrap();
    app.printed()
}

/// What `/livez` and `/readyz` answer, the latter with the code of its problem.
async fn health(app: &Whatisup) -> Option<(u16, u16, String)> {
    let http = reqwest::Client::new();
    let live = http.get(format!("{}/livez", app.base())).send().await.ok()?.status().as_u16();
    let ready = http.get(format!("{}/readyz", app.base())).send().await.ok()?;
    let status = ready.status().as_u16();
    let body: serde_json::Value = ready.json().await.ok()?;
    Some((live, status, body["code"].as_str().unwrap_or_default().to_owned()))
}

async fn waits_for(app: &Whatisup, code: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while health(app).await != Some((200, 503, code.to_owned())) {
        assert!(tokio::time::Instant::now() < deadline, "{:?}\n{}", health(app).await, app.printed());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_not_there_yet_are_waited_for_and_a_stop_is_a_stop() {
    let ground = Ground::new().await;
    let options = ground.options("app", &ground.redis.url(), &ground.database());
    tokio::task::block_in_place(|| {
        ground.postgres.stop();
        ground.redis.stop();
    });
    let mut app = Whatisup::spawn(options.clone()).unwrap();
    waits_for(&app, "database_unreachable").await;
    tokio::task::block_in_place(|| ground.postgres.start_again());
    waits_for(&app, "redis_unreachable").await;
    tokio::task::block_in_place(|| ground.redis.start_again());
    app.ready().await.unwrap();
    app.terminate().await.unwrap();

    tokio::task::block_in_place(|| ground.redis.stop());
    let app = Whatisup::spawn(options).unwrap();
    waits_for(&app, "redis_unreachable").await;
    app.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waiting_does_not_mend_is_told_at_once_and_never_with_a_password() {
    const SECRET: &str = "hunter2hunter2";
    let ground = Ground::new().await;
    let (database, redis) = (ground.database(), ground.redis.url());
    let (strict, pair) = tokio::task::block_in_place(|| {
        let strict = Redis::start(RedisOptions { requirepass: Some("another".into()), ..RedisOptions::default() });
        ground.postgres.user("ada", "another");
        (strict, servers::RedisPair::start())
    });
    let postgres = ground.postgres.address();
    let replica = pair.replica().url();
    let wrong_user = format!("postgres://ada:{SECRET}@{postgres}/postgres");
    let no_database = format!("postgres://ada:{SECRET}@{postgres}/nowhere");
    let wrong_password = format!("redis://:{SECRET}@{}", strict.address());
    let no_password = format!("redis://{}", strict.address());
    let not_a_key = ground.world.path("not-a-key");
    keep(&not_a_key, SECRET);
    for (what, sessions, database, env, tells) in [
        ("a wrong password", redis.as_str(), wrong_user.as_str(), None, "The database server refuses"),
        ("no such database", &redis, &no_database, None, "The database server refuses"),
        ("a wrong password at Redis", &wrong_password, &database, None, "Redis does not let us in"),
        ("no password at Redis", &no_password, &database, None, "Redis does not let us in"),
        ("a replica", &replica, &database, None, "replica"),
        ("no master key", &redis, &database, Some(("WHATISUP_VAULT_MASTER_KEY_FILE", "")), "whatisupd vault new-key"),
        (
            "a file that holds none",
            &redis,
            &database,
            Some(("WHATISUP_VAULT_MASTER_KEY_FILE", not_a_key.to_str().unwrap())),
            "does not hold a master key",
        ),
        (
            "a file that is not there",
            &redis,
            &database,
            Some(("WHATISUP_VAULT_MASTER_KEY_FILE", "/nowhere/key")),
            "/nowhere/key cannot be read",
        ),
    ] {
        let mut options = ground.options(&what.replace(' ', "-"), sessions, database);
        if let Some((name, value)) = env {
            set(&mut options, name, value);
        }
        let said = refused(options.clone()).await;
        assert!(said.contains(tells), "{what}: {said}");
        let (good, doctor) = ran(&options, &["doctor"]).await;
        assert!(!good, "{what}: {doctor}");
        for text in [&said, &doctor] {
            assert!(!text.contains(SECRET), "{what}: {text}");
        }
        let logs = std::fs::read_to_string(options.data_dir.join("logs/whatisup.log")).unwrap_or_default();
        assert!(!logs.contains(SECRET), "{what}: {logs}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_the_wrong_master_key_ends_at_once_and_touches_nothing() {
    let ground = Ground::new().await;
    let (database, redis) = (ground.database(), ground.redis.url());
    let app = Whatisup::start(ground.options("right", &redis, &database)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let ada = ground.world.phone(0).unwrap();
    let channel = ground.world.pair(&rest, &mut events, &ada, "Desk").await.unwrap();

    let other = ground.world.path("other.key");
    keep(&other, &new_master_key().await.unwrap());
    let mut wrong = ground.options("wrong", &redis, &database);
    set(&mut wrong, "WHATISUP_VAULT_MASTER_KEY_FILE", other.to_str().unwrap());
    let look = || {
        let vault = ground
            .postgres
            .psql_at(&database, "SELECT md5(string_agg(name || encode(sealed, 'hex'), ',' ORDER BY name)) FROM vault_entries");
        let keys = ground.redis.cli(&["--scan", "--pattern", "*auth*"]).lines().count();
        (vault, keys)
    };
    let before = tokio::task::block_in_place(look);
    for _ in 0..2 {
        let said = refused(wrong.clone()).await;
        assert!(said.contains("The master key is the wrong one") && said.contains("is needed"), "{said}");
    }
    let (good, said) = ran(&wrong, &["vault", "status"]).await;
    assert!(!good && said.contains("wrong"), "{said}");
    let (good, said) = ran(&wrong, &["vault", "rotate"]).await;
    assert!(!good && said.contains("wrong"), "{said}");
    assert_eq!(tokio::task::block_in_place(look), before);
    // The worker that had the right one did not notice.
    assert_eq!(rest.get(&format!("/v1/channels/{channel}")).await.unwrap()["state"]["status"], "connected");
    app.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_tells_where_everything_is_and_what_a_setting_costs() {
    let ground = Ground::new().await;
    let options = ground.options("app", &ground.redis.url(), &ground.database());
    let (_, said) = ran(&options, &["doctor"]).await;
    assert!(said.contains("PostgreSQL") && said.contains("the first start makes its tables"), "{said}");
    assert!(said.contains("Redis 7") || said.contains("Redis 6") || said.contains("Redis 8"), "{said}");
    let app = Whatisup::start(options.clone()).await.unwrap();
    let noted = std::fs::read_to_string(options.data_dir.join("running.json")).unwrap();
    assert!(noted.contains("sealed_table") && noted.contains("redis://"), "{noted}");
    tokio::task::block_in_place(|| {
        ground.redis.cli(&["CONFIG", "SET", "appendonly", "no"]);
        ground.redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    });
    let (good, said) = ran(&options, &["doctor"]).await;
    assert!(!good && said.contains("allkeys-lru"), "{said}");
    tokio::task::block_in_place(|| ground.redis.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]));
    let (good, said) = ran(&options, &["doctor"]).await;
    assert!(!good && said.contains("appendonly no"), "{said}");
    assert!(said.contains("In the database."), "{said}");
    app.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_key_changes_under_running_workers() {
    let ground = Ground::new().await;
    let (database, redis) = (ground.database(), ground.redis.url());
    let (old, new) = (ground.master.clone(), ground.world.path("new.key"));
    let (good, said) = ran(&ground.options("x", "disk", "sqlite"), &["vault", "new-key", new.to_str().unwrap()]).await;
    assert!(good && !said.contains("wium_"), "{said}");
    let (good, said) = ran(&ground.options("x", "disk", "sqlite"), &["vault", "new-key", new.to_str().unwrap()]).await;
    assert!(!good && said.contains("exists"), "{said}");

    let both = |name: &str| {
        let mut options = ground.options(name, &redis, &database);
        set(&mut options, "WHATISUP_VAULT_MASTER_KEY_FILE", new.to_str().unwrap());
        set(&mut options, "WHATISUP_VAULT_PREVIOUS_MASTER_KEY_FILE", old.to_str().unwrap());
        options
    };
    // Before the change, with the old key alone.
    let app = Whatisup::start(ground.options("worker", &redis, &database)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let (ada, grace) = (ground.world.phone(0).unwrap(), ground.world.phone(1).unwrap());
    let desk = ground.world.pair(&rest, &mut events, &ada, "Desk").await.unwrap();
    app.terminate().await.unwrap();

    // A worker that knows both goes on through the change, and makes keys before and after it.
    let app = Whatisup::start(both("worker")).await.unwrap();
    let (good, said) = ran(&both("command"), &["vault", "status"]).await;
    assert!(good && said.contains("under way"), "{said}");
    let (good, said) = ran(&both("command"), &["vault", "rotate"]).await;
    assert!(good && said.contains("wrapped by master key"), "{said}");
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let shop = ground.world.pair(&rest, &mut events, &grace, "Shop").await.unwrap();
    app.terminate().await.unwrap();

    // New keys for what is sealed are for when nobody runs.
    let app = Whatisup::start(both("worker")).await.unwrap();
    let (good, said) = ran(&both("command"), &["vault", "rotate", "--channels"]).await;
    assert!(!good && said.contains("A worker uses this database"), "{said}");
    app.terminate().await.unwrap();

    // And afterwards with the new one alone; the old one opens nothing.
    let mut alone = both("worker");
    set(&mut alone, "WHATISUP_VAULT_PREVIOUS_MASTER_KEY_FILE", "");
    let app = Whatisup::start(alone).await.unwrap();
    let rest = app.rest().await.unwrap();
    resumed(&rest, &desk).await;
    resumed(&rest, &shop).await;
    let said = refused(ground.options("late", &redis, &database)).await;
    assert!(said.contains("The master key is the wrong one"), "{said}");
    app.terminate().await.unwrap();
}

/// New keys for everything, with the process killed after each step in turn: after each kill the next start works, and so does
/// the next change.
async fn survives_kills_while_keys_change(ground: &Ground, options: Options) {
    const STEPS: [&str; 9] = [
        "auth.begun",
        "auth.copied",
        "auth.swapped",
        "auth.finished",
        "ledger.begun",
        "ledger.copied",
        "ledger.unchecked",
        "ledger.swapped",
        "ledger.finished",
    ];
    let (ada, grace) = (ground.world.phone(0).unwrap(), ground.world.phone(1).unwrap());
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = ground.world.pair(&rest, &mut events, &ada, "Desk").await.unwrap();
    let hook = serde_json::json!({ "url": "http://127.0.0.1:9/hook", "description": "kept" });
    rest.post("/v1/webhooks", hook).await.unwrap();
    let mut options = app.terminate().await.unwrap();
    let in_postgres = options.env.iter().any(|(name, value)| name == "WHATISUP_DATABASE" && value.starts_with("postgres"));
    for step in STEPS {
        // In one transaction there is nothing between.
        if in_postgres && ["ledger.copied", "ledger.unchecked"].contains(&step) {
            continue;
        }
        let mut killed = options.clone();
        set(&mut killed, "SANDBOX_KILL_AT", step);
        let (good, said) = ran(&killed, &["vault", "rotate", "--channels"]).await;
        assert!(!good && !said.contains("another worker"), "{step} was never reached: {said}");
        // The dead one had borrowed the channel for a minute, which is not what this test waits for.
        tokio::task::block_in_place(|| {
            for lease in ground.redis.cli(&["--scan", "--pattern", "*:lease"]).lines() {
                ground.redis.cli(&["DEL", lease]);
            }
        });
        // The next start.
        let app = Whatisup::start(options).await.unwrap();
        let rest = app.rest().await.unwrap();
        resumed(&rest, &channel).await;
        let text = format!("after {step}");
        rest.send_text(&channel, grace.number(), &text).await.unwrap();
        ground.world.arrives(&grace, &text).await.unwrap();
        let hooks = rest.get("/v1/webhooks").await.unwrap();
        assert_eq!(hooks["items"][0]["description"], "kept", "{hooks}");
        options = app.terminate().await.unwrap();
    }
    let (good, said) = ran(&options, &["vault", "rotate", "--channels"]).await;
    assert!(good && said.contains("1 channels have new keys, and so has the database"), "{said}");
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    resumed(&rest, &channel).await;
    grace.send_text(ada.number(), "to the end").await.unwrap();
    let options = app.terminate().await.unwrap();
    let (good, said) = ran(&options, &["vault", "status"]).await;
    assert!(good && !said.contains("interrupted"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_on_this_machine_survive_a_kill_after_every_step() {
    let ground = Ground::new().await;
    survives_kills_while_keys_change(&ground, ground.options("app", "disk", "sqlite")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_on_servers_survive_a_kill_after_every_step() {
    let ground = Ground::new().await;
    survives_kills_while_keys_change(&ground, ground.options("app", &ground.redis.url(), &ground.database())).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_from_the_environment_does_not_stay_there() {
    let ground = Ground::new().await;
    let key = std::fs::read_to_string(&ground.master).unwrap().trim().to_owned();
    let mut options = ground.options("app", "disk", "sqlite");
    set(&mut options, "WHATISUP_VAULT_MASTER_KEY_FILE", "");
    set(&mut options, "WHATISUP_VAULT_MASTER_KEY", &key);
    let app = Whatisup::start(options.clone()).await.unwrap();
    let environment = std::fs::read(format!("/proc/{}/environ", app.pid().unwrap())).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(environment.contains("WHATISUP_VAULT_MASTER_KEY_FILE="), "{environment}");
    assert!(!environment.contains("wium_"), "it is still there");
    assert!(options.data_dir.join("vault.sealed").exists());
    app.terminate().await.unwrap();

    set(&mut options, "WHATISUP_VAULT_MASTER_KEY", &key[..key.len() - 3]);
    let said = refused(options).await;
    assert!(said.contains("WHATISUP_VAULT_MASTER_KEY does not hold a master key") && !said.contains("wium_A"), "{said}");
}
