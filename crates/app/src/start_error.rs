//! Why the application did not start, in words, with what may be done about it.

use api::BindError;
use engine::HeldBy;
use keyspace::KeyspaceError;
use ledger::OpenError;
use std::path::PathBuf;
use vault::{MasterKeyError, VaultError};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data directory {path} cannot be used: {source}")]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    DataDirHeld(#[from] HeldBy),
    #[error(
        "A restore broke off in {0} while files were moved. Nothing was deleted. Repeat it: whatisupd restore FILE --replace"
    )]
    RestoreUnderWay(PathBuf),
    #[error("{}", .0.sentence())]
    Vault(#[from] VaultError),
    #[error("{}", master_key(.0))]
    MasterKey(#[from] MasterKeyError),
    #[error(
        "Workers that share a Redis and a Postgres share their keys too, and these are wrapped by a master key. Make one with \
         `whatisupd vault new-key FILE`, and give it to every worker: vault.master_key_file, the credential whatisup-master-key, or \
         WHATISUP_VAULT_MASTER_KEY."
    )]
    MasterKeyMissing,
    #[error("{}", redis(.0))]
    Redis(#[from] KeyspaceError),
    #[error(
        "The key of the database is not in {place}. Nothing was changed. Restore the key that belongs to this data directory, \
         choose the key store that holds it, or start with an empty database."
    )]
    LedgerKeyMissing { place: String },
    #[error("{}", .0.sentence())]
    Ledger(#[from] OpenError),
    #[error("The database cannot be read or written: {0}.")]
    LedgerUse(#[from] ledger::LedgerError),
    #[error("{} Nothing was changed.", workers_run(*.0))]
    WorkersRun(u64),
    #[error("The database was not used by this version yet. Start the application once: whatisupd run")]
    NotStarted,
    #[error("The sessions cannot be listed: {0}.")]
    AuthStates(whatsapp::StoreError),
    #[error(transparent)]
    Engine(#[from] engine::StartError),
    #[error("{}", .0.sentence())]
    Api(#[from] api::BindError),
    #[error(
        "The certificate for other machines cannot be used: {0}. Mend api.public.certificate and api.public.key, or leave both empty."
    )]
    Certificate(#[from] api::TlsError),
    #[error("{setting}: {message}")]
    WhatsApp { setting: &'static str, message: String },
    #[error("The embedded sandbox did not start: {0}.")]
    Sandbox(String),
}

impl From<api::ServeError> for StartError {
    fn from(error: api::ServeError) -> Self {
        match error {
            api::ServeError::Ledger(error) => error.into(),
            api::ServeError::Tls(error) => error.into(),
        }
    }
}

/// What a person may choose when the application did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAction {
    TryAgain,
    UseKeyFile,
    /// Sets the damaged ledger aside and begins with an empty one.
    StartFresh,
}

fn workers_run(workers: u64) -> String {
    match workers {
        1 => "A worker uses this database. Stop it, and do it again.".to_owned(),
        some => format!("{some} workers use this database. Stop all of them, and do it again."),
    }
}

impl StartError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            StartError::DataDir { .. } => "data_dir_unusable",
            StartError::DataDirHeld(_) => "data_dir_held",
            StartError::RestoreUnderWay(_) => "restore_under_way",
            StartError::Vault(error) => match error {
                VaultError::Locked | VaultError::TimedOut => "vault_locked",
                VaultError::Missing => "vault_missing",
                VaultError::Refused(_) => "vault_refused",
                VaultError::WrongMasterKey { .. } => "wrong_master_key",
                VaultError::Unreachable(_) => "vault_unreachable",
                VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_) => "vault_damaged",
            },
            StartError::MasterKey(_) => "master_key_unusable",
            StartError::MasterKeyMissing => "master_key_missing",
            StartError::Redis(error) => match error {
                KeyspaceError::Unreachable(_) => "redis_unreachable",
                KeyspaceError::Refused(_) | KeyspaceError::Fenced => "redis_refused",
                KeyspaceError::Unexpected(_) => "redis_unexpected",
                KeyspaceError::Config(_) => "redis_setting",
            },
            StartError::LedgerKeyMissing { .. } => "ledger_key_missing",
            StartError::Ledger(error) => match error {
                OpenError::WrongKey => "ledger_wrong_key",
                OpenError::Damaged { .. } => "ledger_damaged",
                OpenError::NewerVersion { .. } => "ledger_newer",
                OpenError::DiskFull => "disk_full",
                OpenError::Unreachable(_) => "database_unreachable",
                OpenError::Refused(_) => "database_refused",
                OpenError::Io(_) => "ledger_unusable",
            },
            StartError::LedgerUse(_) => "ledger_unusable",
            StartError::WorkersRun(_) => "workers_run",
            StartError::NotStarted => "not_started",
            StartError::AuthStates(_) => "sessions_unusable",
            StartError::Engine(_) => "engine_failed",
            StartError::Api(error) => match error {
                BindError::Taken { .. } => "port_taken",
                BindError::NotLoopback(_) | BindError::NoAddress | BindError::Io { .. } => "address_unusable",
                BindError::SocketTaken { .. } | BindError::Socket { .. } => "socket_unusable",
            },
            StartError::Certificate(_) => "certificate_unusable",
            StartError::WhatsApp { .. } => "whatsapp_setting",
            StartError::Sandbox(_) => "sandbox_failed",
        }
    }

    /// A headline; the error's own text is the detail.
    pub fn title(&self) -> &'static str {
        match self {
            StartError::DataDir { .. } => "The data directory cannot be used",
            StartError::DataDirHeld(_) => "WhatIsUp is already running",
            StartError::RestoreUnderWay(_) => "A restore was not finished",
            StartError::Vault(VaultError::Locked | VaultError::TimedOut) => "The keychain is locked",
            StartError::Vault(VaultError::Missing) => "There is no keychain",
            StartError::Vault(VaultError::Refused(_)) => "The keychain refused",
            StartError::Vault(VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_)) => {
                "The keys cannot be read"
            }
            StartError::Vault(VaultError::WrongMasterKey { .. }) => "The master key is the wrong one",
            StartError::Vault(VaultError::Unreachable(_)) => "The keys cannot be reached",
            StartError::MasterKey(_) => "The master key cannot be used",
            StartError::MasterKeyMissing => "There is no master key",
            StartError::Redis(KeyspaceError::Unreachable(_)) => "Redis cannot be reached",
            StartError::Redis(KeyspaceError::Refused(_) | KeyspaceError::Fenced) => "Redis refused",
            StartError::Redis(KeyspaceError::Unexpected(_)) => "Redis cannot be used",
            StartError::Redis(KeyspaceError::Config(_)) => "A setting does not fit",
            StartError::LedgerKeyMissing { .. } => "The key of the database is missing",
            StartError::Ledger(OpenError::WrongKey) => "The key does not fit the database",
            StartError::Ledger(OpenError::Damaged { .. }) => "The database is damaged",
            StartError::Ledger(OpenError::NewerVersion { .. }) => "The database is from a newer version",
            StartError::Ledger(OpenError::DiskFull) => "The disk is full",
            StartError::Ledger(OpenError::Unreachable(_)) => "The database server cannot be reached",
            StartError::Ledger(OpenError::Refused(_)) => "The database server refuses",
            StartError::Ledger(OpenError::Io(_)) | StartError::LedgerUse(_) => "The database cannot be used",
            StartError::WorkersRun(_) => "Workers are running",
            StartError::NotStarted => "There is no database yet",
            StartError::AuthStates(_) => "The sessions cannot be read",
            StartError::Engine(_) => "The channels could not be loaded",
            StartError::Api(BindError::Taken { .. }) => "The port of the local API is taken",
            StartError::Api(BindError::NotLoopback(_) | BindError::NoAddress | BindError::Io { .. }) => {
                "The address of the local API cannot be used"
            }
            StartError::Api(BindError::SocketTaken { .. } | BindError::Socket { .. }) => {
                "The socket of the local API cannot be used"
            }
            StartError::Certificate(_) => "The certificate cannot be used",
            StartError::WhatsApp { .. } => "A setting does not fit",
            StartError::Sandbox(_) => "The sandbox did not start",
        }
    }

    /// What helps, most likely first.
    pub fn actions(&self) -> Vec<StartAction> {
        use StartAction::{StartFresh, TryAgain, UseKeyFile};
        match self {
            StartError::Vault(VaultError::Missing | VaultError::Refused(_)) => vec![UseKeyFile, TryAgain],
            StartError::Ledger(OpenError::Damaged { .. }) => vec![TryAgain, StartFresh],
            StartError::LedgerKeyMissing { .. } | StartError::Ledger(OpenError::WrongKey) => vec![TryAgain, StartFresh],
            StartError::DataDir { .. }
            | StartError::DataDirHeld(_)
            | StartError::RestoreUnderWay(_)
            | StartError::Vault(
                VaultError::Locked
                | VaultError::TimedOut
                | VaultError::Damaged(_)
                | VaultError::AlreadyThere
                | VaultError::WrongMasterKey { .. }
                | VaultError::Unreachable(_)
                | VaultError::Io(_),
            )
            | StartError::MasterKey(_)
            | StartError::MasterKeyMissing
            | StartError::Redis(_)
            | StartError::Ledger(
                OpenError::NewerVersion { .. }
                | OpenError::DiskFull
                | OpenError::Unreachable(_)
                | OpenError::Refused(_)
                | OpenError::Io(_),
            )
            | StartError::LedgerUse(_)
            | StartError::WorkersRun(_)
            | StartError::NotStarted
            | StartError::AuthStates(_)
            | StartError::Engine(_)
            | StartError::Api(_)
            | StartError::Certificate(_)
            | StartError::WhatsApp { .. }
            | StartError::Sandbox(_) => vec![TryAgain],
        }
    }

    /// What passes by itself, without anybody's doing here. `keys_exist`: nobody will start a keychain for an installation that
    /// never had keys in one.
    pub fn awaits(&self, keys_exist: bool) -> Option<Awaited> {
        match self {
            StartError::Vault(VaultError::Locked | VaultError::TimedOut) => Some(Awaited::Keychain),
            StartError::Vault(VaultError::Missing) => keys_exist.then_some(Awaited::Keychain),
            StartError::Vault(VaultError::Unreachable(_))
            | StartError::Ledger(OpenError::Unreachable(_))
            | StartError::Redis(KeyspaceError::Unreachable(_)) => Some(Awaited::Server),
            StartError::DataDir { .. }
            | StartError::DataDirHeld(_)
            | StartError::RestoreUnderWay(_)
            | StartError::Vault(
                VaultError::Refused(_)
                | VaultError::Damaged(_)
                | VaultError::AlreadyThere
                | VaultError::WrongMasterKey { .. }
                | VaultError::Io(_),
            )
            | StartError::MasterKey(_)
            | StartError::MasterKeyMissing
            | StartError::Redis(
                KeyspaceError::Refused(_) | KeyspaceError::Fenced | KeyspaceError::Unexpected(_) | KeyspaceError::Config(_),
            )
            | StartError::LedgerKeyMissing { .. }
            | StartError::Ledger(
                OpenError::WrongKey
                | OpenError::Damaged { .. }
                | OpenError::NewerVersion { .. }
                | OpenError::DiskFull
                | OpenError::Refused(_)
                | OpenError::Io(_),
            )
            | StartError::LedgerUse(_)
            | StartError::WorkersRun(_)
            | StartError::NotStarted
            | StartError::AuthStates(_)
            | StartError::Engine(_)
            | StartError::Api(_)
            | StartError::Certificate(_)
            | StartError::WhatsApp { .. }
            | StartError::Sandbox(_) => None,
        }
    }
}

