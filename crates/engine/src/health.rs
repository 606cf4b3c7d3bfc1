use ledger::LedgerError;
use tokio::sync::watch;

/// What the last writes to the ledger tell of it: `None` is well.
#[derive(Clone, Debug)]
pub(crate) struct Health(watch::Sender<Option<LedgerError>>);

impl Health {
    pub fn new() -> Self {
        Health(watch::Sender::new(None))
    }

    pub fn subscribe(&self) -> watch::Receiver<Option<LedgerError>> {
        self.0.subscribe()
    }

    pub fn is_well(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Notes the outcome of a write and hands it on.
    pub fn note<T>(&self, outcome: Result<T, LedgerError>) -> Result<T, LedgerError> {
        if let Err(LedgerError::Closed) = &outcome {
            return outcome;
        }
        let trouble = outcome.as_ref().err().filter(|e| is_trouble(e)).cloned();
        // An answer about one row says that the ledger works.
        self.0.send_if_modified(|known| {
            let changed = known.is_some() != trouble.is_some();
            if changed {
                match &trouble {
                    Some(error) => {
                        tracing::error!(%error, "the ledger cannot be written; what happens is kept in memory and tried again")
                    }
                    None => tracing::info!("the ledger can be written again"),
                }
                known.clone_from(&trouble);
            }
            changed
        });
        outcome
    }
}

/// Whether this speaks of the ledger as a whole, so that trying again later may help.
pub(crate) fn is_trouble(error: &LedgerError) -> bool {
    match error {
        LedgerError::Full | LedgerError::Damaged(_) | LedgerError::Io(_) => true,
        LedgerError::Closed
        | LedgerError::NoSuchChannel
        | LedgerError::AlreadyThere
        | LedgerError::QueueFull
        | LedgerError::NoSuchEndpoint
        | LedgerError::NoSuchDelivery
        | LedgerError::EventPruned
        | LedgerError::Fenced
        | LedgerError::NoSuchApp
        | LedgerError::Changed => false,
    }
}
