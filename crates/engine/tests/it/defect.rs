use crate::rig::{Rig, is};
use async_trait::async_trait;
use domain::{ChannelId, Phone, StateKind};
use socket::scripted::Script;
use socket::{Liveness, Opening, Outbound, SendError, Socket, SocketFactory, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Scripted sockets, the first of which has a defect that brings its driver down.
struct Defective {
    script: Script,
    armed: Arc<AtomicBool>,
}

struct Broken(Box<dyn Socket>, Arc<AtomicBool>);

#[async_trait]
impl SocketFactory for Defective {
    async fn open(&self, opening: Opening) -> Box<dyn Socket> {
        Box::new(Broken(self.script.open(opening).await, self.armed.clone()))
    }

    async fn is_paired(&self, channel: ChannelId) -> Result<bool, StoreError> {
        self.script.is_paired(channel).await
    }

    async fn shred(&self, channel: ChannelId) -> Result<(), StoreError> {
        self.script.shred(channel).await
    }
}

#[async_trait]
impl Socket for Broken {
    async fn send(&self, message: Outbound) -> Result<(), SendError> {
        self.0.send(message).await
    }

    async fn request_pairing_code(&self, phone: Phone) -> Result<(), SendError> {
        self.0.request_pairing_code(phone).await
    }

    async fn logout(&self) -> Result<(), SendError> {
        self.0.logout().await
    }

    async fn close(&self) {
        self.0.close().await;
    }

    fn liveness(&self) -> Liveness {
        assert!(!self.1.swap(false, Ordering::Relaxed), "the defect");
        self.0.liveness()
    }
}

#[tokio::test]
async fn a_driver_that_panics_is_a_hiccup_of_one_channel() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    rig.until_logged("channel.connected", 1).await;
    let armed = Arc::new(AtomicBool::new(true));
    rig.start_again_with(Arc::new(Defective { script: rig.script.clone(), armed: armed.clone() })).await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    rig.until_logged("channel.connected", 2).await;
    // The next look at the connection meets the defect; the channel then starts anew.
    rig.in_time("the panic", || !armed.load(Ordering::Relaxed)).await;
    let engine = rig.engine.clone();
    rig.in_time("the revival", || is(StateKind::Reconnecting)(&engine.channel(id).unwrap())).await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.engine.stop(id).await.unwrap().state.kind(), StateKind::Disconnected);
    rig.end().await;
}