/// Somebody unlocks the keychain, or it starts later than we do; or a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    Keychain,
    Server,
}

fn master_key(error: &MasterKeyError) -> String {
    let what = error.to_string();
    let what = what[..1].to_uppercase() + &what[1..];
    let help = match error {
        MasterKeyError::Unreadable { .. } => "Put the master key there, readable for the user that runs WhatIsUp.",
        MasterKeyError::NotOne { .. } => {
            "A master key is what `whatisupd vault new-key` prints; give this process the one of the other workers."
        }
        MasterKeyError::OpenToOthers { .. } => "Whoever has it can open every session.",
    };
    format!("{what}. {help}")
}

fn redis(error: &KeyspaceError) -> String {
    match error {
        KeyspaceError::Unreachable(why) => {
            format!(
                "Redis does not answer: {why}. WhatIsUp goes on by itself when it does; check its address (sessions) and whether it runs."
            )
        }
        KeyspaceError::Refused(why)
            if why.contains("NOAUTH") || why.contains("WRONGPASS") || why.contains("AuthenticationFailed") =>
        {
            format!("Redis does not let us in: {why}. Check user and password (in sessions, or redis.password_file).")
        }
        KeyspaceError::Refused(why) if why.contains("NOPERM") => {
            format!(
                "The user at Redis may not do what is needed: {why}. Give it all commands but the dangerous ones on the keys of redis.prefix."
            )
        }
        KeyspaceError::Refused(why) if why.contains("READONLY") || why.contains("ReadOnly") => {
            format!("This Redis is a replica: {why}. Name its master, or the Sentinels that know it (redis+sentinel://).")
        }
        KeyspaceError::Refused(why) => format!("Redis refuses to write: {why}. Mend that there, and start again."),
        KeyspaceError::Unexpected(why) => {
            format!("Redis answers what we did not expect: {why}. It has to be Redis 6.2 or newer.")
        }
        KeyspaceError::Config(why) => format!("sessions: {why}."),
        KeyspaceError::Fenced => "Another worker is at it. Start again.".to_owned(),
    }
}
