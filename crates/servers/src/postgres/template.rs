//! A data directory that `initdb` made once, copied for every server: making one takes seconds, copying it some milliseconds.

use super::USER;
use crate::place::Place;
use crate::program::{self, Account};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// To be raised with every change of what is prepared here.
const EDITION: u32 = 1;

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
max_wal_size = 256MB
min_wal_size = 8MB
log_checkpoints = off
";

/// Over the unix socket and on loopback everybody, but who is made by `Postgres::user` needs his password.
pub const WHO_MAY: &str = "
local all all trust
host all +with_password 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

/// Puts a prepared data directory at `target`, which must not exist.
pub fn copy(target: &Path, owner: Option<Account>) {
    copy_tree(&prepared(), target, owner);
}

/// Where the template is; makes it when there is none yet.
fn prepared() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/servers");
    fs::create_dir_all(&folder).expect("target can be written");
    let version = output(Command::new(program::of_postgres("postgres")).arg("--version"));
    let words = version.split_whitespace().nth(2).expect("it tells its version after its name");
    // Only its maker can read it.
    let maker = rustix::process::geteuid().as_raw();
    let template = folder.join(format!("postgres-{words}-{EDITION}-{maker}"));
    if template.exists() {
        return template;
    }
    // One process makes it, the others wait here for it.
    let lock = File::create(folder.join(format!("lock-{maker}"))).expect("target can be written");
    lock.lock().expect("a file can be locked");
    if !template.exists() {
        let half = folder.join(format!("half-{maker}"));
        let _ = fs::remove_dir_all(&half);
        let major = words.split('.').next().and_then(|major| major.parse::<u32>().ok());
        // Earlier ones cannot sort a whole database by ICU.
        make(&half, major.is_some_and(|major| major >= 15));
        fs::rename(&half, &template).expect("within one folder");
    }
    template
}

fn make(target: &Path, icu: bool) {
    // Beside the others' directories, since whoever PostgreSQL runs as may not be able to reach ours.
    let account = Account::without_power();
    let place = Place::new("initdb", account);
    let data = place.join("data");
    let mut initdb = Command::new(program::of_postgres("initdb"));
    initdb.arg("-D").arg(&data).args(["--username", USER, "--auth=trust", "--encoding=UTF8", "--wal-segsize=1", "--no-sync"]);
    initdb.arg("--locale=C.UTF-8");
    if icu {
        initdb.args(["--locale-provider=icu", "--icu-locale=en-US"]);
    }
    initdb.current_dir(place.path());
    as_account(&mut initdb, account);
    output(&mut initdb);
    let mut settings = fs::read_to_string(data.join("postgresql.conf")).expect("initdb writes it");
    settings.push_str(SETTINGS);
    fs::write(data.join("postgresql.conf"), settings).expect("it is ours");
    fs::write(data.join("pg_hba.conf"), WHO_MAY).expect("it is ours");
    let mut single = Command::new(program::of_postgres("postgres"));
    single.arg("--single").arg("-D").arg(&data).args(["-c", "fsync=off", "postgres"]).current_dir(place.path());
    as_account(&mut single, account);
    let sql = place.join("sql");
    fs::write(&sql, "CREATE ROLE with_password;\n").expect("it is ours");
    single.stdin(File::open(&sql).expect("just written"));
    output(&mut single);
    copy_tree(&data, target, None);
}

fn as_account(command: &mut Command, account: Option<Account>) {
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {err}", command.get_program().display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copy_tree(from: &Path, to: &Path, owner: Option<Account>) {
    fs::create_dir(to).expect("its parent is ours");
    for entry in fs::read_dir(from).expect("the template can be read") {
        let entry = entry.expect("the template can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("just listed").is_dir() {
            copy_tree(&entry.path(), &target, owner);
        } else {
            fs::copy(entry.path(), &target).expect("there is room");
            give(&target, owner);
        }
    }
    // PostgreSQL insists.
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("it is ours");
    give(to, owner);
}

fn give(path: &Path, owner: Option<Account>) {
    if let Some(Account { uid, gid }) = owner {
        chown(path, Some(uid), Some(gid)).expect("root may give away");
    }
}
