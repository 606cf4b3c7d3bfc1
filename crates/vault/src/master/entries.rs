use crate::VaultError;

/// A name and what is sealed under it.
pub type SealedEntry = (String, Vec<u8>);

/// Keeps sealed bytes under names: a file of the data directory, a table of the database. It never sees a key. Called on the
/// vault's own thread, so it may block. The functions are what several processes may call at once, therefore each is one step.
pub trait SealedEntries: Send {
    /// What it is, for a person: `sealed file`, `database`.
    fn kind(&self) -> &'static str;

    /// Where, for a person, when that says more.
    fn place(&self) -> Option<String>;

    fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError>;

    /// Writes it if there is none of this name yet; whether it did. Durable when it returns.
    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<bool, VaultError>;

    /// Replaces what is there. Durable when it returns.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultError>;

    /// Succeeds when there is none.
    fn delete(&mut self, name: &str) -> Result<(), VaultError>;

    /// Everything, in the order of the names.
    fn list(&mut self) -> Result<Vec<SealedEntry>, VaultError>;

    /// Puts `new` in the place of everything, in one step, if everything still is `old` (as [`list`](SealedEntries::list) gave
    /// it); whether it did. Durable when it returns.
    fn replace(&mut self, old: &[SealedEntry], new: &[SealedEntry]) -> Result<bool, VaultError>;
}
