use crate::rig::{Answer, Rig};
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::json;
use socket::scripted::Call;
use socket::{Secret, SocketEvent};
use std::time::Duration;

const QR: &str = "2@qrRefOfTheSandbox/0123456789,noiseKeyNoiseKeyNoiseKeyNoiseKeyNoiseKeyN=,identityIdentityIdentityIdentityIdentity=,advSecretAdvSecretAdvSecretAdvSecretAdv=";

async fn qr_as(rig: &Rig, path: &str, accept: &str) -> (u16, String, Vec<u8>) {
    let answer = rig.request(Method::GET, &format!("{path}/qr")).header(ACCEPT, accept).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.bytes().await.unwrap().to_vec())
}

fn decoded(width: usize, height: usize, dark: impl Fn(usize, usize) -> bool) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| if dark(x, y) { 0 } else { 255 });
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one QR is found");
    grids[0].decode().unwrap().1
}

#[tokio::test]
async fn the_qr_comes_in_four_forms_that_all_say_the_same() {
    let mut rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    assert_eq!(rig.get(&format!("{path}/qr")).await.told(), "409 not_pairing");
    rig.bid(Method::POST, &format!("{path}/start")).await;
    let _socket = rig.shows_qr(QR).await;

    let json = rig.get(&format!("{path}/qr")).await;
    assert_eq!((json.status.as_u16(), &json.body["text"], &json.body["round"]), (200, &json!(QR), &json!(1)));
    assert!(json.body["expires_at"].as_str().unwrap().ends_with('Z'));

    let (status, kind, svg) = qr_as(&rig, &path, "image/svg+xml").await;
    assert_eq!((status, kind.as_str()), (200, "image/svg+xml"));
    assert_eq!(json.body["svg"], String::from_utf8(svg).unwrap());

    let (status, kind, png) = qr_as(&rig, &path, "image/png").await;
    assert_eq!((status, kind.as_str()), (200, "image/png"));
    let picture = image::load_from_memory(&png).unwrap().to_luma8();
    assert!(picture.width() >= 560);
    assert_eq!(
        decoded(picture.width() as usize, picture.height() as usize, |x, y| picture.get_pixel(x as u32, y as u32).0[0] < 128),
        QR
    );

    let (status, kind, text) = qr_as(&rig, &path, "text/plain").await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"));
    let text = String::from_utf8(text).unwrap();
    let rows: Vec<Vec<char>> = text.lines().map(|l| l.chars().collect()).collect();
    // Light is drawn in half blocks; each module is a square of 4 by 4 to the reader.
    let dark = |x: usize, y: usize| !matches!((rows[y / 8][x / 4], y / 4 % 2), ('█', _) | ('▀', 0) | ('▄', 1));
    assert_eq!(decoded(rows[0].len() * 4, rows.len() * 8, dark), QR);

    let refused = rig.request(Method::GET, &format!("{path}/qr")).header(ACCEPT, "application/pdf").send().await.unwrap();
    assert_eq!(Answer::of(refused).await.told(), "406 not_acceptable");
    rig.stop().await;
}

#[tokio::test]
async fn a_qr_that_is_on_its_way_is_waited_for() {
    let mut rig = Rig::start().await;
    let made = rig.post("/v1/channels", json!({"name": "Front desk"})).await;
    let asked = rig.request(Method::GET, &format!("{}/qr", made.header("location"))).send();
    let asked = tokio::spawn(async move { Answer::of(asked.await.unwrap()).await });
    let _socket = rig.shows_qr(QR).await;
    let answer = asked.await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body["text"]), (200, &json!(QR)));
    rig.stop().await;
}

#[tokio::test]
async fn a_linked_channel_has_no_qr() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    assert_eq!(rig.get(&format!("{path}/qr")).await.told(), "409 already_paired");
    let asked = rig.post(&format!("{path}/pairing-code"), json!({"phone": "+15550100123"})).await;
    assert_eq!(asked.told(), "409 already_paired");
    rig.stop().await;
}

#[tokio::test]
async fn a_pairing_code_is_waited_for() {
    let mut rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    assert_eq!(rig.post(&format!("{path}/pairing-code"), json!({"phone": "nobody"})).await.told(), "422 invalid /phone");
    let asked = rig.request(Method::POST, &format!("{path}/pairing-code")).json(&json!({"phone": "+1 555 010 0123"}));
    let asked = tokio::spawn(async move { Answer::of(asked.send().await.unwrap()).await });
    let socket = rig.next_socket().await;
    socket.says(SocketEvent::Handshaken).await;
    let phone = "+15550100123".parse().unwrap();
    let expires_at = rig.engine.clock().now().plus(Duration::from_secs(160));
    socket.says(SocketEvent::PairingCode { code: Secret("ABCD-EFGH".into()), expires_at, phone }).await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["code"], &answer.body["phone"]), (&json!("ABCD-EFGH"), &json!("+15550100123")));
    assert!(socket.opening.pair_by_code.is_some() || socket.calls().iter().any(|c| matches!(c, Call::PairingCode(_))));
    rig.stop().await;
}

#[tokio::test]
async fn where_whatsapp_wants_a_passkey_the_qr_says_so() {
    let mut rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    rig.bid(Method::POST, &format!("{path}/start")).await;
    let socket = rig.next_socket().await;
    socket.says(SocketEvent::Handshaken).await;
    let challenge = Secret(r#"{"challenge":"AAAA"}"#.to_owned());
    socket.says(SocketEvent::PasskeyRequested { challenge, expires_at: None }).await;
    let mut overview = rig.engine.overview();
    let asked = |all: &std::sync::Arc<domain::Overview>| format!("{all:?}").contains("passkey:shown");
    tokio::time::timeout(Duration::from_secs(10), overview.wait_for(asked)).await.unwrap().unwrap();
    let answer = rig.get(&format!("{path}/qr")).await;
    assert_eq!(answer.told(), "409 not_pairing");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("passkey") && detail.contains(&format!("GET {path}/passkey")), "{detail}");
    assert_eq!(rig.get(&format!("{path}/passkey")).await.status, 200);
    rig.stop().await;
}
