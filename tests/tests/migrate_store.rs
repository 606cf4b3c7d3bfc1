//! A running installation changes its stores: from disk and SQLCipher to Redis and Postgres, and back, without a new QR.
#![allow(clippy::unwrap_used)]

use acceptance::fleet::new_master_key;
use acceptance::{Options, PATIENCE, Rest, Whatisup, World};
use serde_json::Value;
use servers::{Postgres, Redis, RedisOptions};
use std::path::Path;
use tokio::time::timeout;

struct Ground {
    world: World,
    postgres: Postgres,
    redis: Redis,
    options: Options,
}

impl Ground {
    async fn new() -> Self {
        let world = World::with_phones(3).await.unwrap();
        let (postgres, redis) = tokio::task::block_in_place(|| {
            (Postgres::start(), Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() }))
        });
        let master = world.path("master.key");
        private(&master, &new_master_key().await.unwrap());
        let mut options = Options { key_file: None, ..world.options("app") };
        options.env.push(("WHATISUP_VAULT_MASTER_KEY_FILE".into(), master.to_str().unwrap().to_owned()));
        Ground { world, postgres, redis, options }
    }

    /// Linked channels that have talked, at rest; their ids.
    async fn talked(&self) -> Vec<String> {
        let app = Whatisup::start(self.options.clone()).await.unwrap();
        let rest = app.rest().await.unwrap();
        let mut events = app.events(None).await.unwrap();
        let grace = self.world.phone(2).unwrap();
        let mut channels = Vec::new();
        for (n, name) in ["Front desk", "Back office"].into_iter().enumerate() {
            let phone = self.world.phone(n).unwrap();
            let channel = self.world.pair(&rest, &mut events, &phone, name).await.unwrap();
            rest.send_text(&channel, grace.number(), &format!("from {name}")).await.unwrap();
            self.world.arrives(&grace, &format!("from {name}")).await.unwrap();
            grace.send_text(phone.number(), "hello").await.unwrap();
            events.of("message.received", &channel).await.unwrap();
            channels.push(channel);
        }
        rest.create_channel("Never paired").await.unwrap();
        app.terminate().await.unwrap();
        channels
    }

    /// The installation as it is now: resumed, with its past, and talking on the ratchets that it had.
    async fn goes_on(&self, channels: &[String], sessions: &str, round: &str) {
        let bundles = self.world.network().counters().bundles_handed_out;
        let app = Whatisup::start(self.options.clone()).await.unwrap();
        let rest = app.rest().await.unwrap();
        let running = std::fs::read_to_string(self.options.data_dir.join("running.json")).unwrap();
        let running: Value = serde_json::from_str(&running).unwrap();
        assert!(running["stores"]["sessions"].as_str().unwrap().starts_with(sessions), "{running}");
        let grace = self.world.phone(2).unwrap();
        for channel in channels {
            connected(&rest, &app, channel).await;
            let page = rest.get(&format!("/v1/channels/{channel}/messages")).await.unwrap();
            assert!(page["items"].as_array().unwrap().len() >= 2, "{page}");
            let said = format!("{round} {channel}");
            rest.send_text(channel, grace.number(), &said).await.unwrap();
            self.world.arrives(&grace, &said).await.unwrap();
        }
        assert_eq!(rest.get("/v1/channels").await.unwrap()["items"].as_array().unwrap().len(), 3);
        let counters = self.world.network().counters();
        assert_eq!((counters.bundles_handed_out, counters.replaced), (bundles, 0), "{counters:?}");
        app.terminate().await.unwrap();
    }

    async fn migrate(&self, args: &[&str], kill_at: Option<&str>) -> (bool, String) {
        let mut command = self.options.command("migrate-store").unwrap();
        command.args(args);
        if let Some(step) = kill_at {
            command.env("SANDBOX_KILL_AT", step);
        }
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        (
            output.status.success(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    }

    fn there(&self) -> [String; 2] {
        let database = tokio::task::block_in_place(|| self.postgres.database());
        // An address may hold a password: it comes in a file.
        let file = self.world.path("postgres.url");
        private(&file, &database);
        [self.redis.url(), format!("@{}", file.display())]
    }

    /// The keys of sessions in Redis.
    fn in_redis(&self) -> usize {
        tokio::task::block_in_place(|| self.redis.cli(&["KEYS", "whatisup:{ch_*}:auth*"]))
            .lines()
            .filter(|l| !l.is_empty())
            .count()
    }

    fn on_disk(&self) -> usize {
        let sessions = self.options.data_dir.join("sessions");
        let kept = std::fs::read_dir(sessions).map(|all| all.flatten().filter(|e| e.path().join("auth.db").exists()).count());
        kept.unwrap_or(0)
    }
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn connected(rest: &Rest, app: &Whatisup, channel: &str) {
    let mut events = app.events(Some(0)).await.unwrap();
    loop {
        let now = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
        assert_ne!(now["state"]["status"], "pairing", "it pairs anew: {now}");
        if now["state"]["status"] == "connected" {
            return;
        }
        events.wait("a change of the channel", |e| e.data["channel_id"] == channel).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_to_servers_and_back_and_goes_on() {
    let ground = Ground::new().await;
    let channels = ground.talked().await;
    let [redis, postgres] = ground.there();

    // Not under a running application.
    let app = Whatisup::start(ground.options.clone()).await.unwrap();
    let (good, text) = ground.migrate(&["--sessions", &redis], None).await;
    assert!(!good && text.contains("in use"), "{text}");
    app.terminate().await.unwrap();

    let (good, text) = ground.migrate(&["--sessions", &redis, "--database", &postgres, "--shred"], None).await;
    assert!(good, "{text}");
    for line in [&channels[0], &channels[1], "messages", "events", "The old ones are destroyed"] {
        assert!(text.contains(line), "{line} is not told:\n{text}");
    }
    assert_eq!((ground.on_disk(), ground.options.data_dir.join("ledger.db").exists()), (0, false));
    assert!(ground.in_redis() > 0);
    ground.goes_on(&channels, "redis://", "on servers").await;

    // Back, and the servers' copies are destroyed when somebody says so.
    let (good, text) = ground.migrate(&["--sessions", "disk", "--database", "sqlite"], None).await;
    assert!(good && text.contains("migrate-store --shred"), "{text}");
    assert!(ground.in_redis() > 0);
    ground.goes_on(&channels, "disk", "on disk").await;
    let (good, text) = ground.migrate(&["--shred"], None).await;
    assert!(good && text.contains("destroyed"), "{text}");
    assert_eq!(ground.in_redis(), 0);
    ground.goes_on(&channels, "disk", "on disk alone").await;
    let (good, text) = ground.migrate(&["--shred"], None).await;
    assert!(!good && text.contains("nothing to do"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_step_it_goes_on_where_it_was() {
    let ground = Ground::new().await;
    let channels = ground.talked().await;
    let [redis, postgres] = ground.there();
    let there = ["--sessions", &redis, "--database", &postgres, "--shred"];
    for step in ["keys", "session", "rows", "ledger", "noted"] {
        let (good, text) = ground.migrate(&there, Some(&format!("migrate.{step}"))).await;
        assert!(!good, "it was not killed at {step}:\n{text}");
        // What was there is in force and whole.
        assert_eq!((ground.on_disk(), ground.options.data_dir.join("choices.toml").exists()), (3, false), "{step}");
    }
    ground.goes_on(&channels, "disk", "after the kills").await;
    // Its past has grown meanwhile, and so have its ratchets: what had been carried over is of the past.
    let (good, text) = ground.migrate(&there, None).await;
    assert!(!good && text.contains("another session"), "{text}");
    let (good, text) = ground.migrate(&[&there[..], &["--replace"]].concat(), None).await;
    assert!(good, "{text}");
    ground.goes_on(&channels, "redis://", "on servers").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_switch_it_can_still_be_brought_to_its_end() {
    let ground = Ground::new().await;
    let channels = ground.talked().await;
    let [redis, postgres] = ground.there();
    let there = ["--sessions", &redis, "--database", &postgres, "--shred"];
    for step in ["keys", "session", "rows", "ledger", "noted", "switched", "cleared", "scrapped"] {
        let (good, text) = ground.migrate(&there, Some(&format!("migrate.{step}"))).await;
        assert!(!good, "it was not killed at {step}:\n{text}");
    }
    let (good, text) = ground.migrate(&there, None).await;
    assert!(good && text.contains("destroyed"), "{text}");
    assert_eq!((ground.on_disk(), ground.options.data_dir.join("ledger.db").exists()), (0, false));
    ground.goes_on(&channels, "redis://", "on servers").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_changes_nothing_and_says_why() {
    let mut ground = Ground::new().await;
    let [redis, _] = ground.there();
    let (good, text) = ground.migrate(&["--sessions", &redis], None).await;
    assert!(!good && text.contains("nothing here yet"), "{text}");
    let channels = ground.talked().await;
    let nobody = format!("redis://127.0.0.1:{}", acceptance::process::free_port());
    for (args, says) in [
        (vec!["--sessions", nobody.as_str()], "Redis"),
        (vec!["--sessions", "redis://user:secret@127.0.0.1"], "password"),
        (vec!["--sessions", "tape"], "disk"),
        (vec!["--sessions", "disk"], "nothing to do"),
        (vec!["--sessions", "@/nowhere/url"], "cannot read"),
    ] {
        let (good, text) = ground.migrate(&args, None).await;
        assert!(!good && text.contains(says) && !text.contains("secret"), "{args:?}: {text}");
    }
    // Settings that others give are theirs to change.
    ground.options.env.push(("WHATISUP_SESSIONS".into(), "disk".into()));
    let (good, text) = ground.migrate(&["--sessions", &redis, "--shred"], None).await;
    assert!(good && text.contains("WHATISUP_SESSIONS"), "{text}");
    assert_eq!(ground.on_disk(), 3, "destroyed although it is in force");
    ground.options.env.retain(|(name, _)| name != "WHATISUP_SESSIONS");
    ground.goes_on(&channels, "disk", "as before").await;
}
