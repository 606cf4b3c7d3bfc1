//! Who may come in, and what for: programs ask, people answer, keys open, and what opens can be taken back.
//!
//! What decides is pure: the queue of those who ask (`requests`), the throttle for wrong keys (`attempts`), lifetimes and rotation
//! of keys (`lifetime`), which files are trusted as programs (`programs`), and what all of it comes to at a moment (`table`). Around
//! it is a thin runtime, [`Access`], that keeps what the ledger says in memory, so that a key is judged without SQL, and follows
//! what other workers change there.

mod access;
mod answer;
mod apps;
mod ask;
mod attempts;
mod brief;
mod by;
mod clock;
mod collect;
mod error;
mod grantee;
mod keys;
mod lifetime;
mod patch;
mod programs;
mod requests;
mod secret;
mod sweep;
mod table;
mod usage;

pub use access::{Access, AccessConfig, AccessDeps};
pub use answer::{Allowance, RequestName};
pub use apps::NewApp;
pub use ask::NewRequest;
pub use by::By;
pub use clock::{Clock, ClockHand};
pub use collect::Collected;
pub use error::{Error, Refusal};
pub use grantee::Grantee;
pub use keys::KeySpec;
pub use lifetime::OVERLAP;
pub use patch::AppPatch;
pub use programs::Distrust;
pub use requests::AskError;
pub use secret::{KeyText, NewKey, NoRandomness, PollToken};
