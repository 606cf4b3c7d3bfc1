//! Who is who: WhatsApp's two addresses of a person, brought to one [`Person`], and one id per chat.
//!
//! A person has a phone number and a LID, and either may stand on the wire. whatsapp-rust learns which belong together
//! (from stanzas, pairing and look-ups) and keeps it. **A one-to-one chat has the id of the phone number when that is
//! known, else of the LID.** So a chat that began before the number was known changes its id once, when it becomes
//! known; what is not known is never guessed.

use domain::{ChatId, Lid, Person, Phone};
use wacore_binary::{Jid, Server};
use whatsapp_rust::Client;

/// The person behind an address, with whatever other address is known to be theirs.
pub(crate) async fn person(client: &Client, jid: &Jid, alternative: Option<&Jid>, name: Option<&str>) -> Person {
    let mut person = Person { phone: phone(jid), lid: lid(jid), name: name.filter(|n| !n.is_empty()).map(str::to_owned) };
    if let Some(other) = alternative {
        person.phone = person.phone.or_else(|| phone(other));
        person.lid = person.lid.or_else(|| lid(other));
    }
    if person.phone.is_none() == person.lid.is_none() {
        return person;
    }
    match client.get_lid_pn_entry(&plain(jid)).await {
        Ok(Some(entry)) => {
            person.phone = person.phone.or_else(|| entry.phone_number.parse().ok());
            person.lid = person.lid.or_else(|| Some(Lid::from_user(entry.lid.as_ref())));
        }
        Ok(None) => {}
        Err(e) => tracing::debug!(error = %e, "the other address of a person could not be looked up"),
    }
    person
}

/// The one id of the chat that `jid` names. `alternative` is the same party's other address, if the stanza told it.
pub(crate) async fn chat(client: &Client, jid: &Jid, alternative: Option<&Jid>) -> Option<ChatId> {
    if jid.server.is_pn_family() || jid.server.is_lid_family() || jid.server == Server::Legacy {
        let party = person(client, jid, alternative, None).await;
        if let Some(phone) = party.phone {
            return Some(ChatId::of_phone(&phone));
        }
        if let Some(lid) = party.lid {
            return ChatId::from_wire(lid.user(), Server::Lid.as_str());
        }
    }
    let server = if jid.server.is_pn_family() || jid.server == Server::Legacy { Server::Pn } else { jid.server };
    ChatId::from_wire(&jid.user, server.as_str())
}

/// The address to send to.
pub(crate) fn address(chat: &ChatId) -> Option<Jid> {
    chat.as_str().parse().ok()
}

pub(crate) fn phone(jid: &Jid) -> Option<Phone> {
    (jid.server.is_pn_family() || jid.server == Server::Legacy).then(|| jid.user.parse().ok()).flatten()
}

pub(crate) fn lid(jid: &Jid) -> Option<Lid> {
    (jid.server.is_lid_family() && !jid.user.is_empty()).then(|| Lid::from_user(jid.user.as_str()))
}

/// Without device, and of the two families that the look-up knows.
fn plain(jid: &Jid) -> Jid {
    let server = if jid.server.is_lid_family() { Server::Lid } else { Server::Pn };
    Jid::new(jid.user.clone(), server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().expect("a test gives a good address")
    }

    #[test]
    fn a_device_address_names_its_person() {
        assert_eq!(phone(&jid("15550100123:7@s.whatsapp.net")).map(|p| p.to_string()).as_deref(), Some("+15550100123"));
        assert_eq!(phone(&jid("15550100123@c.us")).map(|p| p.to_string()).as_deref(), Some("+15550100123"));
        assert_eq!(lid(&jid("100000000000001:7@lid")).map(|l| l.to_string()).as_deref(), Some("100000000000001@lid"));
    }

    #[test]
    fn a_lid_is_never_taken_for_a_phone_number() {
        assert_eq!(phone(&jid("100000000000001@lid")), None);
        assert_eq!(lid(&jid("15550100123@s.whatsapp.net")), None);
        assert_eq!(phone(&jid("120363000000000000@g.us")), None);
    }
}
