/// What is kept below a channel's tag: one hash per kind of record, and what is needed to find records without opening them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Identity,
    Session,
    Prekey,
    SignedPrekey,
    SenderKey,
    SyncKey,
    Version,
    MutationMac,
    /// By group: the whole list of its devices.
    SenderKeyDevices,
    LidMapping,
    /// By phone number: the LIDs that are mapped to it.
    Phone,
    BaseKey,
    DeviceList,
    GroupMetadata,
    TcToken,
    SentMessage,
    PendingInbound,
    MsgSecret,
    /// By user: how many identities and sessions there are.
    User,
    /// By field, as a sorted set: when it was written, or until when it is kept. The clock is all that is legible there.
    SentAt,
    PendingSince,
    SecretUntil,
}

impl Kind {
    pub const ALL: [Kind; 22] = [
        Kind::Identity,
        Kind::Session,
        Kind::Prekey,
        Kind::SignedPrekey,
        Kind::SenderKey,
        Kind::SyncKey,
        Kind::Version,
        Kind::MutationMac,
        Kind::SenderKeyDevices,
        Kind::LidMapping,
        Kind::Phone,
        Kind::BaseKey,
        Kind::DeviceList,
        Kind::GroupMetadata,
        Kind::TcToken,
        Kind::SentMessage,
        Kind::PendingInbound,
        Kind::MsgSecret,
        Kind::User,
        Kind::SentAt,
        Kind::PendingSince,
        Kind::SecretUntil,
    ];

    /// The end of its key, and what its records are sealed for. Stays as it is.
    pub fn part(self) -> &'static str {
        match self {
            Kind::Identity => "auth:identity",
            Kind::Session => "auth:session",
            Kind::Prekey => "auth:prekey",
            Kind::SignedPrekey => "auth:signed-prekey",
            Kind::SenderKey => "auth:sender-key",
            Kind::SyncKey => "auth:sync-key",
            Kind::Version => "auth:version",
            Kind::MutationMac => "auth:mac",
            Kind::SenderKeyDevices => "auth:group-devices",
            Kind::LidMapping => "auth:lid",
            Kind::Phone => "auth:phone",
            Kind::BaseKey => "auth:base-key",
            Kind::DeviceList => "auth:devices",
            Kind::GroupMetadata => "auth:group",
            Kind::TcToken => "auth:token",
            Kind::SentMessage => "auth:sent",
            Kind::PendingInbound => "auth:pending",
            Kind::MsgSecret => "auth:secret",
            Kind::User => "auth:user",
            Kind::SentAt => "auth:sent-at",
            Kind::PendingSince => "auth:pending-since",
            Kind::SecretUntil => "auth:secret-until",
        }
    }
}

/// The hash that says what this is; see `scripts.rs` for its fields.
pub(crate) const HEAD: &str = "auth";
