//! Signing a browser in: a one-use link becomes a cookie and a secret of the page, so that the key never is in a URL.

pub(crate) mod cookie;
mod following;
mod row;
mod sessions;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod sign_in_link;
pub(crate) mod sign_out;
mod tickets;

pub(crate) use following::follow;
pub(crate) use sessions::{Browser, Found, Sessions};
pub(crate) use tickets::Tickets;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits that are good in a URL's fragment and in a cookie.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
