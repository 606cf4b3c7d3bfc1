use crate::VaultError;
use crate::entry::Entry;
use zeroize::Zeroizing;

/// Whether a store can be read now, as far as that can be known without asking a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    Locked,
    /// This platform tells only by trying.
    Unknown,
}

/// What a working vault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultReport {
    /// `Secret Service`, `macOS Keychain`, `Windows Credential Manager`, `key file`, `sealed file`, `database`.
    pub store: &'static str,
    /// The key file's path, or what else tells a person where to look.
    pub place: Option<String>,
    /// Whether secrets can be written, tried with an entry that was deleted again.
    pub writable: bool,
}

/// How a vault stands that wraps its keys by a master key. Keys are named by their marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapping {
    pub current: String,
    pub previous: Option<String>,
    /// The one that entries are written with; `None` before the first.
    pub in_force: Option<String>,
    pub entries: usize,
}

/// Opens a locked store by asking the person; blocks until they answer.
pub(crate) type Unlock = Box<dyn FnOnce() -> Result<(), VaultError> + Send>;

/// Keeps texts under names: the OS keychain, or the key file. Called on the vault's own thread, so it may block.
/// `conformance` is what every implementation must pass.
pub(crate) trait Store: Send {
    fn name(&self) -> &'static str;

    fn place(&self) -> Option<String>;

    /// Never asks the person.
    fn access(&mut self) -> Result<Access, VaultError>;

    fn read(&mut self, entry: &Entry) -> Result<Option<Zeroizing<String>>, VaultError>;

    /// Writes it if there is none yet; whether it did. One step where several processes share a store.
    fn create(&mut self, entry: &Entry, secret: &str) -> Result<bool, VaultError> {
        if self.read(entry)?.is_some() {
            return Ok(false);
        }
        self.write(entry, secret).map(|()| true)
    }

    /// Replaces what is there. Durable when it returns.
    fn write(&mut self, entry: &Entry, secret: &str) -> Result<(), VaultError>;

    /// Succeeds when there is none.
    fn delete(&mut self, entry: &Entry) -> Result<(), VaultError>;

    /// How to open it when it is locked; `None` when it cannot be locked or opens only by itself.
    fn unlock(&self) -> Option<Unlock>;

    /// `None` when no master key is needed.
    fn wrapping(&mut self) -> Result<Option<Wrapping>, VaultError> {
        Ok(None)
    }

    /// Wraps everything by the current master key; how many entries there are. The same again when it was interrupted.
    fn rewrap(&mut self) -> Result<usize, VaultError> {
        Err(VaultError::Refused("these keys are not wrapped by a master key".into()))
    }
}
