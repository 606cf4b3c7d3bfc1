//! `/v1/apps`: the programs that may use this API, what each may do, their keys, and how a program asks to become one.

pub(crate) mod create;
pub(crate) mod delete;
mod field;
pub(crate) mod keys;
pub(crate) mod list;
mod out;
pub(crate) mod patch;
pub(crate) mod permit;
pub(crate) mod requests;
pub(crate) mod show;

pub(crate) use out::AppOut;
