//! Linking: which way it goes, and when it is over.

use super::shared::{Shared, locked};
use super::{close, now};
use domain::{Phone, Timestamp};
use socket::{Close, Secret, SendError, SocketEvent};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wacore::types::events::{Event, PairPasskeyRequest, PairingCode};
use whatsapp_rust::Client;
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::passkey::parse_request_options;

/// The phone may have taken the code in its last second; its answer gets this much longer.
const AFTER_CODE: Duration = Duration::from_secs(20);
/// For a passkey request that names no time of its own.
const PASSKEY_PATIENCE: Duration = Duration::from_secs(300);
/// A code's letters and digits, and how many (Crockford's alphabet without 0, I, O and U).
const CODE_ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 8;

/// How the device is to be linked, as far as it has come.
#[derive(Debug)]
pub(super) struct Pairing {
    way: Way,
    /// By code from the beginning: without a code there is nothing to show.
    code_only: bool,
    asked: bool,
    /// When waiting makes no sense any more; the QR rounds end by themselves.
    until: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Qr,
    Code(Phone),
    Passkey,
}

impl Pairing {
    pub fn new(by_code: Option<Phone>) -> Self {
        let code_only = by_code.is_some();
        Pairing { way: by_code.map_or(Way::Qr, Way::Code), code_only, asked: false, until: None }
    }

    pub fn until(&self) -> Option<Instant> {
        self.until
    }
}

/// What an event of linking leads to.
pub(super) enum Step {
    Tell(SocketEvent),
    /// Ask WhatsApp for a code for this phone, in place of one that is out.
    RequestCode(Phone),
    End(Close),
    Nothing,
}

/// Linking as told by whatsapp-rust. Other events are none of its business.
#[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
pub(super) fn step(shared: &Shared, event: &Event) -> Step {
    let mut pairing = locked(&shared.pairing);
    match event {
        Event::PairingQrCode(qr) => match &pairing.way {
            Way::Qr => Step::Tell(SocketEvent::PairingQr { code: Secret(qr.code.clone()), expires_at: now().plus(qr.timeout) }),
            // The first QR says that WhatsApp is ready to link; the later ones turn on behind the code.
            Way::Code(phone) if !pairing.asked => {
                let phone = phone.clone();
                pairing.asked = true;
                Step::RequestCode(phone)
            }
            Way::Code(_) | Way::Passkey => Step::Nothing,
        },
        Event::PairingCode(code) => code_came(&mut pairing, code),
        Event::PairingCodeRefresh(_) => match &pairing.way {
            Way::Code(phone) => Step::RequestCode(phone.clone()),
            Way::Qr | Way::Passkey => Step::Nothing,
        },
        Event::PairingCodeError(e) => {
            tracing::warn!(channel.id = %shared.channel, error = e.error, "whatsapp gives no pairing code");
            if pairing.code_only {
                return Step::End(Close::PairingFailed);
            }
            // Asked for in the middle of the QR rounds: these go on.
            pairing.way = Way::Qr;
            Step::Nothing
        }
        Event::PairingQrCodesExhausted(_) => match pairing.way {
            Way::Qr => Step::End(Close::PairingExpired),
            Way::Code(_) | Way::Passkey => Step::Nothing,
        },
        Event::PairPasskeyRequest(request) => passkey_asked(&mut pairing, request, now()),
        Event::PairPasskeyError(e) => {
            tracing::warn!(channel.id = %shared.channel, error = e.error, "linking by passkey failed");
            Step::End(Close::PairingFailed)
        }
        _ => Step::Nothing,
    }
}

fn code_came(pairing: &mut Pairing, code: &PairingCode) -> Step {
    let Way::Code(phone) = pairing.way.clone() else { return Step::Nothing };
    if code.code.len() != CODE_LENGTH || !code.code.chars().all(|c| CODE_ALPHABET.contains(c)) {
        tracing::error!("whatsapp-rust gave a pairing code that no phone takes");
        return Step::End(Close::PairingFailed);
    }
    pairing.until = Some(Instant::now() + code.timeout + AFTER_CODE);
    Step::Tell(SocketEvent::PairingCode { code: Secret(code.code.clone()), expires_at: now().plus(code.timeout), phone })
}

fn passkey_asked(pairing: &mut Pairing, request: &PairPasskeyRequest, now: Timestamp) -> Step {
    let told = parse_request_options(&request.request_options_json).ok().and_then(|options| options.timeout_ms);
    let patience = told.map_or(PASSKEY_PATIENCE, Duration::from_millis);
    pairing.way = Way::Passkey;
    pairing.until = Some(Instant::now() + patience);
    let challenge = Secret(request.request_options_json.clone());
    Step::Tell(SocketEvent::PasskeyRequested { challenge, expires_at: told.map(|ms| now.plus(Duration::from_millis(ms))) })
}

