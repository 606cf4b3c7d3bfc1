//! Whether a request gets to its route at all. Two layers, both applied in `router.rs` and nowhere else:
//! [`door`] around everything (Host, Origin, Sec-Fetch-Site, the headers of every answer), [`keyed`] around every
//! route that needs a key.

mod door;
mod fetch_site;
mod headers;
mod host;
mod keyed;
mod media_type;
mod origin;

pub(crate) use door::{Door, door};
pub(crate) use keyed::{Caller, keyed};
pub(crate) use media_type::{check as check_media_type, too_large};

/// The largest JSON body, in bytes: a text of 65,536 characters fits however it is escaped.
pub(crate) const BODY_LIMIT: usize = 512 * 1024;
/// The largest body with a session in it: 48 MiB of file, in base64.
pub(crate) const SESSION_LIMIT: usize = 65 * 1024 * 1024;
