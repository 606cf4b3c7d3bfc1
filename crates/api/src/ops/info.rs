use crate::api::Api;
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
    /// Where this API is served.
    addresses: Vec<String>,
    data_dir: String,
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

/// Show what runs here
#[utoipa::path(get, path = "/v1/info", tag = "ops", operation_id = "show_info",
    responses((status = 200, description = "Version, build, vault and addresses.", body = InfoOut)))]
pub(crate) async fn info(State(api): State<Api>) -> Json<InfoOut> {
    Json(InfoOut {
        name: "WhatIsUp",
        version: api.about.version.clone(),
        build: api.about.build.as_str(),
        sandbox: api.about.sandbox.clone(),
        vault: api.vault.borrow().clone(),
        started_at: api.started_at.to_string(),
        addresses: api.addresses.iter().map(|a| format!("http://{a}")).collect(),
        data_dir: api.about.data_dir.display().to_string(),
    })
}
