//! Access on a real ledger, in a SQLCipher file. The same runs on Postgres (`tests/postgres`).
#![allow(clippy::unwrap_used)]

mod apps;
mod attempts;
mod audit;
mod consent;
mod ground;
mod home;
mod keys;
mod programs;
mod standing;
