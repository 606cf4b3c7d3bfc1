use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What runs here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Info)]
pub(crate) struct InfoOut {
    #[schema(example = "WhatIsUp")]
    name: &'static str,
    #[schema(example = "0.1.0")]
    version: String,
    /// `sandbox`, `dev` or `release`.
    #[schema(example = "release")]
    build: &'static str,
    /// Sandbox builds: the loopback WhatsApp behind this one; null in others.
    #[schema(required)]
    sandbox: Option<SandboxInfo>,
    vault: VaultStanding,
    /// RFC 3339, UTC.
    started_at: String,
    /// Where this API is served on loopback.
    addresses: Vec<String>,
    /// All ways in.
    doors: Vec<DoorOut>,
    /// How other machines may come in; null when only this one may.
    #[schema(required)]
    exposed: Option<ExposedOut>,
    /// Null for programs.
    #[schema(required)]
    data_dir: Option<String>,
}

/// One way in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Door)]
pub(crate) struct DoorOut {
    /// `tcp` (loopback, without TLS), `unix` (a socket for this user's own programs) or `tls` (for other machines).
    #[schema(example = "tcp")]
    kind: &'static str,
    /// A URL, or the path of the socket.
    #[schema(example = "http://127.0.0.1:9487")]
    address: String,
}

/// What other machines reach, and by what they know that it is us.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Exposed)]
pub(crate) struct ExposedOut {
    #[schema(example = json!(["https://192.0.2.1:9488"]))]
    addresses: Vec<String>,
    /// SHA-256 of the certificate.
    #[schema(example = "5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8")]
    fingerprint: String,
    /// Whether we made the certificate: then others have to compare its fingerprint.
    self_made: bool,
    /// RFC 3339, UTC.
    valid_until: String,
}

/// The loopback WhatsApp of a sandbox build.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SandboxInfo {
    /// Where its phones and faults are driven from; null when it is not ours to drive.
    #[schema(required, example = "/sandbox")]
    pub control: Option<String>,
    #[schema(example = "ws://127.0.0.1:41234/ws/chat")]
    pub whatsapp_url: String,
}

/// Where the keys are kept and whether they can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Vault)]
pub struct VaultStanding {
    /// `keychain`, `key_file`, `sealed_file` or `sealed_table` (wrapped by a master key, in the data directory or in the database).
    #[schema(example = "keychain")]
    pub kind: String,
    /// `ok`, `locked`, `missing`, `refused` or `failed`.
    #[schema(example = "ok")]
    pub status: String,
    /// For a person.
    #[schema(example = "Keys are kept in the Secret Service keychain.")]
    pub summary: String,
}

permit!(info: Need::known());

/// Show what runs here
#[utoipa::path(get, path = "/v1/info", tag = "ops", operation_id = "show_info",
    responses((status = 200, description = "Version, build, vault and ways in.", body = InfoOut)))]
pub(crate) async fn info(State(api): State<Api>, caller: Caller) -> Json<InfoOut> {
    Json(InfoOut {
        name: "WhatIsUp",
        version: api.about.version.clone(),
        build: api.about.build.as_str(),
        sandbox: api.about.sandbox.clone(),
        vault: api.vault.borrow().clone(),
        started_at: api.started_at.to_string(),
        addresses: api.addresses.iter().map(|a| format!("http://{a}")).collect(),
        doors: api.doors.told().into_iter().map(|(kind, address)| DoorOut { kind: kind.as_str(), address }).collect(),
        exposed: api.doors.shown().map(|shown| ExposedOut {
            addresses: api.doors.exposed(),
            fingerprint: shown.fingerprint,
            self_made: shown.self_made,
            valid_until: shown.until.to_string(),
        }),
        data_dir: caller.is_person().then(|| api.about.data_dir.display().to_string()),
    })
}
