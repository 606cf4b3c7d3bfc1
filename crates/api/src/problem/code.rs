use axum::http::StatusCode;

/// Every kind of problem. A code exists because a client can act on it; none is ever renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    BadHost,
    HostNotAllowed,
    OriginNotAllowed,
    CrossSite,
    Unauthorized,
    KeyExpired,
    KeyRevoked,
    TicketInvalid,
    ScopeMissing,
    PersonOnly,
    RecipientNotAllowed,
    TooManyAttempts,
    RateLimited,
    TooManyStreams,
    Overloaded,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
    TooLarge,
    HeadTooLarge,
    BodyTimeout,
    BadJson,
    Invalid,
    NotPairing,
    NotPaired,
    AlreadyPaired,
    AlreadyHere,
    BeingDeleted,
    DeletionPending,
    PairingEnded,
    Conflict,
    PairingCodeUnavailable,
    IdempotencyKeyReused,
    IdempotencyInFlight,
    QueueFull,
    NotCancellable,
    NotFailed,
    NotPending,
    NotAsking,
    RequestAnswered,
    AskedTooOften,
    KeyEnded,
    ProgramTaken,
    EventGone,
    NotAnExport,
    WrongPassphrase,
    ExportDamaged,
    ExportNewer,
    ExportTooCostly,
    DiskFull,
    NoWorker,
    ShuttingDown,
    Unavailable,
    Internal,
}

