//! Which worker runs which channel.
//!
//! Workers share the channels by [`Placement`], a function of who is there, and hold each by a lease in Redis, so that one is
//! never run by two. [`Holder`] is the machine of one worker: it takes an [`Input`], the time and a random number, and gives the
//! [`Effect`]s to perform. It knows no Redis, clock or chance; the simulation (`examples/simulate`) runs it for a thousand
//! workers at once. [`Cluster`] drives it over a [`Keyspace`](keyspace::Keyspace) for a [`Host`] that runs channels.

mod acquiring;
mod atlas;
mod bucket;
mod census;
mod clock;
mod cluster;
mod drive;
mod effect;
mod fencing;
mod handing;
mod holder;
mod host;
mod input;
mod lease;
mod leases;
mod membership;
mod mixing;
mod moment;
mod placement;
mod proofs;
mod rules;

pub use atlas::Atlas;
pub use census::Census;
pub use cluster::{Cluster, ClusterConfig};
pub use effect::Effect;
pub use holder::{Counts, Holder};
pub use host::{Directory, Host, NotAdopted, Standing, Unlisted, WorkerInfo};
pub use input::{Answer, Input};
pub use membership::Member;
pub use moment::Moment;
pub use placement::{Placement, SLOTS, Share, Slot};
pub use rules::{HEARTBEAT, LEASE_TTL, MEMBER_TTL, Pace, RENEW, SELF_FENCE};
