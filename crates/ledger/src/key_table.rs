use crate::LedgerError;

/// Named blobs in Postgres, for a vault: sealed by who writes them.
#[derive(Clone, Debug, Default)]
pub struct KeyTable {
    _later: (),
}

#[expect(clippy::unused_async, reason = "not built yet")]
impl KeyTable {
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let _ = name;
        Err(LedgerError::Io("not built yet".into()))
    }

    pub async fn write(&self, name: &str, sealed: &[u8]) -> Result<(), LedgerError> {
        let _ = (name, sealed);
        Err(LedgerError::Io("not built yet".into()))
    }

    /// Writes it if there is none of this name (`ON CONFLICT DO NOTHING`): of two workers that begin at once one does. Whether it did.
    pub async fn create(&self, name: &str, sealed: &[u8]) -> Result<bool, LedgerError> {
        let _ = (name, sealed);
        Err(LedgerError::Io("not built yet".into()))
    }

    /// Everything, in the order of the names.
    pub async fn entries(&self) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        Err(LedgerError::Io("not built yet".into()))
    }

    /// Puts `new` in the place of everything if everything still is `old`, in one transaction with the table locked. Whether it did.
    pub async fn replace_if(&self, old: &[(String, Vec<u8>)], new: &[(String, Vec<u8>)]) -> Result<bool, LedgerError> {
        let _ = (old, new);
        Err(LedgerError::Io("not built yet".into()))
    }

    /// Whether it was there.
    pub async fn delete(&self, name: &str) -> Result<bool, LedgerError> {
        let _ = name;
        Err(LedgerError::Io("not built yet".into()))
    }

    /// All names in order.
    pub async fn list(&self) -> Result<Vec<String>, LedgerError> {
        Err(LedgerError::Io("not built yet".into()))
    }

    /// Puts `all` in the place of everything that is there, in one transaction.
    pub async fn replace(&self, all: Vec<(String, Vec<u8>)>) -> Result<(), LedgerError> {
        let _ = all;
        Err(LedgerError::Io("not built yet".into()))
    }
}
