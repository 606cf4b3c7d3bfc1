use crate::{AppId, KeyId};
use std::path::PathBuf;

/// Who did something, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Whoever holds the admin key.
    Admin,
    /// The person at the machine, or one who signed in.
    Person {
        via: Via,
    },
    App {
        app: AppId,
        /// `None`: let in by program.
        key: Option<KeyId>,
        /// Its name at that time.
        name: String,
    },
    /// WhatIsUp, by itself: what ends with it, what expires.
    Itself,
    Nobody,
}

/// Where a person did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    Dashboard,
    Desktop,
    Cli,
}

impl Actor {
    /// The stable word of its kind.
    pub fn as_str(&self) -> &'static str {
        match self {
            Actor::Admin => "admin",
            Actor::Person { .. } => "person",
            Actor::App { .. } => "app",
            Actor::Itself => "itself",
            Actor::Nobody => "nobody",
        }
    }

    /// Whether it is a person, or has a person's rights: an app never has.
    pub fn is_person(&self) -> bool {
        match self {
            Actor::Admin | Actor::Person { .. } => true,
            Actor::App { .. } | Actor::Itself | Actor::Nobody => false,
        }
    }
}

impl Via {
    pub const ALL: [Via; 3] = [Via::Dashboard, Via::Desktop, Via::Cli];

    pub fn as_str(self) -> &'static str {
        match self {
            Via::Dashboard => "dashboard",
            Via::Desktop => "desktop",
            Via::Cli => "cli",
        }
    }
}

/// The far end of a connection to the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    pub door: DoorKind,
    /// IP address without the port, which changes with every connection; none on the Unix socket.
    pub address: Option<String>,
    /// The program there, when the system tells.
    pub program: Option<Program>,
}

impl Peer {
    /// Where it comes from in one word or path, for lists.
    pub fn from_where(&self) -> String {
        match (&self.program, &self.address) {
            (Some(program), _) => program.path.display().to_string(),
            (None, Some(address)) => address.clone(),
            (None, None) => self.door.as_str().to_owned(),
        }
    }
}

/// The ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoorKind {
    /// Loopback, without TLS.
    Tcp,
    Unix,
    Tls,
}

impl DoorKind {
    pub const ALL: [DoorKind; 3] = [DoorKind::Tcp, DoorKind::Unix, DoorKind::Tls];

    pub fn as_str(self) -> &'static str {
        match self {
            DoorKind::Tcp => "tcp",
            DoorKind::Unix => "unix",
            DoorKind::Tls => "tls",
        }
    }
}

/// A process of this machine, as the system names it when it connects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    pub pid: u32,
    /// Of its executable.
    pub path: PathBuf,
    pub uid: u32,
}
