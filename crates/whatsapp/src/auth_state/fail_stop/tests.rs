//! On a real SQLCipher file, some of whose tables refuse what is inserted, as on a disk without room for it.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::auth_state::tests::{Home, channel};
use crate::auth_state::{AuthStates, OpenError, Turn};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use std::sync::atomic::AtomicUsize;
use wacore::store::traits::{
    Backend, DeviceStore as _, MsgSecretStore as _, PendingInboundRow, ProtocolStore as _, SignalStore as _,
};

const CHAT: &str = "15550100123@s.whatsapp.net";
const ADDRESS: &str = "15550100123.0";

type Opened = std::result::Result<Arc<FailStop<dyn Backend>>, OpenError>;

struct Disk {
    home: Home,
    states: AuthStates,
    turn: Turn,
    told: Arc<AtomicUsize>,
}

impl Disk {
    async fn new() -> Self {
        let home = Home::new();
        let states = home.states();
        let turn = states.turn(channel()).await;
        Disk { home, states, turn, told: Arc::default() }
    }

    async fn open(&self) -> Opened {
        let told = Arc::clone(&self.told);
        let on_failure = move |close| {
            assert_eq!(close, STORAGE_FAILED);
            told.fetch_add(1, Ordering::SeqCst);
        };
        self.states.open(channel(), &self.turn, on_failure).await
    }

    /// Lets go of a session's store as a session does at its end, and opens the next one's.
    async fn again(&self, store: Arc<FailStop<dyn Backend>>) -> Opened {
        if !store.close().await {
            self.turn.close();
        }
        drop(store);
        self.open().await
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    async fn fills_up_for(&self, table: &str) {
        self.run(&format!(
            "CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;"
        ))
        .await;
    }

    async fn has_room_for(&self, table: &str) {
        self.run(&format!("DROP TRIGGER full_{table};")).await;
    }

    async fn run(&self, statement: &str) {
        self.connected().await.batch_execute(statement).unwrap();
    }

    /// A connection beside those of the store.
    async fn connected(&self) -> SqliteConnection {
        let key = self.home.vault("keys").channel_key(channel()).await.unwrap().unwrap();
        let mut connection = SqliteConnection::establish(self.home.database().to_str().unwrap()).unwrap();
        // A store that is closing has the file to itself for a moment.
        let first = format!("PRAGMA key = \"x'{}'\"; PRAGMA busy_timeout = 10000;", key.as_hex().as_str());
        connection.batch_execute(&first).unwrap();
        connection
    }
}

async fn keep(store: &FailStop<dyn Backend>, id: &str) -> Result<()> {
    let row = PendingInboundRow { chat: CHAT, sender: CHAT, id, message: b"hello" };
    store.store_pending_inbound_batch(&[row]).await
}

async fn kept(store: &FailStop<dyn Backend>, id: &str) -> Option<Vec<u8>> {
    store.get_pending_inbound(CHAT, CHAT, id).await.unwrap()
}

#[tokio::test]
async fn after_one_write_that_failed_none_reaches_the_disk_until_it_is_opened_anew() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    store.put_session(ADDRESS, b"before").await.unwrap();
    assert_eq!(disk.told(), 0);

    disk.fills_up_for("pending_inbound_messages").await;
    assert!(keep(&store, "3EB001").await.is_err());
    assert_eq!(disk.told(), 1, "the session hears of it before whoever wrote");
    // There is room for these, and again for everything.
    assert!(store.put_sessions_batch(&[(Arc::from(ADDRESS), bytes::Bytes::from_static(b"advanced"))]).await.is_err());
    disk.has_room_for("pending_inbound_messages").await;
    assert!(store.put_session(ADDRESS, b"advanced").await.is_err());
    assert!(store.put_sender_key("group", b"advanced").await.is_err());
    assert!(store.remove_prekey(1).await.is_err());
    assert!(store.put_msg_secret(CHAT, CHAT, "3EB001", &[7; 32]).await.is_err());
    assert!(store.delete_pending_inbound(CHAT, CHAT, "3EB001").await.is_err());
    assert!(keep(&store, "3EB002").await.is_err());
    assert_eq!(disk.told(), 1, "told once");
    assert_eq!(store.get_session(ADDRESS).await.unwrap().as_deref(), Some(&b"before"[..]));