impl Code {
    pub const ALL: [Code; 55] = [
        Code::BadHost,
        Code::HostNotAllowed,
        Code::OriginNotAllowed,
        Code::CrossSite,
        Code::Unauthorized,
        Code::KeyExpired,
        Code::KeyRevoked,
        Code::TicketInvalid,
        Code::ScopeMissing,
        Code::PersonOnly,
        Code::RecipientNotAllowed,
        Code::TooManyAttempts,
        Code::RateLimited,
        Code::TooManyStreams,
        Code::Overloaded,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::NotAcceptable,
        Code::UnsupportedMediaType,
        Code::TooLarge,
        Code::HeadTooLarge,
        Code::BodyTimeout,
        Code::BadJson,
        Code::Invalid,
        Code::NotPairing,
        Code::NotPaired,
        Code::AlreadyPaired,
        Code::AlreadyHere,
        Code::BeingDeleted,
        Code::DeletionPending,
        Code::PairingEnded,
        Code::Conflict,
        Code::PairingCodeUnavailable,
        Code::IdempotencyKeyReused,
        Code::IdempotencyInFlight,
        Code::QueueFull,
        Code::NotCancellable,
        Code::NotFailed,
        Code::NotPending,
        Code::NotAsking,
        Code::RequestAnswered,
        Code::AskedTooOften,
        Code::KeyEnded,
        Code::ProgramTaken,
        Code::EventGone,
        Code::NotAnExport,
        Code::WrongPassphrase,
        Code::ExportDamaged,
        Code::ExportNewer,
        Code::ExportTooCostly,
        Code::DiskFull,
        Code::NoWorker,
        Code::ShuttingDown,
        Code::Unavailable,
        Code::Internal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Code::BadHost => "bad_host",
            Code::HostNotAllowed => "host_not_allowed",
            Code::OriginNotAllowed => "origin_not_allowed",
            Code::CrossSite => "cross_site",
            Code::Unauthorized => "unauthorized",
            Code::KeyExpired => "key_expired",
            Code::KeyRevoked => "key_revoked",
            Code::TicketInvalid => "ticket_invalid",
            Code::ScopeMissing => "scope_missing",
            Code::PersonOnly => "person_only",
            Code::RecipientNotAllowed => "recipient_not_allowed",
            Code::TooManyAttempts => "too_many_attempts",
            Code::RateLimited => "rate_limited",
            Code::TooManyStreams => "too_many_streams",
            Code::Overloaded => "overloaded",
            Code::NotFound => "not_found",
            Code::MethodNotAllowed => "method_not_allowed",
            Code::NotAcceptable => "not_acceptable",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::TooLarge => "too_large",
            Code::HeadTooLarge => "head_too_large",
            Code::BodyTimeout => "body_timeout",
            Code::BadJson => "bad_json",
            Code::Invalid => "invalid",
            Code::NotPairing => "not_pairing",
            Code::NotPaired => "not_paired",
            Code::AlreadyPaired => "already_paired",
            Code::AlreadyHere => "already_here",
            Code::BeingDeleted => "being_deleted",
            Code::DeletionPending => "deletion_pending",
            Code::PairingEnded => "pairing_ended",
            Code::Conflict => "conflict",
            Code::DiskFull => "disk_full",
            Code::PairingCodeUnavailable => "pairing_code_unavailable",
            Code::IdempotencyKeyReused => "idempotency_key_reused",
            Code::IdempotencyInFlight => "idempotency_in_flight",
            Code::QueueFull => "queue_full",
            Code::NotCancellable => "not_cancellable",
            Code::NotFailed => "not_failed",
            Code::NotPending => "not_pending",
            Code::NotAsking => "not_asking",
            Code::RequestAnswered => "request_answered",
            Code::AskedTooOften => "asked_too_often",
            Code::KeyEnded => "key_ended",
            Code::ProgramTaken => "program_taken",
            Code::EventGone => "event_gone",
            Code::NotAnExport => "not_an_export",
            Code::WrongPassphrase => "wrong_passphrase",
            Code::ExportDamaged => "export_damaged",
            Code::ExportNewer => "export_newer",
            Code::ExportTooCostly => "export_too_costly",
            Code::NoWorker => "no_worker",
            Code::ShuttingDown => "shutting_down",
            Code::Unavailable => "unavailable",
            Code::Internal => "internal",
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            Code::BadHost | Code::BadJson => StatusCode::BAD_REQUEST,
            Code::Unauthorized | Code::KeyExpired | Code::KeyRevoked | Code::TicketInvalid => StatusCode::UNAUTHORIZED,
            Code::HostNotAllowed
            | Code::OriginNotAllowed
            | Code::CrossSite
            | Code::ScopeMissing
            | Code::PersonOnly
            | Code::RecipientNotAllowed => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Code::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Code::NotPairing
            | Code::NotPaired
            | Code::AlreadyPaired
            | Code::AlreadyHere
            | Code::BeingDeleted
            | Code::DeletionPending
            | Code::PairingEnded
            | Code::IdempotencyInFlight
            | Code::NotCancellable
            | Code::NotFailed
            | Code::NotPending
            | Code::NotAsking
            | Code::RequestAnswered
            | Code::KeyEnded
            | Code::ProgramTaken
            | Code::EventGone
            | Code::Conflict => StatusCode::CONFLICT,
            Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::Invalid
            | Code::IdempotencyKeyReused
            | Code::NotAnExport
            | Code::WrongPassphrase
            | Code::ExportDamaged
            | Code::ExportNewer
            | Code::ExportTooCostly => StatusCode::UNPROCESSABLE_ENTITY,
            Code::QueueFull | Code::AskedTooOften | Code::TooManyAttempts | Code::RateLimited | Code::TooManyStreams => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Code::PairingCodeUnavailable
            | Code::DiskFull
            | Code::NoWorker
            | Code::Overloaded
            | Code::ShuttingDown
            | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Code::BadHost => "Bad Host header",
            Code::HostNotAllowed => "Host not allowed",
            Code::OriginNotAllowed => "Origin not allowed",
            Code::CrossSite => "Request from another site",
            Code::Unauthorized => "No valid key",
            Code::KeyExpired => "Key expired",
            Code::KeyRevoked => "Key revoked",
            Code::TicketInvalid => "Ticket not valid",
            Code::ScopeMissing => "Scope missing",
            Code::PersonOnly => "For people only",
            Code::RecipientNotAllowed => "Recipient not allowed",
            Code::TooManyAttempts => "Too many wrong keys",
            Code::RateLimited => "Too many requests",
            Code::TooManyStreams => "Too many streams",
            Code::Overloaded => "Too much to do",
            Code::NotFound => "Not found",
            Code::MethodNotAllowed => "Method not allowed",
            Code::NotAcceptable => "No such form",
            Code::UnsupportedMediaType => "Body is not JSON",
            Code::TooLarge => "Body too large",
            Code::HeadTooLarge => "Head too large",
            Code::BodyTimeout => "Body too slow",
            Code::BadJson => "Bad JSON",
            Code::Invalid => "Request not valid",
            Code::NotPairing => "Not pairing",
            Code::NotPaired => "Not paired",
            Code::AlreadyPaired => "Already paired",
            Code::AlreadyHere => "Account is here already",
            Code::BeingDeleted => "Being deleted",
            Code::DeletionPending => "Deletion under way",
            Code::PairingEnded => "Pairing ended",
            Code::Conflict => "Not possible now",
            Code::DiskFull => "No room on the disk",
            Code::PairingCodeUnavailable => "No pairing code",
            Code::IdempotencyKeyReused => "Key used for another message",
            Code::IdempotencyInFlight => "The same request is under way",
            Code::QueueFull => "Outbox full",
            Code::NotCancellable => "Too late to cancel",
            Code::NotFailed => "Nothing to retry",
            Code::NotPending => "Nothing to skip",
            Code::NotAsking => "Nothing to decide",
            Code::RequestAnswered => "Answered already",
            Code::AskedTooOften => "Asked often enough",
            Code::KeyEnded => "Key has ended",
            Code::ProgramTaken => "Program of another app",
            Code::EventGone => "Event no longer kept",
            Code::NotAnExport => "Not an export",
            Code::WrongPassphrase => "Wrong passphrase",
            Code::ExportDamaged => "Export damaged",
            Code::ExportNewer => "Export of a later version",
            Code::ExportTooCostly => "Export too costly to open",
            Code::NoWorker => "No worker has the channel",
            Code::ShuttingDown => "Shutting down",
            Code::Unavailable => "Not available now",
            Code::Internal => "Something failed here",
        }
    }

    /// What it means and what to do, for every problem of this code; a problem's own detail may say more.
    pub fn sentence(self) -> &'static str {
        match self {
            Code::BadHost => "A request needs exactly one Host header that is not empty.",
            Code::HostNotAllowed => {
                "This server answers to 127.0.0.1, localhost and [::1] with its own port, and to no other name; on its socket to localhost, and to other machines by the address that they asked or a name in api.public.names."
            }
            Code::OriginNotAllowed => "Pages of other origins may not use this API.",
            Code::CrossSite => {
                "This request was started by another site. Open the address yourself instead of following a link."
            }
            Code::Unauthorized => {
                "Send the key as Authorization: Bearer wiu_…; `whatisupd key` and the app's settings show it."
            }
            Code::KeyExpired => "This key has ended. Ask for access again, or have the key rotated before it ends.",
            Code::KeyRevoked => "This key was revoked. Ask for access again.",
            Code::TicketInvalid => {
                "This ticket, or sign-in link, was used already, has expired, or is for another address. Ask for a new one."
            }
            Code::ScopeMissing => {
                "The key does not have the scope that this needs; the detail names it. Ask for access with it, or have a person add it."
            }
            Code::PersonOnly => "Only a person may do this: in the application, the dashboard, or with the admin key.",
            Code::RecipientNotAllowed => "The key may send messages, but not to this chat.",
            Code::TooManyAttempts => {
                "Too many keys that are none came from there. Wait as long as Retry-After says; a good key is let in all the same."
            }
            Code::RateLimited => "More requests than are allowed for now. Wait as long as Retry-After says.",
            Code::TooManyStreams => "Too many streams are open with this key. Close one first.",
            Code::Overloaded => {
                "There is more to do than can be done just now. Try again as Retry-After says; the channels stay connected."
            }
            Code::NotFound => "There is nothing at this address.",
            Code::HeadTooLarge => "The address and the headers of a request may have 64 KiB together.",
            Code::MethodNotAllowed => "This address does not take this method; the Allow header lists those that it takes.",
            Code::NotAcceptable => "None of the forms that the Accept header asks for exists here.",
            Code::UnsupportedMediaType => "Bodies are JSON: send Content-Type: application/json.",
            Code::TooLarge => "The body is larger than this route takes.",
            Code::BodyTimeout => "The body did not arrive in time.",
            Code::BadJson => "The body is not JSON.",
            Code::Invalid => "Some fields are not valid; `errors` says which and why.",
            Code::NotPairing => {
                "The channel shows nothing to scan now. Start it first; it asks for a QR when it is not paired."
            }
            Code::NotPaired => "The channel is not linked to an account. Pair it first.",
            Code::AlreadyPaired => "The channel is linked to an account already. Log it out first to link another.",
            Code::AlreadyHere => {
                "The account of this file is a channel here already; `channel` is its id. Delete that one first, or send \"duplicate\": true: then the newer of the two lives and the other one ends as replaced."
            }
            Code::BeingDeleted => "The channel is being deleted.",
            Code::DeletionPending => {
                "The channel is being deleted, but its credentials cannot be destroyed yet. It goes on by itself."
            }
            Code::PairingEnded => "The pairing ended before there was a code. The detail says why.",
            Code::DiskFull => {
                "There is no room on the disk, so nothing can be kept safe. Make room and try again; nothing was lost."
            }
            Code::Conflict => "The channel's present state does not allow this.",
            Code::PairingCodeUnavailable => "WhatsApp gave no pairing code in time. Try again, or scan the QR.",
            Code::IdempotencyKeyReused => {
                "This Idempotency-Key came with another message within the last 24 hours. Use a new key for a new message."
            }
            Code::IdempotencyInFlight => {
                "A request with this Idempotency-Key is being carried out just now. Ask again in a moment for its answer."
            }
            Code::QueueFull => {
                "The channel's outbox holds as many messages as it may (setting outbox.max_queued). Send again when some have left."
            }
            Code::NotCancellable => "Only a message that is queued or has failed can be cancelled; this one has left or ended.",
            Code::NotFailed => "Only a message that has failed can be retried.",
            Code::NotPending => "Only a delivery that is pending can be skipped.",
            Code::NotAsking => "This message does not wait for an answer: it was answered or withdrawn, or its time is over.",
            Code::RequestAnswered => "This request does not wait for an answer: it was answered, or its time is over.",
            Code::AskedTooOften => {
                "Nobody is asked just now: too many requests wait, or came within a minute, or were turned away. Wait as long as Retry-After says."
            }
            Code::KeyEnded => "This key opens nothing any more, so no other can take its place. Make a further key instead.",
            Code::ProgramTaken => "Another app lets this program in already; a program is of one app only.",
            Code::EventGone => "The event of this delivery is older than what the log keeps, so it cannot be sent again.",
            Code::NotAnExport => {
                "This file is not one that an export has made. A backup of the whole installation is brought back with `whatisupd restore`."
            }
            Code::WrongPassphrase => {
                "The passphrase does not open this file. If you are sure of it, the beginning of the file is damaged: copy the file again."
            }
            Code::ExportDamaged => {
                "The file is damaged or was cut short. Copy it again from where it was made, or export the channel once more."
            }
            Code::ExportNewer => "A later version of WhatIsUp has written this file. Update this one first.",
            Code::ExportTooCostly => {
                "Opening this file would take minutes and gigabytes of memory: it was not sealed by WhatIsUp as it is."
            }
            Code::NoWorker => {
                "No worker has taken this channel in hand just now, or it lost it before it could answer. Try again in a moment."
            }
            Code::ShuttingDown => "WhatIsUp is shutting down.",
            Code::Unavailable => "This cannot be done just now. Try again in a moment.",
            Code::Internal => "Something failed here; the log has the cause.",
        }
    }
}
