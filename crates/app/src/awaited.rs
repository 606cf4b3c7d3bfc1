//! Servers that are not there yet: a platform starts its containers in any order, and restarts some under the others.

use crate::servers::Servers;
use crate::{Awaited, Config};
use rand::Rng as _;
use std::time::Duration;

/// Between two tries, at first and at the most.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// Returns when what was missing (a code of a [`StartError`](crate::StartError)) is not what is missing any more: everything
/// answers, or another server does not, or one refuses in a way that waiting does not mend.
pub(crate) async fn server(config: &Config, missing: &str) {
    let mut pause = FIRST;
    loop {
        // Spread, so that many workers do not knock at the same moment.
        let jitter = rand::rng().random_range(0.75..1.25);
        tokio::time::sleep(pause.mul_f64(jitter)).await;
        match Servers::reach(config).await {
            Err(error) if error.awaits(true) == Some(Awaited::Server) && error.code() == missing => {
                tracing::warn!(next_try_s = pause.as_secs_f64(), "still waiting: {error}");
            }
            Ok(_) | Err(_) => return,
        }
        pause = (pause * 2).min(LONGEST);
    }
}
