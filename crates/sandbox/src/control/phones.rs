//! Phones: list them, make one, change one, link and unlink companions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wacore_binary::Jid;

use super::body::{Body, MaybeBody};
use super::problem::Problem;
use super::view::PhoneOut;
use crate::phone::{Phone, PhoneError, Phones};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneIn {
    /// Display name; one is picked if missing.
    pub name: Option<String>,
    /// In any usual way of writing; a free fictional one is picked if missing.
    #[schema(example = "+1 555 0100 103")]
    pub number: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhonePatch {
    /// Switches the phone's connection off and on. Messages wait for it meanwhile.
    pub online: Option<bool>,
    pub push_name: Option<String>,
    pub auto_reply: Option<bool>,
    /// `true` damages the next message that the phone sends, so that its receivers must ask for it again.
    pub spoil_next_message: Option<bool>,
    /// `true` encrypts the next message on sessions that its receivers do not have, so that they must ask for it again.
    pub wrong_session_next_message: Option<bool>,
    /// `false`: who asks for another copy of a message waits for it until this is `true` again.
    pub answers_retries: Option<bool>,
    /// `true` makes the phone lose its Signal sessions, so that it must ask for what comes next again.
    pub forget_sessions: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanIn {
    /// The text of the companion's QR code.
    pub qr: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnyScanIn {
    pub qr: String,
    /// Which phone scans; if missing, the one with the fewest companions, made if there is none.
    pub number: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeIn {
    /// Eight letters and digits, a dash allowed.
    #[schema(example = "ABCD-1234")]
    pub code: String,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlinkIn {
    /// Which companion, by its address; all of them if missing.
    pub device: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedOut {
    /// The phone that did it.
    pub number: String,
    /// The new companion.
    #[schema(example = "15550100101:1@s.whatsapp.net")]
    pub device: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UnlinkedOut {
    pub devices: Vec<String>,
}

/// All phones.
#[utoipa::path(get, path = "/phones", responses((status = 200, body = Vec<PhoneOut>)))]
pub async fn list(State(phones): State<Phones>) -> Json<Vec<PhoneOut>> {
    Json(views(&phones).await)
}

pub async fn views(phones: &Phones) -> Vec<PhoneOut> {
    let mut out = Vec::new();
    for phone in phones.all() {
        out.push(PhoneOut::of(&phone).await);
    }
    out
}

/// A new phone, online at once.
#[utoipa::path(post, path = "/phones", request_body = Option<PhoneIn>,
    responses((status = 201, body = PhoneOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(phones): State<Phones>,
    MaybeBody(wish): MaybeBody<PhoneIn>,
) -> Result<(StatusCode, Json<PhoneOut>), Problem> {
    let phone = phones.add(wish.name.as_deref(), wish.number.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(PhoneOut::of(&phone).await)))
}

/// One phone.
#[utoipa::path(get, path = "/phones/{number}", responses((status = 200, body = PhoneOut), (status = 404, body = Problem)))]
pub async fn show(State(phones): State<Phones>, Path(number): Path<String>) -> Result<Json<PhoneOut>, Problem> {
    Ok(Json(PhoneOut::of(&phones.get(&number)?).await))
}

/// Switches a phone off or on, renames it, lets it answer by itself.
#[utoipa::path(patch, path = "/phones/{number}", request_body = PhonePatch,
    responses((status = 200, body = PhoneOut), (status = 404, body = Problem)))]
pub async fn change(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(patch): Body<PhonePatch>,
) -> Result<Json<PhoneOut>, Problem> {
    let phone = phones.get(&number)?;
    if let Some(on) = patch.auto_reply {
        phone.set_auto_reply(on).await;
    }
    if patch.spoil_next_message == Some(true) {
        phone.spoil_next_message().await;
    }
    if patch.wrong_session_next_message == Some(true) {
        phone.use_wrong_session_once().await;
    }
    if patch.forget_sessions == Some(true) {
        phone.forget_sessions().await;
    }
    match patch.online {
        Some(true) => phone.go_online().await?,
        Some(false) => phone.go_offline().await,
        None => {}
    }
    if let Some(on) = patch.answers_retries {
        phone.set_answers_retries(on).await?;
    }
    if let Some(name) = &patch.push_name {
        phone.set_push_name(name).await?;
    }
    Ok(Json(PhoneOut::of(&phone).await))
}

/// The phone scans a QR code. Answers when the companion has taken the pairing.
#[utoipa::path(post, path = "/phones/{number}/scan", request_body = ScanIn,
    responses((status = 200, body = LinkedOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn scan(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(scan): Body<ScanIn>,
) -> Result<Json<LinkedOut>, Problem> {
    let phone = phones.get(&number)?;
    let device = phone.scan(&scan.qr).await?;
    Ok(Json(linked(&phone, &device)))
}

/// Some phone scans a QR code.
#[utoipa::path(post, path = "/scan", request_body = AnyScanIn,
    responses((status = 200, body = LinkedOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn scan_any(State(phones): State<Phones>, Body(scan): Body<AnyScanIn>) -> Result<Json<LinkedOut>, Problem> {
    let (phone, device) = phones.scan(&scan.qr, scan.number.as_deref()).await?;
    Ok(Json(linked(&phone, &device)))
}

/// The person types the code that a companion shows.
#[utoipa::path(post, path = "/phones/{number}/enter-code", request_body = CodeIn,
    responses((status = 200, body = LinkedOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn enter_code(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(typed): Body<CodeIn>,
) -> Result<Json<LinkedOut>, Problem> {
    let phone = phones.get(&number)?;
    let device = phone.enter_code(&typed.code).await?;
    Ok(Json(linked(&phone, &device)))
}

/// The phone logs companions out.
#[utoipa::path(post, path = "/phones/{number}/unlink", request_body = Option<UnlinkIn>,
    responses((status = 200, body = UnlinkedOut), (status = 404, body = Problem)))]
pub async fn unlink(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    MaybeBody(which): MaybeBody<UnlinkIn>,
) -> Result<Json<UnlinkedOut>, Problem> {
    let phone = phones.get(&number)?;
    let devices = match which.device {
        Some(device) => vec![device.parse::<Jid>().map_err(|_| PhoneError::NoSuchDevice(device))?],
        None => phone.linked_devices().into_iter().map(|view| view.device).collect(),
    };
    for device in &devices {
        phone.unlink(device).await?;
    }
    Ok(Json(UnlinkedOut { devices: devices.iter().map(ToString::to_string).collect() }))
}

fn linked(phone: &Phone, device: &Jid) -> LinkedOut {
    LinkedOut { number: phone.number().to_owned(), device: device.to_string() }
}
