use super::passphrase::some_secret;
use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::moving::Directory;
use crate::params::ChannelPath;
use crate::problem::{Code, FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::{ChannelId, ChannelView, Desired, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// In which form a session leaves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportIn {
    #[serde(default)]
    format: Format,
    /// Of a file: opens it; at least 12 characters. Whoever has both is this linked device.
    #[serde(default, deserialize_with = "some_secret")]
    #[schema(value_type = Option<String>, format = Password, min_length = 12, example = "seven spare umbrellas")]
    passphrase: Option<SecretString>,
}

/// `file`: one file, sealed with a passphrase. `baileys`: what Baileys has in its directory, as JSON and sealed with nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ExportFormat)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    #[default]
    File,
    Baileys,
}

/// The files of Baileys' directory. They are the account: keep them from everybody else.
#[derive(Serialize, ToSchema)]
#[schema(as = BaileysExport)]
pub(crate) struct BaileysOut {
    /// By file name, what is to stand in the file.
    files: BTreeMap<String, String>,
    /// What stays behind, a line each.
    notes: Vec<String>,
}

permit!(export: Need::person());

/// Export a channel
///
/// Stops the channel and answers one file with everything that makes its session, sealed with the passphrase. Imported on
/// another machine it goes on there without a QR. It must then not be started here again: WhatsApp lets only the newest of two
/// live, and the other one ends as `replaced`. In the format `baileys` it answers the files with which Baileys goes on instead.
#[utoipa::path(post, path = "/v1/channels/{id}/export", tag = "channels", operation_id = "export_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = ExportIn,
    responses((status = 200, description = "The file. `Content-Disposition` suggests a name.",
        content((Vec<u8> = "application/octet-stream"), (BaileysOut = "application/json")))))]
pub(crate) async fn export(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    JsonBody(given): JsonBody<ExportIn>,
) -> Result<Response, Problem> {
    if !api.channel(id)?.paired {
        return Err(Problem::of(Code::NotPaired));
    }
    match (given.format, given.passphrase) {
        (Format::File, Some(passphrase)) => file(&api, id, passphrase).await,
        (Format::Baileys, None) => baileys(&api, id).await,
        (Format::File, None) => Err(Problem::invalid(vec![FieldError::at("/passphrase", "missing field `passphrase`")])),
        (Format::Baileys, Some(_)) => {
            Err(Problem::invalid(vec![FieldError::at("/passphrase", "is for files: Baileys reads nothing that is sealed")]))
        }
    }
}

async fn file(api: &Api, id: ChannelId, passphrase: SecretString) -> Result<Response, Problem> {
    // A passphrase that will not do is told before anything is stopped.
    api.movers.check(&passphrase)?;
    let stopped = stopped(api, id).await?;
    let file = api.movers.pack(&stopped, passphrase).await?;
    let now = still_stopped(api, id)?;
    tracing::info!(channel.id = %id, bytes = file.len(), "a session was exported");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(&now, api.now()))),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file).into_response())
}

async fn baileys(api: &Api, id: ChannelId) -> Result<Response, Problem> {
    let stopped = stopped(api, id).await?;
    let Directory { files, notes } = api.movers.write_baileys(&stopped).await?;
    still_stopped(api, id)?;
    tracing::info!(channel.id = %id, files = files.len(), "a session was exported for Baileys");
    let files = files.into_iter().map(|(name, text)| (name, text.expose_secret().to_owned())).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(BaileysOut { files, notes })).into_response())
}

async fn stopped(api: &Api, id: ChannelId) -> Result<ChannelView, Problem> {
    let stopped = api.engine.stop(id).await?;
    if stopped.paired { Ok(stopped) } else { Err(Problem::of(Code::NotPaired)) }
}

/// What it did since would not be in the file: the ratchets of the file are of the past.
fn still_stopped(api: &Api, id: ChannelId) -> Result<ChannelView, Problem> {
    let now = api.channel(id)?;
    if now.desired != Desired::Stopped || !now.paired {
        return Err(Problem::new(Code::Conflict, "The channel was started again while it was packed. Export it once more."));
    }
    Ok(now)
}

/// `whatisup-front-desk-2026-01-31.age`: what any file system takes.
fn file_name(channel: &ChannelView, now: Timestamp) -> String {
    let mut words = String::new();
    for c in channel.name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            words.push(c);
        } else if !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
    }
    let words = words.trim_end_matches('-');
    let name = if words.is_empty() { "channel" } else { words };
    let day = now.to_string();
    format!("whatisup-{name}-{}.age", day.get(..10).unwrap_or("export"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::{ChannelId, Reason, State};

    #[test]
    fn the_file_is_named_after_the_channel_whatever_that_is_called() {
        let now = Timestamp::parse("2026-01-31T23:59:59.000Z").unwrap();
        for (name, expected) in [
            ("Front desk", "whatisup-front-desk-2026-01-31.age"),
            ("../../etc/\"passwd\"\u{1f980}", "whatisup-etc-passwd-2026-01-31.age"),
            ("\u{1f980}", "whatisup-channel-2026-01-31.age"),
        ] {
            let channel = ChannelView {
                id: ChannelId::new(now, 1),
                name: name.into(),
                created_at: now,
                desired: Desired::Stopped,
                state: State::Disconnected { since: now, reason: Reason::Stopped },
                stuck_since: None,
                flapping_since: None,
                paired: true,
                identity: None,
                proxy: None,
            };
            assert_eq!(file_name(&channel, now), expected);
        }
    }
}