/// The engine asks for a code while the QR is shown. The code comes as an event.
pub(super) async fn request_code(shared: &Arc<Shared>, phone: Phone) -> Result<(), SendError> {
    let Some(client) = shared.client().filter(|_| !shared.ending()) else { return Err(SendError::NotConnected) };
    if client.pn().is_some() {
        return Err(SendError::NotNow("this channel is linked already"));
    }
    let before = {
        let mut pairing = locked(&shared.pairing);
        if pairing.way == Way::Passkey {
            return Err(SendError::NotNow("WhatsApp wants a passkey"));
        }
        pairing.asked = true;
        std::mem::replace(&mut pairing.way, Way::Code(phone.clone()))
    };
    match ask(&client, &phone).await {
        Ok(()) => Ok(()),
        Err(e) => {
            locked(&shared.pairing).way = before;
            Err(e)
        }
    }
}

/// Asks WhatsApp for a code, in place of one that is out.
pub(super) async fn ask(client: &Arc<Client>, phone: &Phone) -> Result<(), SendError> {
    if !client.is_connected() {
        return Err(SendError::NotConnected);
    }
    client.cancel_pair_code().await;
    let options = PairCodeOptions { phone_number: phone.digits().to_owned(), ..PairCodeOptions::default() };
    match client.pair_with_code(options).await {
        Ok(_) => Ok(()),
        Err(e) if e.rejection().is_some_and(|r| r.is_throttled()) => {
            Err(SendError::NotNow("WhatsApp gives no further code for this number at the moment; try again later"))
        }
        Err(e) => Err(SendError::Rejected(e.to_string())),
    }
}

/// Whether an event ends the session, in the words of [`close`].
pub(super) fn verdict(shared: &Shared, event: &Event) -> Option<Close> {
    let leaving = shared.leaving.load(std::sync::atomic::Ordering::Acquire);
    close::verdict(event, leaving, now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wacore::types::events::{PairingCodeError, PairingQrCode, PairingQrCodesExhausted};

    fn code(text: &str) -> PairingCode {
        PairingCode::builder().code(text.into()).timeout(Duration::from_secs(180)).build()
    }

    #[tokio::test]
    async fn a_code_that_no_phone_takes_is_not_shown() {
        let mut pairing = Pairing::new(Some("15550100123".parse().unwrap()));
        assert!(matches!(code_came(&mut pairing, &code("ABCD1234")), Step::Tell(SocketEvent::PairingCode { .. })));
        for bad in ["ABCD123", "ABCD12345", "ABCD-123", "OIUU0000", ""] {
            assert!(matches!(code_came(&mut pairing, &code(bad)), Step::End(Close::PairingFailed)), "{bad}");
        }
    }

    fn shared(by_code: Option<&str>) -> Shared {
        struct Nowhere;
        #[async_trait::async_trait]
        impl socket::Inbox for Nowhere {
            async fn commit(&self, _: Vec<socket::InboundMessage>) -> Result<(), socket::InboxError> {
                Ok(())
            }
        }
        let opening = socket::Opening {
            channel: domain::ChannelId::new(Timestamp::EPOCH, 1),
            proxy: None,
            pair_by_code: by_code.map(|text| text.parse().unwrap()),
            events: tokio::sync::mpsc::channel(1).0,
            inbox: Arc::new(Nowhere),
        };
        Shared::new(&opening)
    }

    fn qr() -> Event {
        Event::PairingQrCode(PairingQrCode::builder().code("2@…".into()).timeout(Duration::from_secs(20)).build())
    }

    fn rounds_over() -> Event {
        Event::PairingQrCodesExhausted(PairingQrCodesExhausted::builder().disconnected(false).build())
    }

    #[tokio::test]
    async fn the_qr_is_shown_round_by_round_until_the_rounds_are_over() {
        let shared = shared(None);
        for _ in 0..3 {
            assert!(matches!(step(&shared, &qr()), Step::Tell(SocketEvent::PairingQr { .. })));
        }
        assert!(matches!(step(&shared, &rounds_over()), Step::End(Close::PairingExpired)));
    }

    #[tokio::test]
    async fn a_code_is_asked_for_once_and_outlives_the_qr_rounds_behind_it() {
        let shared = shared(Some("15550100123"));
        assert!(matches!(step(&shared, &qr()), Step::RequestCode(_)));
        assert!(matches!(step(&shared, &qr()), Step::Nothing));
        assert!(matches!(step(&shared, &Event::PairingCode(code("ABCD1234"))), Step::Tell(_)));
        assert!(matches!(step(&shared, &rounds_over()), Step::Nothing));
        let left = locked(&shared.pairing).until().unwrap() - Instant::now();
        assert!(left > Duration::from_secs(180) && left <= Duration::from_secs(200));
        let refused = Event::PairingCodeError(PairingCodeError::builder().error("no".into()).build());
        assert!(matches!(step(&shared, &refused), Step::End(Close::PairingFailed)));
    }

    #[tokio::test]
    async fn a_passkey_request_ends_when_its_time_is_over() {
        let mut pairing = Pairing::new(None);
        let request =
            PairPasskeyRequest::builder().request_options_json(r#"{"challenge":"AAAA","timeout":60000}"#.into()).build();
        let step = passkey_asked(&mut pairing, &request, Timestamp::from_secs(1000));
        let Step::Tell(SocketEvent::PasskeyRequested { expires_at, .. }) = step else { panic!("not told") };
        assert_eq!(expires_at, Some(Timestamp::from_secs(1060)));
        assert!(pairing.until().is_some());
    }
}
