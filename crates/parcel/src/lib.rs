//! The one file in which a session travels, sealed with a passphrase.
//!
//! Outside it is a plain age file (<https://age-encryption.org/v1>) with one scrypt recipient, so that age itself can open
//! it, too. Inside, in this order: the line `whatisup export`, a line of JSON that says what it is ([`Label`], with the
//! number of the format), and the session, compressed with gzip to the end. Nothing of that can be read or changed without
//! the passphrase; age authenticates every part of it and that it is complete.
//!
//! What a session is made of is not known here: [`wrap`] and [`open`] take and give its bytes.

#[cfg(test)]
mod fuzz;
mod label;
mod open;
mod passphrase;
mod work;
mod wrap;

pub use label::{FORMAT, Label};
pub use open::{Unopened, open};
pub use passphrase::{LEAST, Passphrase, TooShort};
pub use work::Work;
pub use wrap::{WrapError, wrap};

/// The first line inside.
const MAGIC: &[u8] = b"whatisup export\n";
/// The longest label that is read.
const LONGEST_LABEL: u64 = 64 * 1024;
/// The largest session that is read, in bytes: far beyond any real one, and little enough to be had.
const LARGEST: u64 = 256 * 1024 * 1024;
/// What is set aside for it before the first byte is read, whatever the label promises.
const FIRST_ROOM: usize = 8 * 1024 * 1024;
