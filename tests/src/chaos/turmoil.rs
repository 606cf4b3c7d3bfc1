//! What is done to the application: SIGKILL at random moments, and trouble on its connections.

use crate::{Options, Whatisup};
use anyhow::Result;
use rand::Rng;
use rand::rngs::StdRng;
use sandbox::{Fault, Network, Target};
use std::time::Duration;

/// From the moment of being ready to the kill.
const LIFE_MS: std::ops::Range<u64> = 50..1800;
/// From the start of the process to the kill, for those that do not get ready.
const STILLBORN_MS: std::ops::Range<u64> = 5..400;
/// How many of ten processes are killed while they start.
const STILLBORN: u32 = 2;

/// Kills the process so many times; the options for the next one.
///
/// # Errors
/// When it does not start.
pub(super) async fn rage(mut app: Whatisup, network: &Network, kills: usize, random: &mut StdRng) -> Result<Options> {
    let mut killed = 0;
    loop {
        trouble(network, random);
        tokio::time::sleep(Duration::from_millis(random.random_range(LIFE_MS))).await;
        let options = app.kill().await?;
        killed += 1;
        if killed >= kills {
            return Ok(options);
        }
        if random.random_ratio(STILLBORN, 10) {
            let unready = Whatisup::spawn(options.clone())?;
            tokio::time::sleep(Duration::from_millis(random.random_range(STILLBORN_MS))).await;
            unready.kill().await?;
            killed += 1;
        }
        app = Whatisup::start(options).await?;
    }
}

/// Ends the trouble before, and makes another.
fn trouble(network: &Network, random: &mut StdRng) {
    network.heal_all();
    let fault = match random.random_range(0..8) {
        0 => Fault::Drop,
        1 => Fault::HalfOpen,
        2 => Fault::Hang,
        3 => Fault::Unavailable,
        4 => Fault::Slow { latency: Duration::from_millis(random.random_range(20..200)), bytes_per_second: None },
        _ => return,
    };
    network.inject(Target::Everyone, fault);
}
