//! What the engine asks of an open session.

use super::shared::Shared;
use crate::people;
use domain::{ChatId, Content};
use socket::{Close, Invalidation, Outbound, SendError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wacore::iq::devices::RemoveCompanionDeviceSpec;
use wacore::proto_helpers::MessageBuilderExt as _;
use wacore_binary::{Jid, Server};
use waproto::whatsapp::Message;
use whatsapp_rust::{Client, ClientError, IqError, SendError as Upstream, SendOptions};

/// Look-ups, encryption for every device of the chat and the write, together.
const SEND_WITHIN: Duration = Duration::from_secs(30);
const LOGOUT_WITHIN: Duration = Duration::from_secs(10);
/// From the end of a connection until the session has heard why.
const GOOD_BYE_WITHIN: Duration = Duration::from_secs(5);
/// How a session ends that took itself off the account.
const GONE: Close = Close::Invalidated(Invalidation::LoggedOut);

pub(super) async fn send(shared: &Arc<Shared>, message: Outbound) -> Result<(), SendError> {
    let client = shared.open_client().ok_or(SendError::NotConnected)?;
    let body = match message.content {
        Content::Text { text } => Message::text(text),
        Content::Unsupported { .. }
        | Content::Undecryptable
        | Content::Reaction { .. }
        | Content::Edit { .. }
        | Content::Revoke { .. } => {
            return Err(SendError::Rejected("this kind of message cannot be sent yet".into()));
        }
    };
    let to = people::address(&message.chat).ok_or_else(|| SendError::Rejected("not an address".into()))?;
    let work = async {
        meet(shared, &client, &message.chat, &to).await?;
        let options = SendOptions::default().with_message_id(message.whatsapp_id);
        client.send_message_with_options(to, body, options).await.map_err(|e| refused(shared, &client, e))?;
        Ok(())
    };
    tokio::select! {
        done = tokio::time::timeout(SEND_WITHIN, work) => done.map_err(|_| SendError::TimedOut)?,
        // An answer that was asked for on a connection that is gone never comes.
        () = shared.ended() => Err(SendError::NotConnected),
    }
}

/// Asks WhatsApp, once per connection and chat, whether there is an account behind a number. Without, a message to a
/// number that is not on WhatsApp would go to nobody and stay "sent" for ever.
async fn meet(shared: &Shared, client: &Arc<Client>, chat: &ChatId, to: &Jid) -> Result<(), SendError> {
    if to.server != Server::Pn || shared.knows(chat) {
        return Ok(());
    }
    // A number whose other address is known has been met before.
    if !matches!(client.get_lid_pn_entry(to).await, Ok(Some(_))) {
        let answers = client.contacts().is_on_whatsapp(std::slice::from_ref(to)).await.map_err(|e| {
            tracing::debug!(error = %e, "the look-up of a number failed");
            if shared.ending() || !client.is_connected() { SendError::NotConnected } else { SendError::TimedOut }
        })?;
        if answers.first().is_some_and(|answer| !answer.is_registered) {
            return Err(SendError::NoSuchRecipient);
        }
    }
    shared.has_met(chat);
    Ok(())
}

#[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
fn refused(shared: &Shared, client: &Client, error: Upstream) -> SendError {
    match error {
        Upstream::NotLoggedIn
        | Upstream::Client(ClientError::NotConnected | ClientError::Socket(_) | ClientError::EncryptSend(_)) => {
            SendError::NotConnected
        }
        Upstream::Iq(e) | Upstream::Client(ClientError::Iq(e)) => unanswered(client, &e),
        // Whatever failed while the connection went away failed because of that. So did what could not be written: the
        // ratchet's advance is on disk before the message leaves, or the message does not leave.
        other if shared.ending() || !client.is_logged_in() => {
            tracing::debug!(error = %other, "a send fell with its connection");
            SendError::NotConnected
        }
        other => SendError::Rejected(other.to_string()),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
fn unanswered(client: &Client, error: &IqError) -> SendError {
    match error {
        IqError::Timeout => SendError::TimedOut,
        IqError::ServerError { .. }
        | IqError::ParseError(_)
        | IqError::UnexpectedResponseType { .. }
        | IqError::EncodeError(_)
            if client.is_connected() =>
        {
            SendError::Rejected(error.to_string())
        }
        _ => SendError::NotConnected,
    }
}

/// Takes this device off the account. Afterwards the session ends as invalidated by ourselves.
pub(super) async fn logout(shared: &Arc<Shared>) -> Result<(), SendError> {
    let client = shared.open_client().ok_or(SendError::NotConnected)?;
    let own = client.pn().ok_or(SendError::NotNow("this channel is not linked"))?;
    shared.leaving.store(true, Ordering::Release);
    let answer = tokio::time::timeout(LOGOUT_WITHIN, client.execute(RemoveCompanionDeviceSpec::new(&own))).await;
    let error = match answer {
        Ok(Ok(())) => {
            shared.decide(GONE);
            return Ok(());
        }
        Ok(Err(e)) => unanswered(&client, &e),
        Err(_) => SendError::TimedOut,
    };
    // WhatsApp hangs up as it answers. Then whatsapp-rust may give up on the answer, and what it has heard of the
    // good-bye reaches the session a moment later.
    if error == SendError::NotConnected {
        let _ = tokio::time::timeout(GOOD_BYE_WITHIN, shared.asked_to_end()).await;
    }
    if shared.verdict() == Some(GONE) {
        return Ok(());
    }
    shared.leaving.store(false, Ordering::Release);
    Err(error)
}
