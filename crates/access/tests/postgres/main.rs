//! Access on a real Postgres: the tests of `tests/it`, and what workers share.
#![allow(clippy::unwrap_used)]

mod home;
mod workers;

#[path = "../it/apps.rs"]
mod apps;
#[path = "../it/attempts.rs"]
mod attempts;
#[path = "../it/audit.rs"]
mod audit;
#[path = "../it/consent.rs"]
mod consent;
#[path = "../it/ground.rs"]
mod ground;
#[path = "../it/keys.rs"]
mod keys;
#[path = "../it/programs.rs"]
mod programs;
#[path = "../it/standing.rs"]
mod standing;
