//! Traffic in every direction while the process is killed again and again and its connections suffer; and the judgement of
//! what is left. Seeded: the same seed makes the same choices, though never the same timing.

pub(crate) mod evidence;
mod judge;
mod receiver;
pub(crate) mod traffic;
mod turmoil;

pub use evidence::{Accepted, Evidence, Heard, Written};
pub use judge::judge;
pub use receiver::{Conduct, Receiver};

use crate::{Whatisup, World};
use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;
use traffic::{Line, Pace};

/// How long the last, undisturbed process may take to get everything done.
const CALM: std::time::Duration = std::time::Duration::from_secs(120);

/// How much chaos.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// How often the process is killed.
    pub kills: usize,
    pub channels: usize,
    /// The broken variant that the program is to be, by its name.
    pub defect: Option<&'static str>,
}

/// Runs the plan to its end and returns what is to be judged.
///
/// # Errors
/// When the run itself fails: the program does not start, or does not come to rest.
pub async fn run(plan: &Plan) -> Result<Evidence> {
    // The account of each channel, and two strangers that everybody writes to and hears from.
    let world = World::with_phones(plan.channels + 2).await?;
    let mut options = world.options("chaos");
    if let Some(defect) = plan.defect {
        options.env.push(("SANDBOX_DEFECT".to_owned(), defect.to_owned()));
    }
    let app = Whatisup::start(options).await?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    let steady = Receiver::start("steady", Conduct::Steady, plan.seed).await?;
    let flaky = Receiver::start("flaky", Conduct::Flaky, plan.seed).await?;
    steady.register(&rest, &[]).await?;
    flaky.register(&rest, &["message.*"]).await?;
    let mut lines = Vec::new();
    for n in 0..plan.channels {
        let phone = world.phone(n)?;
        let channel = world.pair(&rest, &mut events, &phone, &format!("Line {n}")).await?;
        lines.push(Line { n, channel, phone });
    }
    drop(events);
    let strangers = [world.phone(plan.channels)?, world.phone(plan.channels + 1)?];

    let stop = CancellationToken::new();
    let sending = traffic::out(plan.seed, std::slice::from_ref(&rest), &lines, &strangers, &Pace::LIVELY, &stop);
    let writing = traffic::into(plan.seed, &lines, &strangers, &Pace::LIVELY, &stop);
    let mut random = StdRng::seed_from_u64(plan.seed);
    let options = turmoil::rage(app, world.network(), plan.kills, &mut random).await?;

    world.network().heal_all();
    let app = Whatisup::start(options).await?;
    stop.cancel();
    let accepted = traffic::gather(sending).await?;
    let written = traffic::gather(writing).await?;
    ensure!(!accepted.is_empty() && !written.is_empty(), "there was no traffic to judge");
    let rest = app.rest().await?;
    evidence::calm(&rest, &accepted, &written, plan.defect.is_some(), CALM).await?;

    let mut evidence = Evidence { accepted, written, ..Evidence::default() };
    evidence.log = evidence::log(&rest).await?;
    for phone in &strangers {
        evidence.arrived.extend(evidence::arrived(phone, &lines).await);
    }
    evidence.heard = vec![steady.heard(&[]), flaky.heard(&["message."])];
    evidence.restarts = plan.kills;
    keep_out_of_logs(&app)?;
    app.terminate().await?;
    Ok(evidence)
}

fn keep_out_of_logs(app: &Whatisup) -> Result<()> {
    let printed = app.printed();
    ensure!(!printed.contains("panicked"), "it panicked:\n{printed}");
    Ok(())
}

/// What the command line of the tests asks for: `CHAOS_SEED` and `CHAOS_KILLS`, or these.
pub fn plan(kills: usize) -> Plan {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let kills = number("CHAOS_KILLS").and_then(|n| usize::try_from(n).ok()).unwrap_or(kills);
    Plan { seed: number("CHAOS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>())), kills, channels: 3, defect: None }
}
