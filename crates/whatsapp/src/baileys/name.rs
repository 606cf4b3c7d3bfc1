//! What a file of the directory is, told from its name. Baileys writes `:` as `-` and `/` as `__`.

use super::address::{Address, is_user};
use base64::prelude::{BASE64_STANDARD, Engine as _};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Creds,
    Prekey(u32),
    Session(Address),
    Identity(Address),
    SenderKey {
        group: String,
        sender: Address,
    },
    /// Who has our sender key of a group.
    SenderKeyMemory(String),
    SyncKey(Vec<u8>),
    SyncVersion(String),
    /// The LID of this phone number.
    LidOf(String),
    /// The phone number of this LID.
    PhoneOf(String),
    DeviceList(String),
    TcToken(String),
    /// Which tokens there are; the files themselves tell.
    TcTokenIndex,
    /// Nothing that this version knows.
    Other,
}

impl Name {
    pub fn parse(file: &str) -> Self {
        if file == "creds.json" {
            return Name::Creds;
        }
        Self::of_key(file).unwrap_or(Name::Other)
    }

    fn of_key(file: &str) -> Option<Self> {
        let name = file.strip_suffix(".json")?;
        // Longer ones first: some beginnings begin others.
        if let Some(group) = name.strip_prefix("sender-key-memory-") {
            is_jid(group).then(|| Name::SenderKeyMemory(group.to_owned()))
        } else if let Some(rest) = name.strip_prefix("sender-key-") {
            let (rest, device) = rest.rsplit_once("--")?;
            let (group, sender) = rest.rsplit_once("--")?;
            let sender = Address::from_parts(sender, device)?;
            is_jid(group).then(|| Name::SenderKey { group: group.to_owned(), sender })
        } else if let Some(id) = name.strip_prefix("pre-key-") {
            id.parse().ok().map(Name::Prekey)
        } else if let Some(address) = name.strip_prefix("session-") {
            Address::from_baileys(address).map(Name::Session)
        } else if let Some(address) = name.strip_prefix("identity-key-") {
            Address::from_baileys(address).map(Name::Identity)
        } else if let Some(collection) = name.strip_prefix("app-state-sync-version-") {
            is_collection(collection).then(|| Name::SyncVersion(collection.to_owned()))
        } else if let Some(id) = name.strip_prefix("app-state-sync-key-") {
            BASE64_STANDARD.decode(id.replace("__", "/")).ok().filter(|id| !id.is_empty()).map(Name::SyncKey)
        } else if let Some(user) = name.strip_prefix("lid-mapping-") {
            match user.strip_suffix("_reverse") {
                Some(lid) => is_user(lid).then(|| Name::PhoneOf(lid.to_owned())),
                None => is_user(user).then(|| Name::LidOf(user.to_owned())),
            }
        } else if let Some(user) = name.strip_prefix("device-list-") {
            is_user(user).then(|| Name::DeviceList(user.to_owned()))
        } else if name == "tctoken-__index" {
            Some(Name::TcTokenIndex)
        } else if let Some(jid) = name.strip_prefix("tctoken-") {
            is_jid(jid).then(|| Name::TcToken(jid.to_owned()))
        } else {
            None
        }
    }

    pub fn file(&self) -> String {
        let name = match self {
            Name::Creds => "creds".into(),
            Name::Prekey(id) => format!("pre-key-{id}"),
            Name::Session(address) => format!("session-{}", address.to_baileys()),
            Name::Identity(address) => format!("identity-key-{}", address.to_baileys()),
            Name::SenderKey { group, sender } => {
                let (name, device) = sender.to_parts();
                format!("sender-key-{group}--{name}--{device}")
            }
            Name::SenderKeyMemory(group) => format!("sender-key-memory-{group}"),
            Name::SyncKey(id) => format!("app-state-sync-key-{}", BASE64_STANDARD.encode(id).replace('/', "__")),
            Name::SyncVersion(collection) => format!("app-state-sync-version-{collection}"),
            Name::LidOf(phone) => format!("lid-mapping-{phone}"),
            Name::PhoneOf(lid) => format!("lid-mapping-{lid}_reverse"),
            Name::DeviceList(user) => format!("device-list-{user}"),
            Name::TcToken(jid) => format!("tctoken-{jid}"),
            Name::TcTokenIndex => "tctoken-__index".into(),
            Name::Other => "other".into(),
        };
        name + ".json"
    }
}

/// `15550100102@s.whatsapp.net`, `15550100101-1700000000@g.us`, `status@broadcast`: nothing that leads out of a directory.
pub(super) fn is_jid(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    };
    text.split_once('@').is_some_and(|(user, server)| plain(user) && plain(server))
}

pub(super) fn is_collection(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_read_the_same_both_ways() {
        for file in [
            "creds.json",
            "pre-key-1.json",
            "pre-key-16777215.json",
            "session-15550100102.0.json",
            "session-100000000015838_1.12.json",
            "identity-key-100000000015838_1.0.json",
            "sender-key-120363000000000001@g.us--100000000015838_1--3.json",
            "sender-key-15550100101-1700000000@g.us--15550100102--0.json",
            "sender-key-status@broadcast--15550100102--0.json",
            "sender-key-memory-120363000000000001@g.us.json",
            "app-state-sync-key-AAAAAAAB.json",
            "app-state-sync-key-AAAA__+8=.json",
            "app-state-sync-version-critical_unblock_low.json",
            "lid-mapping-15550100102.json",
            "lid-mapping-100000000015838_reverse.json",
            "device-list-15550100102.json",
            "tctoken-100000000015838@lid.json",
            "tctoken-__index.json",
        ] {
            let name = Name::parse(file);
            assert_ne!(name, Name::Other, "{file}");
            assert_eq!(name.file(), file);
        }
        assert_eq!(Name::parse("app-state-sync-key-AAAA__+8=.json"), Name::SyncKey(vec![0, 0, 0, 0xff, 0xef]));
    }

    #[test]
    fn other_names_are_nothing_of_ours() {
        for file in [
            "README.md",
            "creds.json.bak",
            "pre-key-x.json",
            "pre-key--1.json",
            "session-.json",
            "sender-key-nogroup--15550100102--0.json",
            "tctoken-..@...json.txt",
            "app-state-sync-key-###.json",
        ] {
            assert_eq!(Name::parse(file), Name::Other, "{file}");
        }
    }
}
