//! The HTTP edge: routes, guard, problems, the event stream, the OpenAPI document and the built UI.
//!
//! [`bind`] and [`serve`] are what the composition root calls. Everything a program may do is a route here; whether a
//! request gets to its route at all is decided in one place, the module `guard`.

mod accept;
mod api;
mod apps;
mod asks;
mod audit;
mod bind;
mod body;
mod by;
mod channels;
mod connection;
mod cursor;
mod deliveries;
mod events;
mod far_end;
#[cfg(test)]
mod fuzz;
mod guard;
mod holder;
mod html;
mod key;
mod limits;
mod me;
mod messages;
mod moving;
mod openapi;
mod ops;
mod outbox;
mod params;
mod problem;
mod router;
mod routes;
mod serve;
mod session;
mod settings;
mod stats;
mod tickets;
mod tls;
mod ui;
mod waiting;
mod webhooks;

pub use bind::{BindError, LocalSocket, Sockets, bind};
pub use holder::Holder;
pub use limits::Limits;
pub use moving::{Directory, Movers, MovingError, Session};
pub use openapi::document;
pub use ops::info::{SandboxInfo, VaultStanding};
pub use serve::doors::certificate_names;
pub use serve::{About, Bound, Build, Deps, Public, ServeError, serve};
pub use settings::{Notifications, Settings};
pub use tls::{Certificate, Shown, TlsError};
pub use waiting::WaitingRoom;
