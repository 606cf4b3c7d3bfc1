//! What must not be read from the database by whoever can read it. In a file of SQLCipher all of it is encrypted; on a server
//! what could harm others is sealed before it leaves the process.

use crate::LedgerError;
use crate::stored::unreadable;
use seal::Sealer;

#[derive(Clone, Debug)]
pub(crate) enum Sealing {
    /// The file itself is encrypted.
    Unneeded,
    Sealed(Sealer),
}

/// So that a column can be told from one that was written unsealed by mistake.
const MARK: &str = "sealed:";
const CHECK: &[u8] = b"whatisup ledger key check 1";

impl Sealing {
    pub fn with(key: &[u8; 32]) -> Self {
        Sealing::Sealed(Sealer::new(key, "ledger"))
    }

    /// As it is written into the column that `place` names, in the row of `id`.
    pub fn close(&self, place: &str, id: &str, plain: String) -> String {
        match self {
            Sealing::Unneeded => plain,
            Sealing::Sealed(sealer) => {
                format!("{MARK}{}", hex::encode(sealer.seal(context(place, id).as_bytes(), plain.as_bytes())))
            }
        }
    }

    pub fn open(&self, place: &str, id: &str, kept: String) -> Result<String, LedgerError> {
        match self {
            Sealing::Unneeded => Ok(kept),
            Sealing::Sealed(sealer) => {
                let sealed = kept.strip_prefix(MARK).and_then(|sealed| hex::decode(sealed).ok());
                let opened = sealed.and_then(|sealed| sealer.open(context(place, id).as_bytes(), &sealed).ok());
                let text = opened.and_then(|plain| std::str::from_utf8(&plain).ok().map(str::to_owned));
                Ok(text.ok_or_else(|| unreadable("something sealed"))?)
            }
        }
    }

    /// What [`fits`](Sealing::fits) looks at later.
    pub fn check(&self) -> String {
        self.close("key_check", "1", String::from_utf8_lossy(CHECK).into_owned())
    }

    /// Whether this key has made that check.
    pub fn fits(&self, check: String) -> bool {
        self.open("key_check", "1", check).is_ok_and(|text| text.as_bytes() == CHECK)
    }
}

fn context(place: &str, id: &str) -> String {
    format!("{place}:{id}")
}
