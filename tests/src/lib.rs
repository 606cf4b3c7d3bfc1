//! The running application, seen from outside: processes, HTTP, events, a desktop. The tests are in `tests/`.

pub mod bench;
pub mod binaries;
pub mod events;
pub mod keychain;
pub mod process;
pub mod rest;
pub mod tmpfs;
pub mod world;

pub use events::Events;
pub use process::{Options, Whatisup};
pub use rest::Rest;
pub use world::World;

use std::time::Duration;

/// How long a test waits for something that ought to happen at once. Generous: machines are slow and noisy.
pub const PATIENCE: Duration = Duration::from_secs(60);
