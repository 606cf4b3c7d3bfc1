//! Sessions in files: the store's snapshots, sealed by crate `parcel`, for the API's routes and the commands.

use api::{Directory, MovingError, Session};
use async_trait::async_trait;
use domain::{ChannelId, ChannelView, Identity};
use engine::Engine;
use parcel::{Label, Passphrase, Unopened, Work};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use whatsapp::baileys::{self, BaileysError};
use whatsapp::snapshot::InstallError;
use whatsapp::{Snapshot, StoreError, WhatsApp};

/// How long a socket in another process may take to close (five seconds), with something to spare.
const ELSEWHERE: Duration = Duration::from_secs(6);

/// Moves the sessions of a running application.
pub(crate) struct Movers {
    whatsapp: WhatsApp,
    engine: Engine,
    /// One scrypt at a time: each wants 256 MiB.
    room: Arc<Semaphore>,
}

impl Movers {
    pub fn new(whatsapp: WhatsApp, engine: Engine) -> Self {
        Movers { whatsapp, engine, room: Arc::new(Semaphore::new(1)) }
    }

    /// The session of a stopped channel, after the end of its socket.
    async fn at_rest(&self, channel: &ChannelView) -> Result<Snapshot, MovingError> {
        if !self.engine.held().contains(&channel.id) {
            tokio::time::sleep(ELSEWHERE).await;
        }
        let snapshot = self.whatsapp.snapshot(channel.id).await.map_err(store)?;
        snapshot.filter(Snapshot::is_paired).ok_or(MovingError::NothingThere)
    }

    async fn alone<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, MovingError> {
        let _room = self.room.acquire().await.map_err(|e| MovingError::Store(e.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|_| MovingError::Store("the work broke off".into()))
    }
}

#[async_trait]
impl api::Movers for Movers {
    fn check(&self, passphrase: &SecretString) -> Result<(), MovingError> {
        chosen(passphrase.clone()).map(drop)
    }

    async fn pack(&self, channel: &ChannelView, passphrase: SecretString) -> Result<Vec<u8>, MovingError> {
        let passphrase = chosen(passphrase)?;
        let snapshot = self.at_rest(channel).await?;
        let (name, now) = (channel.name.clone(), self.engine.clock().now());
        self.alone(move || packed(&snapshot, &name, now, &passphrase, Work::USUAL)).await?
    }

    async fn unpack(&self, file: Vec<u8>, passphrase: SecretString) -> Result<Box<dyn Session>, MovingError> {
        let passphrase = Passphrase::given(passphrase);
        let (label, snapshot) = self.alone(move || unpacked(&file, &passphrase)).await??;
        Ok(Box::new(Arrival { whatsapp: self.whatsapp.clone(), name: label.channel, snapshot, notes: Vec::new() }))
    }

    async fn write_baileys(&self, channel: &ChannelView) -> Result<Directory, MovingError> {
        let snapshot = self.at_rest(channel).await?;
        let written = self.alone(move || baileys::write(&snapshot)).await?.map_err(refused)?;
        let text = |bytes: &[u8]| SecretString::from(String::from_utf8_lossy(bytes).into_owned());
        Ok(Directory {
            files: written.files.iter().map(|(name, bytes)| (name.clone(), text(bytes))).collect(),
            notes: written.notes.lines().to_vec(),
        })
    }

    async fn read_baileys(&self, files: BTreeMap<String, SecretString>) -> Result<Box<dyn Session>, MovingError> {
        let read = move || {
            let bytes: BTreeMap<String, &[u8]> =
                files.iter().map(|(name, text)| (name.clone(), text.expose_secret().as_bytes())).collect();
            baileys::read(&bytes)
        };
        let baileys::Read { snapshot, notes } = self.alone(read).await?.map_err(refused)?;
        let name = match (&snapshot.identity().push_name, &snapshot.identity().phone) {
            (Some(name), _) => name.clone(),
            (None, Some(phone)) => phone.to_string(),
            (None, None) => String::new(),
        };
        Ok(Box::new(Arrival { whatsapp: self.whatsapp.clone(), name, snapshot, notes: notes.lines().to_vec() }))
    }
}

fn refused(error: BaileysError) -> MovingError {
    MovingError::Baileys { says: error.to_string(), file: error.file }
}

struct Arrival {
    whatsapp: WhatsApp,
    name: String,
    snapshot: Snapshot,
    notes: Vec<String>,
}

#[async_trait]
impl Session for Arrival {
    fn name(&self) -> &str {
        &self.name
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn identity(&self) -> Identity {
        self.snapshot.identity()
    }

    async fn install(&self, channel: ChannelId) -> Result<(), MovingError> {
        self.whatsapp.install(channel, &self.snapshot).await.map_err(|error| match error {
            InstallError::Malformed(_) => MovingError::Damaged,
            InstallError::Occupied | InstallError::Differs => MovingError::Store(error.to_string()),
            InstallError::Store(error) => store(error),
        })
    }

    async fn withdraw(&self, channel: ChannelId) {
        if let Err(error) = self.whatsapp.withdraw(channel).await {
            tracing::error!(channel.id = %channel, %error, "an import that failed could not be taken away again");
        }
    }
}

/// Seals a session into a file.
pub(crate) fn packed(
    snapshot: &Snapshot,
    name: &str,
    made_at: domain::Timestamp,
    passphrase: &Passphrase,
    work: Work,
) -> Result<Vec<u8>, MovingError> {
    let label = Label {
        format: parcel::FORMAT,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: made_at.to_string(),
        channel: name.to_owned(),
        counts: snapshot.counts().kinds().into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect(),
        digest: hex::encode(snapshot.digest()),
        length: 0,
        sha256: String::new(),
    };
    parcel::wrap(label, &snapshot.to_bytes(), passphrase, work).map_err(|e| MovingError::Store(e.to_string()))
}

/// Opens a file, and looks whether all of the session is in it.
pub(crate) fn unpacked(file: &[u8], passphrase: &Passphrase) -> Result<(Label, Snapshot), MovingError> {
    let (label, bytes) = parcel::open(file, passphrase).map_err(|error| match error {
        Unopened::NotAnExport => MovingError::NotAnExport,
        Unopened::WrongPassphrase => MovingError::WrongPassphrase,
        Unopened::Damaged | Unopened::Truncated | Unopened::TooLarge => MovingError::Damaged,
        Unopened::Newer { found } => MovingError::Newer { found },
        Unopened::TooMuchWork { .. } => MovingError::TooCostly,
    })?;
    let snapshot = Snapshot::from_bytes(&bytes).map_err(|error| match error {
        whatsapp::snapshot::SnapshotError::Newer(found) => MovingError::Newer { found },
        whatsapp::snapshot::SnapshotError::Unreadable(_) | whatsapp::snapshot::SnapshotError::Device(_) => MovingError::Damaged,
    })?;
    if hex::encode(snapshot.digest()) != label.digest || !snapshot.is_paired() {
        return Err(MovingError::Damaged);
    }
    Ok((label, snapshot))
}

fn chosen(passphrase: SecretString) -> Result<Passphrase, MovingError> {
    Passphrase::chosen(passphrase).map_err(|_| MovingError::PassphraseTooShort { least: parcel::LEAST })
}

fn store(error: StoreError) -> MovingError {
    MovingError::Store(error.to_string())
}
