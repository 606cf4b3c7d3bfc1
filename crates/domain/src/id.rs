use crate::Timestamp;
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not an id of this kind: it should look like {prefix}01j5…")]
pub struct IdError {
    given: String,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// A new id of the moment `at`; only the low 80 bits of `random` are used.
            pub fn new(at: Timestamp, random: u128) -> Self {
                $name(Ulid::from_parts(u64::try_from(at.as_millis()).unwrap_or(0), random))
            }

            /// All of it as a number, for those who spread things by it.
            #[inline]
            pub fn bits(&self) -> u128 {
                self.0.0
            }

            /// The moment this id was made.
            pub fn made_at(&self) -> Timestamp {
                Timestamp::from_millis(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0; ulid::ULID_LEN];
                let text = self.0.array_to_str(&mut buffer);
                text.make_ascii_lowercase();
                write!(f, "{}{text}", $prefix)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(|rest| Ulid::from_string(&rest.to_ascii_uppercase()).ok())
                    .map($name)
                    .ok_or_else(|| IdError { given: text.chars().take(40).collect(), prefix: $prefix })
            }
        }
    };
}

id!(/** One channel. Sorts by creation. */ ChannelId, "ch_");
id!(/** One entry of the event log. */ EventId, "evt_");
id!(/** One message, sent or received, as this installation knows it (WhatsApp's own id is another thing). */ MessageId, "msg_");

id!(/** One webhook receiver. Sorts by creation. */ EndpointId, "wh_");
id!(/** One event owed to one webhook receiver. */ DeliveryId, "dlv_");

id!(/** One process that runs channels, for as long as it lives. */ WorkerId, "wk_");

id!(/** A program that was let in. Sorts by creation. */ AppId, "app_");
id!(/** One key of an app; not the key. */ KeyId, "key_");
id!(/** A program asks to be let in. */ AppRequestId, "req_");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = ChannelId::new(Timestamp::from_secs(1_700_000_000), 42);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.made_at(), Timestamp::from_secs(1_700_000_000));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = ChannelId::new(Timestamp::EPOCH, 1).to_string();
        assert!(id.parse::<MessageId>().is_err());
        assert!("ch_".parse::<ChannelId>().is_err());
    }
}
