/// Why the vault did not answer with what was asked. Each has a [`sentence`](VaultError::sentence) for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The keychain is locked; nothing is lost. [`Vault::wait_unlocked`](crate::Vault::wait_unlocked) tells when it opens.
    #[error("the keychain is locked")]
    Locked,
    /// There is no keychain: no session bus, or nothing on it that keeps secrets.
    #[error("there is no keychain")]
    Missing,
    /// The keychain, or the key file, said no.
    #[error("the vault refused: {0}")]
    Refused(String),
    /// No answer within the deadline: a prompt waits for a person, most likely.
    #[error("the keychain did not answer in time")]
    TimedOut,
    /// What is stored is not what we wrote.
    #[error("the vault is damaged: {0}")]
    Damaged(String),
    /// A key of this name exists; it is never overwritten, because what it opens would be lost.
    #[error("a key of this name exists already")]
    AlreadyThere,
    /// The master key is not the one that the entries were wrapped with. Nothing was read, made or deleted.
    #[error("the master key is not the one in force: {needed} is needed, {given} was given")]
    WrongMasterKey {
        /// Marks of keys (see [`MasterKey::mark`](crate::MasterKey::mark)), no secrets.
        needed: String,
        given: String,
    },
    /// What keeps the entries is away; it comes back, or somebody brings it back.
    #[error("the vault cannot be reached: {0}")]
    Unreachable(String),
    #[error("the vault cannot be read or written: {0}")]
    Io(String),
}

impl VaultError {
    /// What happened and what to do, for a person.
    pub fn sentence(&self) -> String {
        match self {
            VaultError::Locked => "The keychain is locked. Unlock it (log in to the desktop, or answer its password window) and WhatIsUp goes on by itself.".into(),
            VaultError::Missing => "There is no keychain on this system. Start one (gnome-keyring or KWallet, for instance), or keep the keys in a key file instead (headless: --key-file FILE).".into(),
            VaultError::Refused(why) => format!("The keys were refused: {why}. Allow WhatIsUp to use them, then try again."),
            VaultError::TimedOut => "The keychain has not answered yet. Look for its password window and answer it; WhatIsUp goes on by itself.".into(),
            VaultError::Damaged(what) => format!("The stored keys are damaged: {what}. Nothing was deleted; restore them from a backup."),
            VaultError::AlreadyThere => "A key of this name exists already and was left alone.".into(),
            VaultError::WrongMasterKey { needed, given } => format!(
                "The master key is not the one that the keys are wrapped with: key {needed} is needed, key {given} was given. \
                 Nothing was changed. Give this process the master key of the others (vault.master_key_file, the credential or \
                 WHATISUP_VAULT_MASTER_KEY); while the key is being changed, the one before it as vault.previous_master_key_file."
            ),
            VaultError::Unreachable(what) => {
                format!("The keys cannot be reached now: {what}. WhatIsUp goes on by itself when they can.")
            }
            VaultError::Io(what) => format!("The keys cannot be read or written: {what}. Check disk space and permissions."),
        }
    }
}
