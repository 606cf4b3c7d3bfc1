//! Signing a browser in: a one-use link becomes a cookie, so that the key never is in a URL.

pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod sign_in_link;
pub(crate) mod sign_out;
