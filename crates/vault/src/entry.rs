use crate::Scope;
use domain::ChannelId;

/// What a key of 32 bytes opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOf {
    Ledger,
    Channel(ChannelId),
}

impl From<KeyOf> for Secret {
    fn from(key: KeyOf) -> Self {
        match key {
            KeyOf::Ledger => Secret::Ledger,
            KeyOf::Channel(id) => Secret::Channel(id),
        }
    }
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    Ledger,
    Admin,
    Channel(ChannelId),
    /// The key that is to take the place of another one.
    Next(KeyOf),
    /// Written, read and deleted again, to learn whether the store works.
    Probe,
}

/// The name of a secret in a store. Names are a storage format: they never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The build, as people see it: `WhatIsUp (sandbox)`.
    pub service: &'static str,
    /// `<installation>/ledger`, `<installation>/channel/ch_…`.
    pub account: String,
    /// Shown in the keychain's own window.
    pub label: String,
}

impl Entry {
    pub fn new(scope: &Scope, secret: Secret) -> Self {
        let service = scope.namespace.as_str();
        let (name, what) = match secret {
            Secret::Ledger => ("ledger".to_owned(), "key of the database".to_owned()),
            Secret::Admin => ("admin".to_owned(), "admin key of the API".to_owned()),
            Secret::Channel(id) => (format!("channel/{id}"), format!("key of channel {id}")),
            Secret::Next(KeyOf::Ledger) => ("ledger/next".to_owned(), "next key of the database".to_owned()),
            Secret::Next(KeyOf::Channel(id)) => (format!("channel/{id}/next"), format!("next key of channel {id}")),
            Secret::Probe => ("probe".to_owned(), "test entry, may be deleted".to_owned()),
        };
        Entry { service, account: format!("{}/{name}", scope.installation.as_str()), label: format!("{service}: {what}") }
    }

    /// Service and account in one text, for stores that know only names.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.service, self.account)
    }
}
