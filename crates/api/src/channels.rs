//! `/v1/channels`: one file per verb.

pub(crate) mod create;
pub(crate) mod delete;
mod drawing;
pub(crate) mod export;
mod field;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod logout;
pub(crate) mod pairing_code;
pub(crate) mod passkey;
mod passphrase;
pub(crate) mod patch;
pub(crate) mod qr;
pub(crate) mod restart;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod timeline;
pub(crate) mod uptime;
