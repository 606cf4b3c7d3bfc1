//! Signal addresses: Baileys writes `user[_domain].device`, whatsapp-rust `user[:device]@server.0`.

/// One device of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    user: String,
    device: u16,
    domain: Domain,
}

/// Which names a user has: Baileys numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Domain {
    Phone,
    Lid,
    Hosted,
    HostedLid,
}

impl Address {
    /// `15550100102.0`, `100000000015838_1.3`.
    pub fn from_baileys(text: &str) -> Option<Self> {
        let (name, device) = text.rsplit_once('.')?;
        Self::from_parts(name, device)
    }

    /// The parts that a sender key's name joins otherwise.
    pub fn from_parts(name: &str, device: &str) -> Option<Self> {
        let (user, domain) = match name.split_once('_') {
            None => (name, Domain::Phone),
            Some((user, "0")) => (user, Domain::Phone),
            Some((user, "1")) => (user, Domain::Lid),
            Some((user, "128")) => (user, Domain::Hosted),
            Some((user, "129")) => (user, Domain::HostedLid),
            Some(_) => return None,
        };
        let device = device.parse().ok()?;
        is_user(user).then(|| Address { user: user.to_owned(), device, domain })
    }

    /// `15550100102@c.us.0`, `100000000015838:3@lid.0`.
    pub fn from_signal(text: &str) -> Option<Self> {
        let (name, server) = text.strip_suffix(".0")?.rsplit_once('@')?;
        let domain = match server {
            "c.us" => Domain::Phone,
            "lid" => Domain::Lid,
            "hosted" => Domain::Hosted,
            "hosted.lid" => Domain::HostedLid,
            _ => return None,
        };
        let (user, device) = match name.split_once(':') {
            None => (name, 0),
            Some((user, device)) => (user, device.parse().ok()?),
        };
        is_user(user).then(|| Address { user: user.to_owned(), device, domain })
    }

    pub fn to_baileys(&self) -> String {
        let (name, device) = self.to_parts();
        format!("{name}.{device}")
    }

    pub fn to_parts(&self) -> (String, u16) {
        let name = match self.domain {
            Domain::Phone => self.user.clone(),
            Domain::Lid => format!("{}_1", self.user),
            Domain::Hosted => format!("{}_128", self.user),
            Domain::HostedLid => format!("{}_129", self.user),
        };
        (name, self.device)
    }

    pub fn to_signal(&self) -> String {
        let server = match self.domain {
            Domain::Phone => "c.us",
            Domain::Lid => "lid",
            Domain::Hosted => "hosted",
            Domain::HostedLid => "hosted.lid",
        };
        match self.device {
            0 => format!("{}@{server}.0", self.user),
            device => format!("{}:{device}@{server}.0", self.user),
        }
    }

    /// The user part of a LID.
    pub fn lid_user(&self) -> Option<&str> {
        matches!(self.domain, Domain::Lid | Domain::HostedLid).then_some(&self.user)
    }
}

/// Nothing that would be read as another part of an address or as a part of a path.
pub(super) fn is_user(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use wacore::types::jid::JidExt as _;
    use wacore_binary::Jid;

    #[test]
    fn an_address_reads_the_same_both_ways() {
        for (baileys, jid) in [
            ("15550100102.0", "15550100102@s.whatsapp.net"),
            ("15550100102.7", "15550100102:7@s.whatsapp.net"),
            ("100000000015838_1.0", "100000000015838@lid"),
            ("100000000015838_1.12", "100000000015838:12@lid"),
            ("15550100102_128.99", "15550100102:99@hosted"),
            ("100000000015838_129.99", "100000000015838:99@hosted.lid"),
        ] {
            let signal = jid.parse::<Jid>().unwrap().to_protocol_address_string();
            let address = Address::from_baileys(baileys).unwrap();
            assert_eq!(address.to_signal(), signal);
            assert_eq!(Address::from_signal(&signal).unwrap(), address);
            assert_eq!(address.to_baileys(), baileys);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", ".", "15550100102", "15550100102.x", "15550100102_7.0", "_1.0", "../x.0", "a b.0"] {
            assert_eq!(Address::from_baileys(text), None, "{text}");
        }
        for text in ["15550100102@c.us", "15550100102@g.us.0", "155.1@lid.0", "@lid.0"] {
            assert_eq!(Address::from_signal(text), None, "{text}");
        }
    }
}
