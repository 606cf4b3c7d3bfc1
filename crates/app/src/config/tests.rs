use super::*;
use crate::RunArgs;

fn load(file: &str, env: &[(&str, &str)], args: RunArgs) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let args = RunArgs { config: Some(path), data_dir: args.data_dir.or(Some(dir.path().join("data"))), ..args };
    Config::load(&Sources { args, env, ..Sources::default() })
}

#[test]
fn the_defaults_are_complete_and_valid() {
    let config = load("", &[], RunArgs::default()).unwrap();
    assert_eq!(config.api.port, 9487);
    assert_eq!(config.api.bind.len(), 2);
    assert_eq!(config.vault.store, VaultStore::Auto);
    assert!(config.vault.key_file.ends_with("vault.key"));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "[api]\nport = 1000\n[log]\nlevel = \"debug\"\n[channels]\nresume_at_once = 3";
    let env = [("WHATISUP_API_PORT", "2000"), ("WHATISUP_LOG_LEVEL", "warn")];
    let config = load(file, &env, RunArgs { port: Some(3000), ..RunArgs::default() }).unwrap();
    assert_eq!((config.api.port, config.log.level.as_str(), config.channels.resume_at_once), (3000, "warn", 3));
}

#[test]
fn an_unknown_setting_is_an_error_with_the_nearest_name() {
    let error = load("[api]\nprot = 1", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("\"api.prot\"") && error.contains("did you mean \"api.port\"?"), "{error}");
    let error = load("", &[("WHATISUP_API_PRT", "1")], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("did you mean \"WHATISUP_API_PORT\"?"), "{error}");
    // However far it is.
    let error = load("", &[("WHATISUP_FOO", "1")], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("did you mean \"WHATISUP_"), "{error}");
    let error = load("[quite]\nelsewhere = 1", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("did you mean \""), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_names_the_setting() {
    let error = load("[api]\nport = \"many\"", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.starts_with("api.port"), "{error}");
    let error = load("[vault]\nstore = \"cloud\"", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.starts_with("vault.store"), "{error}");
}

#[test]
fn a_variable_is_read_as_what_its_default_is() {
    let env = [
        ("WHATISUP_WHATSAPP_DEVICE_NAME", "42"),
        ("WHATISUP_API_PORT", " 2000 "),
        ("WHATISUP_API_BIND", "[\"::1\"]"),
        ("WHATISUP_CHANNELS_RESUME_AT_ONCE", "3"),
    ];
    let config = load("", &env, RunArgs::default()).unwrap();
    assert_eq!((config.whatsapp.device_name.as_str(), config.api.port, config.channels.resume_at_once), ("42", 2000, 3));
    assert_eq!(config.api.bind, ["::1".parse::<std::net::IpAddr>().unwrap()]);
    let config = load("", &[("WHATISUP_API_BIND", "127.0.0.1, ::1")], RunArgs::default()).unwrap();
    assert_eq!(config.api.bind.len(), 2);
}

#[test]
fn a_value_that_does_not_fit_is_told_with_where_it_came_from_and_never_with_a_source_file() {
    for (variable, value, begins) in [
        ("WHATISUP_API_PORT", "many", "api.port (from WHATISUP_API_PORT): \"many\" is not a whole number"),
        ("WHATISUP_API_PORT", "70000", "api.port (from WHATISUP_API_PORT): "),
        ("WHATISUP_API_BIND", "everywhere", "api.bind (from WHATISUP_API_BIND): "),
        ("WHATISUP_API_BIND", "[1", "api.bind (from WHATISUP_API_BIND): "),
        ("WHATISUP_API_BIND", "0.0.0.0", "api.bind (from WHATISUP_API_BIND): 0.0.0.0 is not a loopback address"),
        ("WHATISUP_VAULT_STORE", "cloud", "vault.store (from WHATISUP_VAULT_STORE): "),
        ("WHATISUP_WHATSAPP_DEVICE_NAME", "", "whatsapp.device_name (from WHATISUP_WHATSAPP_DEVICE_NAME): "),
    ] {
        let error = load("", &[(variable, value)], RunArgs::default()).unwrap_err().to_string();
        assert!(error.starts_with(begins) && !error.contains(".rs"), "{error}");
    }
    let args = RunArgs { log_format: Some("yaml".into()), ..RunArgs::default() };
    let error = load("", &[("WHATISUP_LOG_FORMAT", "json")], args).unwrap_err().to_string();
    assert!(error.starts_with("log.format (from --log-format): ") && !error.contains(".rs"), "{error}");
    let error = load("[log]\nformat = \"yaml\"", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.starts_with("log.format (from ") && error.contains("config.toml): "), "{error}");
}

#[test]
fn only_loopback_addresses_are_served() {
    let error = load("[api]\nbind = [\"0.0.0.0\"]", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("not a loopback address"), "{error}");
}

#[test]
fn a_key_file_named_by_flag_is_the_store() {
    let args = RunArgs { key_file: Some("/tmp/k".into()), ..RunArgs::default() };
    let config = load("[vault]\nstore = \"keychain\"", &[], args).unwrap();
    assert_eq!((config.vault.store, config.vault.key_file), (VaultStore::File, PathBuf::from("/tmp/k")));
}

#[test]
fn the_choice_made_in_the_application_is_remembered_and_the_users_file_wins_over_it() {
    let dir = tempfile::tempdir().unwrap();
    remember_vault_choice(dir.path(), VaultStore::File).unwrap();
    let args = || RunArgs { data_dir: Some(dir.path().to_owned()), ..RunArgs::default() };
    assert_eq!(load("", &[], args()).unwrap().vault.store, VaultStore::File);
    assert_eq!(load("[vault]\nstore = \"keychain\"", &[], args()).unwrap().vault.store, VaultStore::Keychain);
}

#[cfg(not(feature = "sandbox"))]
#[test]
fn a_production_build_knows_no_other_whatsapp() {
    let error = load("[whatsapp]\nurl = \"ws://127.0.0.1:1\"", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("sandbox builds only"), "{error}");
}

#[cfg(feature = "sandbox")]
#[test]
fn a_version_is_three_numbers() {
    let with = |v: &str| load(&format!("[whatsapp]\nversion = \"{v}\""), &[], RunArgs::default());
    assert_eq!(with("2.3000.7").unwrap().whatsapp.version, Some((2, 3000, 7)));
    assert!(with("2.3000").unwrap_err().to_string().contains("whatsapp.version"));
}

#[test]
fn queues_have_sensible_bounds() {
    let config = load("", &[("WHATISUP_OUTBOX_PER_MINUTE", "0")], RunArgs::default()).unwrap();
    assert_eq!((config.outbox.per_minute, config.outbox.burst, config.outbox.max_queued), (0, 20, 10_000));
    assert_eq!((config.events.keep_days, config.events.max, config.events.max_mib), (30, 1_000_000, 1024));
    assert_eq!((config.apps.request_seconds, config.webhooks.timeout_seconds), (600, 15));
    for (setting, value) in [
        ("outbox.burst", "0"),
        ("outbox.max_queued", "0"),
        ("events.keep_days", "0"),
        ("events.max", "10"),
        ("events.max_mib", "0"),
        ("apps.request_seconds", "9"),
        ("apps.request_seconds", "3601"),
        ("webhooks.timeout_seconds", "0"),
        ("webhooks.timeout_seconds", "3600"),
        ("outbox.per_minute", "-1"),
    ] {
        let variable = known::env_name(setting);
        let error = load("", &[(&variable, value)], RunArgs::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{setting} (from {variable})")), "{error}");
    }
}

#[test]
fn the_stores_are_on_this_machine_unless_told_otherwise() {
    let config = load("", &[], RunArgs::default()).unwrap();
    assert!(matches!((&config.sessions, &config.database), (Sessions::Disk, Database::Sqlite)));
    assert!(!config.worker.name.is_empty() && config.vault.master.is_none());

    let file = "sessions = \"redis://:hunter2@cache:6380/3\"\ndatabase = \"postgres://app:hunter2@db/whatisup?sslmode=require\"\n\
                [redis]\nprefix = \"gate\"\n[worker]\nname = \"east-1\"\n[postgres]\nconnections = 7";
    let config = load(file, &[], RunArgs::default()).unwrap();
    let (Sessions::Redis(redis), Database::Postgres(postgres)) = (&config.sessions, &config.database) else {
        panic!("{config:?}")
    };
    assert_eq!((redis.keyspace.prefix.as_str(), postgres.connections, config.worker.name.as_str()), ("gate", 7, "east-1"));
    assert_eq!(postgres.place, "postgres://app@db/whatisup");
    assert!(redis.place.contains("cache:6380"), "{}", redis.place);
    let printed = format!("{config:?}");
    assert!(!printed.contains("hunter2") && printed.contains("cache"), "{printed}");

    let env = [("WHATISUP_SESSIONS", "redis+sentinel://a:1,b:2/main"), ("WHATISUP_DATABASE", "postgresql://db/x")];
    let config = load(file, &env, RunArgs::default()).unwrap();
    assert_eq!(config.database.described(), "postgresql://db/x");
    assert!(config.sessions.described().contains("main"), "{}", config.sessions.described());
}

#[test]
fn a_store_that_does_not_fit_is_told_without_its_password() {
    for (setting, value, tells) in [
        ("sessions", "tape", "\\\"disk\\\""),
        ("sessions", "redis//:hunter2@cache", "redis://"),
        ("sessions", "http://u:hunter2@cache", "redis://"),
        ("sessions", "redis://:hunter2@", ""),
        ("sessions", "redis://:hunter2@cache:port", ""),
        ("sessions", "redis+sentinel://:hunter2@a", ""),
        ("database", "mysql://u:hunter2@db", "postgres://"),
        ("database", "hunter2", "sqlite"),
    ] {
        let variable = known::env_name(setting);
        for error in [
            load("", &[(&variable, value)], RunArgs::default()).unwrap_err(),
            load(&format!("{setting} = \"{value}\""), &[], RunArgs::default()).unwrap_err(),
        ] {
            let words = format!("{error} {error:?}");
            assert!(words.contains(setting) && words.contains(tells), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
    // A file that is no TOML is told with the line, not with what is in it.
    let error = load("[api]\nport = 1\n[x]\nsessions = \"redis://:hunter2@cache\nmore", &[], RunArgs::default()).unwrap_err();
    let words = format!("{error} {error:?}");
    assert!(words.contains("config.toml, line ") && !words.contains("hunter2"), "{words}");
    let sources = Sources { env: [("WHATISUP_SESSIONS".to_owned(), "hunter2".to_owned())].into(), ..Sources::default() };
    assert!(!format!("{sources:?}").contains("hunter2"));
}

#[test]
fn one_password_is_enough() {
    let with_file = |address: &str, table: &str| {
        load(&format!("{address}\n[{table}]\npassword_file = \"/run/secrets/password\""), &[], RunArgs::default())
    };
    with_file("sessions = \"redis://app@cache\"", "redis").unwrap();
    with_file("database = \"postgres://app@db/x\"", "postgres").unwrap();
    let told = with_file("sessions = \"redis://app:pw@cache\"", "redis").unwrap_err().to_string();
    assert!(told.starts_with("redis.password_file"), "{told}");
    let told = with_file("database = \"postgres://app:pw@db/x\"", "postgres").unwrap_err().to_string();
    assert!(told.starts_with("postgres.password_file"), "{told}");
}

#[test]
fn a_master_key_comes_from_the_first_place_that_has_one() {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<vault::MasterKey> = (0..4).map(|_| vault::MasterKey::generate().unwrap()).collect();
    let file = dir.path().join("file");
    keys[0].write_new(&file).unwrap();
    keys[1].write_new(&dir.path().join(vault::CREDENTIAL)).unwrap();
    let (variable, previous) = (keys[2].to_text(), dir.path().join("whatisup-previous-master-key"));
    let of = |file: &str, credentials: bool, variable: Option<&str>| {
        let args = RunArgs { data_dir: Some(dir.path().join("data")), ..RunArgs::default() };
        let env = [("WHATISUP_VAULT_MASTER_KEY_FILE", file), ("WHATISUP_VAULT_STORE", "master")];
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let credentials = credentials.then(|| dir.path().to_owned());
        Config::load(&Sources { args, env, credentials, master_key: variable.map(Into::into) })
    };
    let mark = |config: Result<Config, ConfigError>| config.unwrap().vault.master.unwrap().keys().unwrap().current.mark();
    let file = file.display().to_string();
    assert_eq!(mark(of(&file, true, Some(&variable))), keys[0].mark());
    assert_eq!(mark(of("", true, Some(&variable))), keys[1].mark());
    assert_eq!(mark(of("", false, Some(&variable))), keys[2].mark());
    let told = of("", false, None).unwrap_err().to_string();
    assert!(told.starts_with("vault.store") && told.contains("whatisupd vault new-key"), "{told}");

    assert!(of("", true, None).unwrap().vault.master.unwrap().keys().unwrap().previous.is_none());
    keys[3].write_new(&previous).unwrap();
    assert_eq!(of("", true, None).unwrap().vault.master.unwrap().keys().unwrap().previous.unwrap().mark(), keys[3].mark());

    let config = of("", false, Some("wiu_not_a_master_key")).unwrap();
    assert!(!format!("{config:?}").contains("not_a_master_key"));
    let told = config.vault.master.unwrap().keys().unwrap_err().to_string();
    assert!(told.contains("WHATISUP_VAULT_MASTER_KEY") && told.contains("admin key") && !told.contains("wiu_not"), "{told}");
}

#[test]
fn other_machines_are_served_only_when_addresses_are_named() {
    assert!(load("", &[], RunArgs::default()).unwrap().api.public.is_none());
    let env = [("WHATISUP_API_PUBLIC_BIND", "192.0.2.1, ::"), ("WHATISUP_API_PUBLIC_NAMES", "home.example,home.example:8443")];
    let public = load("[api.public]\nport = 9999", &env, RunArgs::default()).unwrap().api.public.unwrap();
    assert_eq!((public.port, public.bind.len(), public.names.len()), (9999, 2, 2));
    assert!(public.certificate.is_none());
    let flag = RunArgs { public: vec!["192.0.2.7".parse().unwrap()], ..RunArgs::default() };
    assert_eq!(load("", &env[..1], flag).unwrap().api.public.unwrap().bind, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
    assert!(load("", &[("WHATISUP_API_PUBLIC_BIND", "")], RunArgs::default()).unwrap().api.public.is_none());
}

#[test]
fn a_public_door_that_cannot_be_meant_is_told_by_its_setting() {
    let told = |file: &str| load(file, &[], RunArgs::default()).unwrap_err().to_string();
    let public = |rest: &str| format!("[api.public]\nbind = [\"192.0.2.1\"]\n{rest}");
    for (file, setting) in [
        ("[api]\nbind = [\"192.0.2.1\"]".to_owned(), "api.bind"),
        ("[api.public]\nnames = [\"home.example\"]".to_owned(), "api.public.names"),
        ("[api.public]\ncertificate = \"/a\"\nkey = \"/b\"".to_owned(), "api.public.certificate"),
        (public("certificate = \"/a\""), "api.public.key"),
        (public("key = \"/a\""), "api.public.certificate"),
        (public("names = [\"https://home.example\"]"), "api.public.names"),
        (public("names = [\"Home.example\"]"), "api.public.names"),
        (public("names = [\"*.example\"]"), "api.public.names"),
        (public("names = [\"home.example:0\"]"), "api.public.names"),
        (public("names = [\"home.example.\"]"), "api.public.names"),
        (public("names = [\"::1\"]"), "api.public.names"),
        ("[api.public]\nbind = [\"somewhere\"]".to_owned(), "api.public.bind"),
        ("[api.public]\nbind = [\"0.0.0.0\"]\nport = 9487".to_owned(), "api.public.port"),
    ] {
        let said = told(&file);
        assert!(said.starts_with(setting), "{file}: {said}");
    }
    for name in ["home.example", "home.example:8443", "192.0.2.9", "[2001:db8::1]", "[2001:db8::1]:8443", "pi"] {
        load(&public(&format!("names = [\"{name}\"]")), &[], RunArgs::default()).unwrap();
    }
    let error = load("[api.public]\nbnd = []", &[], RunArgs::default()).unwrap_err().to_string();
    assert!(error.contains("\"api.public.bnd\"") && error.contains("did you mean \"api.public.bind\"?"), "{error}");
}

#[test]
fn the_socket_is_in_the_data_directory_unless_somebody_says_otherwise() {
    let socket = |file: &str, env: &[(&str, &str)]| {
        load(file, env, RunArgs::default()).map(|config| (config.api.socket, config.data_dir))
    };
    let (ours, data_dir) = socket("", &[]).unwrap();
    assert_eq!(ours, Some(Socket { path: data_dir.join("api.sock"), chosen: false }));
    assert_eq!(socket("[api]\nsocket = false", &[]).unwrap().0, None);
    assert_eq!(socket("", &[("WHATISUP_API_SOCKET", "false")]).unwrap().0, None);
    let told = socket("", &[("WHATISUP_API_SOCKET", "perhaps")]).unwrap_err().to_string();
    assert!(told.contains("WHATISUP_API_SOCKET") && told.contains("true or false"), "{told}");
    let chosen = RunArgs { socket: Some("/run/whatisup.sock".into()), ..RunArgs::default() };
    let chosen = load("", &[], chosen).unwrap().api.socket.unwrap();
    assert_eq!(chosen, Socket { path: "/run/whatisup.sock".into(), chosen: true });
    assert!(socket("[api]\nsocket_path = \"api.sock\"", &[]).unwrap_err().to_string().starts_with("api.socket_path"));
}

#[test]
fn limits_that_would_let_nobody_in_are_refused() {
    assert_eq!(load("", &[], RunArgs::default()).unwrap().api.limits, api::Limits::default());
    for setting in [
        "per_key",
        "burst",
        "sends_per_key",
        "unknown",
        "at_once",
        "connections",
        "connections_per_peer",
        "streams",
        "streams_per_key",
    ] {
        let told = load(&format!("[limits]\n{setting} = 0"), &[], RunArgs::default()).unwrap_err().to_string();
        assert!(told.starts_with(&format!("limits.{setting}")), "{told}");
    }
    let limits = load("[limits]\nadmin = 60", &[("WHATISUP_LIMITS_PER_KEY", "5")], RunArgs::default()).unwrap().api.limits;
    assert_eq!((limits.admin.unwrap().get(), limits.per_key.get()), (60, 5));
}
