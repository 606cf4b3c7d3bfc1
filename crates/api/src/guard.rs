//! Whether a request gets to its route at all. [`door`] stands around everything (Host, Origin, Sec-Fetch-Site, the headers of every
//! answer); [`identify`] around all routes finds out who asks; and each [`Route`] lets in who has what it [`Need`]s, declared beside
//! its handler by [`permit!`]. What lies within the reach of a program is asked of its [`Caller`] by the routes that list things.

mod auditor;
mod caller;
mod door;
mod fetch_site;
mod head;
mod headers;
mod host;
mod identify;
mod media_type;
mod need;
mod origin;
mod permitted;
mod record;
mod route;
mod sight;

pub(crate) use auditor::Auditor;
pub(crate) use caller::Caller;
pub(crate) use door::{Door, Names, door};
pub(crate) use identify::{Asker, identify};
pub(crate) use media_type::{check as check_media_type, too_large};
pub(crate) use need::Need;
pub(crate) use permitted::{behind, known};
pub(crate) use route::{EXTENSION, Route, permit};
pub(crate) use sight::Subject;

/// The largest head of a request, in bytes: its address and its fields, as they are written.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;
/// The largest JSON body, in bytes: a text of 65,536 characters fits however it is escaped.
pub(crate) const BODY_LIMIT: usize = 512 * 1024;
/// The largest body with a session in it: 48 MiB of file, in base64.
pub(crate) const SESSION_LIMIT: usize = 65 * 1024 * 1024;
