use super::field;
use super::passphrase::{secret, some_secret};
use crate::api::Api;
use crate::body::BigJsonBody;
use crate::guard::{Caller, Need, SESSION_LIMIT, permit};
use crate::moving::Session;
use crate::problem::{Code, FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::{ChannelView, Identity, Scope};
use engine::NewChannel;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wire::ChannelOut;

/// A session from elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportIn {
    /// What an export has answered, in base64. Either this or `baileys`.
    #[serde(default)]
    #[schema(format = Byte)]
    file: Option<String>,
    /// What it was sealed with.
    #[serde(default, deserialize_with = "some_secret")]
    #[schema(value_type = Option<String>, format = Password, example = "seven spare umbrellas")]
    passphrase: Option<SecretString>,
    /// The directory in which Baileys keeps a session.
    #[serde(default)]
    baileys: Option<BaileysIn>,
    /// What people call it here; without it, as where it comes from. 1 to 64 characters.
    #[serde(default)]
    #[schema(example = "Front desk", min_length = 1, max_length = 64)]
    name: Option<String>,
    /// How it reaches WhatsApp, when not directly: `http://user:password@host:port` or `socks5://…`.
    #[serde(default)]
    #[schema(example = json!(null))]
    proxy: Option<String>,
    /// Whether to start at once. Stop the other side first: the newest of two wins.
    #[serde(default = "yes")]
    #[schema(default = true)]
    start: bool,
    /// Make a channel of it even though this account is one here already.
    #[serde(default)]
    duplicate: bool,
}

fn yes() -> bool {
    true
}

/// The directory that Baileys' `useMultiFileAuthState` was given. Stop the program that uses it first.
#[derive(Deserialize, ToSchema)]
#[schema(as = BaileysDirectory)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaileysIn {
    /// By file name, what stands in the file: `creds.json` and all others.
    #[schema(value_type = BTreeMap<String, String>)]
    files: BTreeMap<String, Text>,
}

#[derive(Deserialize)]
struct Text(#[serde(deserialize_with = "secret")] SecretString);

/// Where the session comes from.
enum Source {
    File(Vec<u8>, SecretString),
    Baileys(BTreeMap<String, SecretString>),
}

/// A channel that was made of a session from elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedChannel)]
pub(crate) struct ImportedOut {
    #[serde(flatten)]
    channel: ChannelOut,
    /// What stayed behind, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

permit!(import: Need::scope(Scope::ChannelsManage).over_every_channel().body(SESSION_LIMIT));

/// Import a channel
///
/// Makes a channel of a file that an export has answered, or of a directory of Baileys. It goes on where it was stopped, without
/// a QR. A file that cannot be read, and an account that is a channel here already, change nothing; the latter is a 409 whose
/// `channel` names that one.
#[utoipa::path(post, path = "/v1/channels/import", tag = "channels", operation_id = "import_channel",
    request_body = ImportIn,
    responses((status = 201, description = "Made.", body = ImportedOut, headers(("Location" = String, description = "The channel's address.")))))]
pub(crate) async fn import(
    State(api): State<Api>,
    caller: Caller,
    BigJsonBody(given, _room): BigJsonBody<ImportIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ImportedOut>), Problem> {
    let mut errors = Vec::new();
    let name = given.name.as_deref().map(|name| field::name(name, &mut errors));
    let proxy = given.proxy.as_deref().and_then(|p| field::proxy(&caller, p, &mut errors));
    let source = source(given.file, given.passphrase, given.baileys, &mut errors);
    let (Some(source), true) = (source, errors.is_empty()) else { return Err(Problem::invalid(errors)) };
    // One at a time: two of the same account must not both find that it is not here.
    let _one = api.importing.lock().await;
    let session = match source {
        Source::File(file, passphrase) => api.movers.unpack(file, passphrase).await?,
        Source::Baileys(files) => api.movers.read_baileys(files).await?,
    };
    let identity = session.identity();
    if !given.duplicate
        && let Some(here) = same_account(&api, &identity)
    {
        return Err(already_here(&here));
    }
    let name = name.flatten().unwrap_or_else(|| named(session.as_ref()));
    let view = taken_in(&api, session.as_ref(), identity, NewChannel { name, proxy, start: given.start }).await?;
    tracing::info!(channel.id = %view.id, "a session was imported");
    let location = format!("/v1/channels/{}", view.id);
    let made = ImportedOut { channel: ChannelOut::from(&view), notes: session.notes().to_vec() };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

fn source(
    file: Option<String>,
    passphrase: Option<SecretString>,
    baileys: Option<BaileysIn>,
    errors: &mut Vec<FieldError>,
) -> Option<Source> {
    match (file, passphrase, baileys) {
        (None, None, Some(baileys)) => {
            Some(Source::Baileys(baileys.files.into_iter().map(|(name, Text(text))| (name, text)).collect()))
        }
        (Some(_), _, Some(_)) | (None, Some(_), Some(_)) => {
            errors.push(FieldError::at("/baileys", "has no `file` and no `passphrase` beside it"));
            None
        }
        (None, _, None) => {
            errors.push(FieldError::at("/file", "is missing: give `file` and its `passphrase`, or `baileys`"));
            None
        }
        (Some(_), None, None) => {
            errors.push(FieldError::at("/passphrase", "is missing: what was the file sealed with?"));
            None
        }
        (Some(file), Some(passphrase), None) => match BASE64_STANDARD.decode(file.trim()) {
            Ok(file) => Some(Source::File(file, passphrase)),
            Err(_) => {
                errors.push(FieldError::at("/file", "must be base64"));
                None
            }
        },
    }
}

/// First the session, then the channel: a channel is never seen without the session that it was made of.
async fn taken_in(api: &Api, session: &dyn Session, identity: Identity, new: NewChannel) -> Result<ChannelView, Problem> {
    let id = api.engine.new_channel_id();
    session.install(id).await?;
    match api.engine.take_in(id, identity, new).await {
        Ok(view) => Ok(view),
        Err(error) => {
            session.withdraw(id).await;
            Err(error.into())
        }
    }
}

fn same_account(api: &Api, identity: &Identity) -> Option<ChannelView> {
    let phone = identity.phone.as_ref()?;
    let overview = api.overview();
    let mut paired = overview.channels.iter().filter(|channel| channel.paired);
    paired.find(|channel| channel.identity.as_ref().and_then(|i| i.phone.as_ref()) == Some(phone)).cloned()
}

fn already_here(channel: &ChannelView) -> Problem {
    let detail = format!(
        "The account of this file is the channel \"{}\" ({}) here already. Two sessions of one file cannot both live.",
        channel.name, channel.id
    );
    Problem::new(Code::AlreadyHere, detail).about(channel.id)
}

fn named(session: &dyn Session) -> String {
    field::name(session.name(), &mut Vec::new()).unwrap_or_else(|| "Imported".to_owned())
}
