//! The second of the sandbox rule's two tests, for a build without the feature: what the sandbox shows is refused.
#![allow(clippy::unwrap_used)]

use crate::{AuthStore, Endpoint, WhatsApp, WhatsAppConfig};
use async_trait::async_trait;
use domain::{Cause, ChannelId, Timestamp};
use sandbox::{Sandbox, SandboxConfig};
use socket::{Close, InboundMessage, Inbox, InboxError, Opening, SocketEvent, SocketFactory as _};
use std::sync::Arc;
use tokio::sync::mpsc;
use vault::{Installation, Namespace, Scope, Vault};

struct Nowhere;

#[async_trait]
impl Inbox for Nowhere {
    async fn commit(&self, _: Vec<InboundMessage>) -> Result<(), InboxError> {
        Ok(())
    }
}

async fn told_by_a_session_with(sandbox: &Sandbox) -> Vec<SocketEvent> {
    let dir = tempfile::tempdir().unwrap();
    let scope = Scope { namespace: Namespace::Dev, installation: Installation::named("test") };
    let whatsapp = WhatsApp::new(WhatsAppConfig {
        auth_store: AuthStore::disk(dir.path(), Vault::key_file(dir.path().join("keys"), scope)),
        endpoint: Endpoint::for_test(&sandbox.url()),
        device_name: "WhatIsUp".into(),
        // Given, so that nothing is asked of the real WhatsApp.
        version: Some((2, 3000, 1_042_742_319)),
    })
    .unwrap();
    let (events, mut heard) = mpsc::channel(16);
    let channel = ChannelId::new(Timestamp::from_secs(1_700_000_000), 1);
    let opening = Opening { channel, proxy: None, pair_by_code: None, events, inbox: Arc::new(Nowhere) };
    let _socket = whatsapp.open(opening).await;
    let mut told = Vec::new();
    while let Some(event) = heard.recv().await {
        told.push(event);
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_production_build_refuses_the_sandboxs_noise_certificate() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let told = told_by_a_session_with(&sandbox).await;
    assert_eq!(told, [SocketEvent::Closed(Close::Lost(Cause::HandshakeFailed))]);
    assert_eq!(sandbox.network().counters().logins, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_production_build_refuses_the_sandboxs_tls_certificate() {
    let sandbox = Sandbox::start(SandboxConfig { tls: true, ..SandboxConfig::default() }).await.unwrap();
    let told = told_by_a_session_with(&sandbox).await;
    assert_eq!(told, [SocketEvent::Closed(Close::Lost(Cause::HandshakeFailed))]);
}