    let store = disk.again(store).await.unwrap();
    assert_eq!(store.get_session(ADDRESS).await.unwrap().as_deref(), Some(&b"before"[..]));
    store.put_session(ADDRESS, b"after").await.unwrap();
    assert_eq!(disk.told(), 1);
}

#[tokio::test]
async fn the_device_is_not_written_either() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    store.create().await.unwrap();
    let mut device = store.load().await.unwrap().unwrap();
    disk.fills_up_for("sessions").await;
    assert!(store.put_session(ADDRESS, b"advanced").await.is_err());
    device.push_name = "changed".into();
    assert!(store.save(&device).await.is_err());
    let store = disk.again(store).await.unwrap();
    assert_ne!(store.load().await.unwrap().unwrap().push_name, "changed");
}

#[tokio::test]
async fn a_write_beside_one_that_fails_does_not_overtake_it() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    disk.fills_up_for("pending_inbound_messages").await;
    let (row, session) = tokio::join!(biased; keep(&store, "3EB001"), store.put_session(ADDRESS, b"advanced"));
    assert!(row.is_err() && session.is_err());
}

#[tokio::test]
async fn a_write_whose_end_nobody_waited_for_counts_as_failed() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    let mut elsewhere = disk.connected().await;
    elsewhere.batch_execute("BEGIN IMMEDIATE;").unwrap();
    let mut writing = Box::pin(store.put_session(ADDRESS, b"perhaps"));
    assert!(futures::poll!(&mut writing).is_pending());
    drop(writing);
    elsewhere.batch_execute("COMMIT;").unwrap();
    assert_eq!(disk.told(), 0);
    assert!(store.put_session(ADDRESS, b"later").await.is_err());
    assert_eq!(disk.told(), 1);
    assert!(disk.again(store).await.unwrap().put_session(ADDRESS, b"anew").await.is_ok());
}

#[tokio::test]
async fn a_message_that_could_not_be_kept_is_there_for_the_next_session() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    disk.fills_up_for("pending_inbound_messages").await;
    assert!(keep(&store, "3EB001").await.is_err());
    assert!(keep(&store, "3EB002").await.is_err());
    // As long as there is no room for it, there is no next session.
    assert!(matches!(disk.again(store).await, Err(OpenError::Unwritable(_))));
    assert!(matches!(disk.open().await, Err(OpenError::Unwritable(_))));
    disk.has_room_for("pending_inbound_messages").await;
    let store = disk.open().await.unwrap();
    assert_eq!(kept(&store, "3EB001").await.as_deref(), Some(&b"hello"[..]));
    assert_eq!(kept(&store, "3EB002").await.as_deref(), Some(&b"hello"[..]));
    store.delete_pending_inbound(CHAT, CHAT, "3EB001").await.unwrap();
    let store = disk.again(store).await.unwrap();
    assert_eq!(kept(&store, "3EB001").await, None, "it came back once only");
}

#[tokio::test]
async fn what_looks_as_if_read_long_ago_is_not_answered_for_after_a_failure() {
    let disk = Disk::new().await;
    let store = disk.open().await.unwrap();
    assert_eq!(kept(&store, "3EB001").await, None);
    disk.fills_up_for("pending_inbound_messages").await;
    assert!(keep(&store, "3EB001").await.is_err());
    assert!(store.get_pending_inbound(CHAT, CHAT, "3EB001").await.is_err(), "no copy would mean: acknowledge it");
}

#[tokio::test]
async fn what_is_left_of_a_session_writes_nothing_into_the_next_ones_state() {
    let disk = Disk::new().await;
    let old = disk.open().await.unwrap();
    assert!(old.close().await, "every write had succeeded");
    let new = disk.open().await.unwrap();
    assert!(old.put_session(ADDRESS, b"stale").await.is_err());
    assert_eq!(disk.told(), 0, "and no session is told");
    assert!(!old.close().await);
    new.put_session(ADDRESS, b"new").await.unwrap();
}
