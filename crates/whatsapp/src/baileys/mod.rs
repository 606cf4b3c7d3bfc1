//! Coming from Baileys and going back: the directory of `useMultiFileAuthState` (`creds.json` and one file per key) as a
//! [`Snapshot`], and a snapshot as such a directory.
//!
//! [`read`] and [`write`] are pure; [`read_directory`] and [`write_directory`] add the disk. Facts are those of
//! baileys 7.0.0-rc14 and libsignal 6; older forms of the same files are read too. What one side has and the other has no
//! place for is said in [`Notes`].

mod address;
mod app_state;
mod creds;
mod directory;
mod error;
#[cfg(test)]
mod fuzz;
mod json;
mod name;
mod notes;
mod read;
mod sender_key;
mod session;
#[cfg(test)]
mod tests;
mod write;

pub use directory::{read_directory, write_directory};
pub use error::{BaileysError, Fault, Position, Problem};
pub use notes::Notes;
pub use read::{Read, read};
pub use write::{Written, write};

use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// File names without a directory, and what stands in the files.
pub type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;
