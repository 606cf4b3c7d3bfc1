use super::passphrase::secret;
use crate::api::Api;
use crate::body::JsonBody;
use crate::params::ChannelPath;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderName, header};
use domain::{ChannelView, Desired, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

/// How a session is sealed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportIn {
    /// Opens the file; at least 12 characters. Whoever has both is this linked device.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password, min_length = 12, example = "seven spare umbrellas")]
    passphrase: SecretString,
}

/// Export a channel
///
/// Stops the channel and answers one file with everything that makes its session, sealed with the passphrase. Imported on
/// another machine it goes on there without a QR. It must then not be started here again: WhatsApp lets only the newest of two
/// live, and the other one ends as `replaced`.
#[utoipa::path(post, path = "/v1/channels/{id}/export", tag = "channels", operation_id = "export_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = ExportIn,
    responses((status = 200, description = "The file. `Content-Disposition` suggests a name.",
        content((Vec<u8> = "application/octet-stream")))))]
pub(crate) async fn export(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    JsonBody(given): JsonBody<ExportIn>,
) -> Result<([(HeaderName, String); 3], Vec<u8>), Problem> {
    if !api.channel(id)?.paired {
        return Err(Problem::of(Code::NotPaired));
    }
    // A passphrase that will not do is told before anything is stopped.
    api.movers.check(&given.passphrase)?;
    let stopped = api.engine.stop(id).await?;
    if !stopped.paired {
        return Err(Problem::of(Code::NotPaired));
    }
    let file = api.movers.pack(&stopped, given.passphrase).await?;
    let now = api.channel(id)?;
    if now.desired != Desired::Stopped || !now.paired {
        // What it did since is not in the file: the ratchets of the file are of the past.
        return Err(Problem::new(Code::Conflict, "The channel was started again while it was packed. Export it once more."));
    }
    tracing::info!(channel.id = %id, bytes = file.len(), "a session was exported");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(&now, api.now()))),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file))
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
