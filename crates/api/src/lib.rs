//! The HTTP edge: routes, guard, problems, the event stream, the OpenAPI document and the built UI.
//!
//! [`serve`] is what the composition root calls. Everything a program may do is a route here; whether a request
//! gets to its route at all is decided in one place, [`guard`].

mod accept;
mod api;
mod body;
mod channels;
mod cursor;
mod events;
mod messages;
mod openapi;
mod ops;
mod params;
mod problem;
mod routes;
mod session;
mod settings;

pub use openapi::document;
